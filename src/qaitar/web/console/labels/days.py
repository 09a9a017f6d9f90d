"""Days as people write them: months and weekdays begin with a small letter in Russian and Kazakh, with a capital in English."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import formats, timezone
from django.utils.translation import get_language

if TYPE_CHECKING:
    from datetime import date


def written(day: date | None, shape: str) -> str:
    """Write a day or a moment in Django's letters of dates, `M` for a short month, `E` for a long one; nothing for none.

    A moment falls on the day it has where the page is about (`timezone.activate`), not on Greenwich's.

    >>> from datetime import date
    >>> from django.utils.translation import override
    >>> with override("ru"):
    ...     written(date(2026, 11, 26), "j M")
    '26 ноя'
    >>> with override("en"), timezone.override("Asia/Almaty"):
    ...     written(datetime(2026, 11, 25, 19, tzinfo=timezone.get_default_timezone()), "j M")
    '26 Nov'
    >>> with override("en"):
    ...     written(date(2026, 11, 26), "j M Y")
    '26 Nov 2026'
    >>> with override("kk"):
    ...     written(date(2026, 11, 26), "j E, D")
    '26 қараша, бс'
    >>> with override("kk"):
    ...     written(date(2026, 3, 24), "j E, D"), written(date(2026, 3, 28), "j E, D")
    ('24 наурыз, сс', '28 наурыз, сб')
    """
    if day is None:
        return ""
    if isinstance(day, datetime) and timezone.is_aware(day):
        day = timezone.localtime(day)
    small = not (get_language() or "").startswith("en")
    return (
        formats.date_format(day, shape.replace("M", "b")).lower()
        if small
        else formats.date_format(day, shape)
    )
