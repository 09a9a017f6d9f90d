"""Sums the days' figures from the cases' own rows, in the database: what counting by the difference has to agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from uuid import UUID

# column, its day, what is summed in seconds: as in `measures.marks_of`, which a test holds them to
_GROUPS: Final = (
    ("answer", "filed_on", "coalesce(answer_s, 0)"),
    ("taking", "taking_on", "0"),
    ("final", "final_on", "0"),
    ("pace", "closed_on", "coalesce(closed_s, 0)"),
    ("outcome", "closed_on", "0"),
    ("quality", "quality_on", "0"),
)
_WHOLE: Final = (("filed", "filed_on", "0"), ("closed", "closed_on", "coalesce(closed_s, 0)"))
_ONE: Final = """SELECT store_id, {day}, '{name}', count(*), sum({seconds})::bigint FROM analytics_casefigure
 WHERE merchant_id = %(merchant)s AND {day} IS NOT NULL GROUP BY store_id, {day}"""
_EACH: Final = """SELECT store_id, {day}, '{name}.' || {name}, count(*), sum({seconds})::bigint FROM analytics_casefigure
 WHERE merchant_id = %(merchant)s AND {name} <> '' AND {day} IS NOT NULL GROUP BY store_id, {day}, {name}"""
_DAYS: Final = (
    """
INSERT INTO analytics_dayfigure (id, merchant_id, store_id, day, measure, count, seconds)
SELECT gen_random_uuid(), %(merchant)s, s.* FROM (
"""
    + " UNION ALL ".join(
        [_ONE.format(name=name, day=day, seconds=seconds) for name, day, seconds in _WHOLE]
        + [_EACH.format(name=name, day=day, seconds=seconds) for name, day, seconds in _GROUPS]
    )
    + ") s"
)
_DAYS_GONE: Final = """
DELETE FROM analytics_dayfigure WHERE merchant_id = %(merchant)s AND measure NOT LIKE 'orders.%%'
"""
_REASONS_GONE: Final = "DELETE FROM analytics_reasonfigure WHERE merchant_id = %(merchant)s"
_REASONS: Final = """
INSERT INTO analytics_reasonfigure (id, merchant_id, store_id, day, product, reason, count, sample_id)
SELECT gen_random_uuid(), %(merchant)s, store_id, filed_on, product, reason, count(*), min(id::text)::uuid
FROM analytics_casefigure WHERE merchant_id = %(merchant)s GROUP BY store_id, filed_on, product, reason
"""


def days_sum_anew(merchant_id: UUID) -> None:
    """Replace one merchant's sums by day with what the cases' own rows come to, in the caller's transaction."""
    with connection.cursor() as cursor:
        for sql in (_DAYS_GONE, _DAYS, _REASONS_GONE, _REASONS):
            cursor.execute(sql, {"merchant": merchant_id})
