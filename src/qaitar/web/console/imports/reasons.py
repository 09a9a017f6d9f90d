"""Says why a row of a file could not be taken, in the reader's language: readers give codes, and name the column in «…».

The stored sentence stays English by contract (API, logs); a code that is not known here is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from qaitar.web.console.outside.translation import translate_note

_COLUMN: Final = re.compile(r"«([^»]*)»")
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_code": _("The order number is missing."),
        "bad_code": _("«%(column)s» is not an order number."),
        "no_date": _("«%(column)s» is empty; a date is needed."),
        "bad_date": _("«%(column)s» is not a date like 31.07.2025."),
        "bad_amount": _("«%(column)s» is not a sum."),
        "bad_quantity": _("«%(column)s» is not a quantity."),
        "same_row_twice": _("The same row stands in the file before."),
        "sibling_rejected": _("Another row of this order was rejected."),
        "too_long": _("«%(column)s» is too long."),
        "out_of_range": _("«%(column)s» is out of range."),
        "control_characters": _("A text has broken characters that no text has."),
        "no_number": _("A return request without its number."),
        "not_json": _("This is not an answer of the cabinet."),
        "unknown_shape": _("The cabinet's answer has a shape that is not known."),
        "doubled_field": _("«%(column)s» stands twice; the last value was taken."),
        "har_body": _(
            "A recorded answer has no readable content: «%(column)s». Save the recording with content, before the page is left."
        ),
        "har_status": _("A recorded answer is an error of the cabinet: «%(column)s»."),
        "har_not_modified": _(
            "The browser took the answer from its own store and did not record it: «%(column)s». Switch on “Disable cache” in the "
            "network panel and record again."
        ),
        "no_answers": _(
            "The recording has no answers of the cabinet's returns. Open the returns in the cabinet while it records."
        ),
        "list_total": _("How many requests the section holds does not fit the list: «%(column)s»."),
        "NUMBER_UNREADABLE": _("This is not a number of a return request."),
        "too_big": _("The file is too large."),
        "quote_open": _("A quotation mark of the row is never closed."),
        "broken_text": _("«%(column)s» has bytes that are no text."),
        "shops_differ": _("Rows of this order name different shops in «%(column)s»."),
        "shop_not_told": _(
            "The file holds orders of several shops, and this row does not say of which."
        ),
        "rows_differ": _(
            "«%(column)s» differs between the rows of this order, so it is not known."
        ),
        "sheet_not_read": _("Sheet «%(column)s» shows no export and was not read."),
    }
)


def reason_sentence(code: str, written: str) -> str:
    """Say the reason in the reader's language; of an unknown code the sentence it came with, where that is known."""
    if code not in REASONS:
        return translate_note(written)
    found = _COLUMN.search(written)
    if "%(column)s" in REASONS[code] and found is None:
        return written
    return _now(REASONS[code]) % {"column": found[1] if found else ""}
