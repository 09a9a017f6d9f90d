"""The cabinet's way of writing time → a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from qaitar.kernel.almaty import almaty_to_utc
from qaitar.transport import lenient

_YEARS: Final = range(2000, 2101)
_EPOCH_MS_FROM: Final = 10**11


def moment(text: str | None) -> datetime | None:
    """Read an ISO time: without a zone it is Almaty's wall clock, with one it is taken as told; epoch milliseconds too.

    >>> moment("2026-08-20T18:00:00"), moment("2026-08-20T18:00:00+05:00") == moment("2026-08-20T13:00:00Z")
    (datetime.datetime(2026, 8, 20, 13, 0, tzinfo=datetime.timezone.utc), True)
    >>> moment("soon") is None
    True
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= lenient.DIGITS_MAX:
        return lenient.moment_ms(int(text)) if int(text) >= _EPOCH_MS_FROM else None
    try:
        read = datetime.fromisoformat(text)
        if read.year not in _YEARS:
            return None
        return almaty_to_utc(read) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
