"""What readers of files say of one that cannot be read as a whole.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _("Neither an Excel workbook nor a text table in a known encoding."),
    _("No row with «%(column)s» among the first %(count)s."),
    _("The file is larger than %(size)s MB."),
    _("The file is empty."),
    _("Old Excel (.xls): save it as .xlsx."),
    _("Binary Excel (.xlsb): save it as .xlsx."),
    _("An OpenDocument table (.ods): save it as .xlsx."),
    _("The CSV file is damaged."),
    _("More than %(count)s rows: split the file."),
    _("Columns missing: %(names)s."),
    _("The workbook has more than %(count)s parts."),
    _("Unpacked, it is larger than %(size)s MB."),
    _("The workbook's parts are damaged."),
    _("The workbook's parts overlap or are cut."),
    _("The workbook is protected by a password."),
    _("A part of the workbook is packed suspiciously well."),
    _("The workbook is packed in an unusual way."),
    _("The workbook's parts are cut."),
    _(
        "Cell %(cell)s holds something beyond %(rows)s rows or %(columns)s columns: clear it or split the file."
    ),
    _(
        "The sheet spans %(rows)s rows and %(columns)s columns, more than can be read: delete columns of your own or split the file."
    ),
    _("The sheet has too many painted or unusual cells."),
    _("A cell of the sheet has an unreadable address."),
    _("A cell of the sheet is written in an unreadable way."),
    _("A sheet is written in an unusual encoding."),
    _("The sheet's formulas hold no values: open the file in Excel and save it."),
    _("The file is of shop %(number)s, and the store «%(store)s» is shop %(own)s."),
    _("The row is of shop %(number)s, and the store «%(store)s» is shop %(own)s."),
    _("The file is of shop %(number)s, and the store «%(store)s» has no number yet: enter it."),
    _("The row is of shop %(number)s, and the store «%(store)s» has no number yet: enter it."),
    _("Not a readable Excel file (%(name)s)."),
    _("The file is not an Excel workbook."),
    _("A part of the workbook lies about its size."),
)
