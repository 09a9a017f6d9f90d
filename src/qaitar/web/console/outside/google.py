"""What the connector of Google Sheets says.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _("Row %(row)s of the sheet is protected."),
    _("The sheet is protected."),
    _(
        "Let %(account)s edit the protected range, or remove the protection: what waits is written by itself then."
    ),
    _("A part of our columns is protected: rows there are not written."),
    _("The other rows of the sheet are written first."),
    _("Google's token address answered HTTP %(status)s without a token."),
    _("Check that the key is not deleted and that this machine's clock is right."),
    _("Paste the whole JSON file of the key again."),
    _("Google's token address gave no answer: %(error)s"),
    _("Google gives the service account no token (HTTP %(status)s). %(words)s"),
    _("The sheet is empty: the headings are written with the first row."),
    _("All %(count)s headings found."),
    _("Google added rows from %(cell)s on, beside the table."),
    _("Move these cells under the table's headings, and remove what stands left of it."),
    _("No heading is set for: %(names)s."),
    _("Name its heading in the connection."),
    _("The spreadsheet opens for %(account)s."),
    _("People keep moving rows while they are written."),
    _("Rows may have been added; the keys could not be read: %(words)s"),
    _("%(count)s rows are not seen yet after a lost answer."),
    _("Row 1 of the sheet is blank."),
    _("Put the headings into row 1."),
    _("Google gave no whole answer: %(error)s"),
    _("The rows were written but could not be checked: %(words)s"),
    _("People removed rows while they were written."),
    _("Google's answer cannot be read: %(error)s"),
    _("Google cannot be reached: %(error)s"),
    _("the private key of the service account cannot be read."),
    _('the file is not one of a service account ("type": "service_account").'),
    _("the service account's file is not JSON."),
    _("the service account's file has no %(name)s."),
    _("The sheet has no column headed: %(names)s."),
    _("Put the headings into row 1 as they are in the settings, or change the settings."),
    _("The sheet has several columns headed: %(names)s."),
    _("Leave each heading once in row 1."),
    _("Column %(column)s has no heading in row 1."),
    _("Give every column from A to %(column)s a heading."),
    _(
        "Check that the service account and its key are still there, and that this machine's clock is right."
    ),
    _(
        "Share the spreadsheet with %(account)s as an editor, and see that the Google Sheets API is switched on in the account's project."
    ),
    _("Copy the id again: the part of the spreadsheet's address between /d/ and /edit."),
    _("The spreadsheet has no sheet with this name. %(words)s"),
    _("Check the sheet's name on its tab."),
    _("Google answered HTTP %(status)s. %(words)s"),
    _("Google's answer is not a JSON object."),
    _("Google refused (HTTP %(status)s). %(words)s"),
    _("Google's quota for this minute is used up. %(words)s"),
    _("Google does not accept the service account's token. %(words)s"),
    _("The service account may not open or change the spreadsheet. %(words)s"),
    _("Google knows no spreadsheet with this id. %(words)s"),
)
