"""Finding cases by the beginning of a number, the last or first digits of a phone, a serial, a word of a name."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

KEY_MAX: Final = 64
WORDS_MAX: Final = 12  # of one name
QUERY_WORDS_MAX: Final = 4
_WORD = re.compile(r"[\w\-]+", re.UNICODE)
_LAST_CHARACTER: Final = "\U0010ffff"


def folded(text: str) -> str:
    """Write text the one way it is compared: NFKC, lower case, no zero-width or control characters.

    >>> folded("Қайтар ＡＢ")
    'қайтар ab'
    """
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in normal if unicodedata.category(c)[0] != "C")


def _digits(text: str) -> str:
    return "".join(c for c in text if c in "0123456789")


def search_keys(
    numbers: Iterable[str], *, phones: Iterable[str] = (), names: Iterable[str] = ()
) -> list[str]:
    """Give the words a case is found by, each once, in a fixed order.

    >>> search_keys(["700000001-1"], phones=["+77011234567"], names=["Әсем Н."])
    ['700000001-1', '77011234567', '7011234567', '4567', 'әсем', 'н']
    """
    keys: dict[str, None] = {}
    for number in numbers:
        if number:
            keys[folded(number)[:KEY_MAX]] = None
    for phone in phones:
        digits = _digits(phone)
        if digits:
            keys |= dict.fromkeys([digits, digits[-10:], digits[-4:]])
    for name in names:
        keys |= dict.fromkeys(word[:KEY_MAX] for word in _WORD.findall(folded(name))[:WORDS_MAX])
    return [key for key in keys if key]


def query_words(query: str) -> list[str]:
    """Split what a person typed into words to look up; a phone in any writing becomes its digits.

    >>> query_words("+7 (701) 123-45-67")
    ['7011234567']
    >>> query_words(" Әсем 700000001-1 ")
    ['әсем', '700000001-1']
    """
    digits = _digits(query)
    if (
        len(digits) in {10, 11}
        and not re.sub(r"[\d\s()+\-]", "", query)
        and re.search(r"[\s()+]", query.strip())
    ):
        return [digits[-10:]]
    return [w[:KEY_MAX] for w in _WORD.findall(folded(query))[:QUERY_WORDS_MAX]]


CANDIDATES_MAX: Final = 2_000  # a very common word is not read further than this
_CANDIDATES = """
SELECT DISTINCT c.subject_id FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  (SELECT k.subject_id FROM foundation_searchkey k WHERE k.merchant_id = m.id AND k.key = %(word)s
   ORDER BY k.subject_id DESC LIMIT %(candidates)s)
  UNION ALL
  (SELECT k.subject_id FROM foundation_searchkey k
   WHERE k.merchant_id = m.id AND k.key > %(word)s AND k.key < %(end)s LIMIT %(candidates)s)
) AS c {others} ORDER BY c.subject_id DESC LIMIT %(limit)s
"""
_OTHER = """EXISTS (SELECT 1 FROM foundation_searchkey o WHERE o.subject_id = c.subject_id
 AND o.key >= %(word{n})s AND o.key < %(end{n})s)"""


def find_subjects(merchants: Sequence[UUID], query: str, limit: int) -> list[UUID]:
    """Find the cases that have, for every word of the query, a key beginning with it; newest first, at most `limit`.

    One statement.  For one word its cost does not grow with the number of cases; further words are looked up among at
    most `CANDIDATES_MAX` candidates a merchant, which may cost a read of all keys of a very common word.
    """
    words = sorted(query_words(query), key=len, reverse=True)
    if not words or not merchants:
        return []
    arguments: dict[str, Any] = {
        "merchants": list(merchants),
        "word": words[0],
        "end": words[0] + _LAST_CHARACTER,
        "candidates": CANDIDATES_MAX if len(words) > 1 else limit,
        "limit": limit,
    }
    others = []
    for n, word in enumerate(words[1:]):
        others.append(_OTHER.format(n=n))
        arguments |= {f"word{n}": word, f"end{n}": word + _LAST_CHARACTER}
    where = "WHERE " + " AND ".join(others) if others else ""
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(others=where), arguments)
        return [row[0] for row in cursor.fetchall()]
