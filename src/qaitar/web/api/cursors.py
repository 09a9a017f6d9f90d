"""Where a page of a list ended, read back from the address it was told in."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qaitar.returns.reads.queue import QueuePlace
from qaitar.web.api.problems import Turned


def place_read(cursor: str | None) -> QueuePlace | None:
    """Read a cursor of ours; None where none was sent.

    Raises:
        Turned: 422, it is not one of ours.
    """
    if cursor is None:
        return None
    place = QueuePlace.read(cursor)
    if place is None:
        detail = _("This is not a cursor of ours.")
        errors = [{"parameter": "cursor", "detail": detail, "code": "CURSOR_UNREADABLE"}]
        raise Turned(422, "CURSOR_UNREADABLE", detail, extra={"errors": errors})
    return place
