"""Bodies of incoming readings: emptied when a person they name is erased.  Digest, time and counts stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.models import RawIntake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_PHONE_DIGITS: Final = 10  # without the country's code, however it was written


def intakes_empty(merchant_id: UUID, phone: str, numbers: Sequence[str], *, dry_run: bool) -> int:
    """Empty every body of a merchant that was read and holds a phone or one of these numbers; returns how many.

    A body that still waits for its job is left: what it tells of others would be lost.
    """
    wanted = [phone[-_PHONE_DIGITS:].encode(), *(number.encode() for number in numbers if number)]
    stored = RawIntake.objects.filter(merchant_id=merchant_id).exclude(body=b"")
    emptied = 0
    for intake_id in list(
        stored.exclude(state="STORED").order_by("pk").values_list("pk", flat=True)
    ):
        body = bytes(RawIntake.objects.values_list("body", flat=True).get(pk=intake_id))
        if any(each in body for each in wanted):
            emptied += 1
            if not dry_run:
                _empty(intake_id)
    return emptied


def _empty(intake_id: UUID) -> None:
    """Remove a body, and from its report the values quoted from it."""
    row = RawIntake.objects.get(pk=intake_id)
    report = {name: value for name, value in row.report.items() if name not in _QUOTING}
    RawIntake.objects.filter(pk=intake_id).update(body=b"", report=report)


_QUOTING: Final = frozenset({"unread", "problems"})
