"""What readers of files say of one that cannot be read as a whole.  Kept sentence for sentence: a test walks their sources."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

SENTENCES: Final = (
    _("Neither an Excel workbook nor CSV in UTF-8 or Windows-1251."),
    _("No row with «%(column)s» among the first %(count)s."),
    _("The file is larger than %(size)s MB."),
    _("The file is empty."),
    _("Old Excel (.xls) or protected: save it as .xlsx."),
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
    _("The sheet has cells beyond %(rows)s rows or %(columns)s columns, or without an address."),
    _("Not a readable Excel file (%(name)s)."),
    _("The file is not an Excel workbook."),
    _("A part of the workbook lies about its size."),
)
