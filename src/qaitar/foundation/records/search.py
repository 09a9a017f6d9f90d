"""Finding cases by the beginning of a number, the last or first digits of a phone, a serial, a word of a name.

Two words of one name have a key of their own, in both orders, so that looking a person up costs the same in a shop of
any size: comparing everybody called by one name with everybody called by the other would not.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from qaitar.kernel.phones import phones_in, plain_writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

KEY_MAX: Final = 64
WORDS_MAX: Final = 12  # of one name
QUERY_WORDS_MAX: Final = 4
PAIRED_WORDS_MAX: Final = 3  # of one name: given name, surname, father's name
_PAIR: Final = "&"  # no word of a query begins so: the search for one word does not meet the pairs
_ONE_NUMBER = re.compile(
    r"\d{9,10}(-\d{1,4})?"
)  # an order's or request's number, or a phone whose key is the same
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
    ['700000001-1', '77011234567', '7011234567', '4567', 'әсем', 'н', '&әсем н', '&н әсем']
    """
    keys: dict[str, None] = {}
    for number in numbers:
        if number:
            whole = folded(number)
            # a marking code has signs no word of a query has: its words are keys too
            keys |= dict.fromkeys(word[:KEY_MAX] for word in (whole, *_WORD.findall(whole)))
    for phone in phones:
        digits = _digits(phone)
        if digits:
            keys |= dict.fromkeys([digits, digits[-10:], digits[-4:]])
    for name in names:
        words = [word[:KEY_MAX] for word in _WORD.findall(folded(name))[:WORDS_MAX]]
        pairs = permutations(words[:PAIRED_WORDS_MAX], 2)
        keys |= dict.fromkeys((*words, *(pair_key(first, second) for first, second in pairs)))
    return [key for key in keys if key]


def pair_key(first: str, second: str) -> str:
    """Give the key under which two words of one name stand together.

    >>> pair_key("әсем", "нұрлан")
    '&әсем нұрлан'
    """
    return f"{_PAIR}{first} {second}"[:KEY_MAX]


def query_words(query: str) -> list[str]:
    """Split what a person typed into words to look up; a phone in any writing becomes its ten digits.

    Words beside a phone ("tel.", a name) are left out: the phone says who is meant.

    >>> query_words("+7 (701) 123-45-67")
    ['7011234567']
    >>> query_words("Әсем 8-701-123-45-67")
    ['7011234567']
    >>> query_words(" Әсем 700000001-1 ")
    ['әсем', '700000001-1']
    """
    text = plain_writing(query)
    phones = []
    for phone, written in phones_in(text):
        if not _ONE_NUMBER.fullmatch(written.strip()):
            phones.append(_digits(phone)[-10:])
            text = text.replace(written, " ", 1)
    words = [w[:KEY_MAX] for w in _WORD.findall(folded(text))]
    if phones:
        words = [word for word in words if _digits(word)]
    return [*phones, *words][:QUERY_WORDS_MAX]


CANDIDATES_MAX: Final = 500  # of one merchant: a very common word is not read further than this
LOOKED_UP_MAX: Final = 2_000  # of all merchants together

# What has the key itself comes before what has a longer one; each is one range of the index.
_BEGINNING = """
SELECT DISTINCT b.subject_id FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  (SELECT k.subject_id FROM foundation_searchkey k WHERE k.merchant_id = m.id AND k.key = %({key})s
   ORDER BY k.subject_id DESC LIMIT %({most})s)
  UNION ALL
  (SELECT k.subject_id FROM foundation_searchkey k
   WHERE k.merchant_id = m.id AND k.key > %({key})s AND k.key < %({key}_end)s LIMIT %({most})s)
) AS b"""
# A look-up for each candidate, whatever the planner thinks of joining: its cost is bounded by their number.
_OTHER = """ CROSS JOIN LATERAL (SELECT 1 FROM foundation_searchkey o WHERE o.subject_id = c.subject_id
 AND o.key >= %(word{n})s AND o.key < %(word{n}_end)s LIMIT 1) AS o{n}"""
_ONE_WORD = f"{_BEGINNING.format(key='word', most='limit')} ORDER BY 1 DESC LIMIT %(limit)s"
_PAIRS_FIRST = """
WITH paired AS MATERIALIZED (SELECT c.subject_id FROM ({pairs} LIMIT %(looked_up)s) AS c{others_of_pair}),
single AS MATERIALIZED (SELECT c.subject_id FROM ({leading} LIMIT %(looked_up)s) AS c{others}
  WHERE NOT EXISTS (SELECT 1 FROM paired))
SELECT subject_id FROM (SELECT subject_id FROM paired UNION ALL SELECT subject_id FROM single) AS found
ORDER BY 1 DESC LIMIT %(limit)s
"""
_LEADING = """SELECT c.subject_id FROM ({leading} LIMIT %(looked_up)s) AS c{others}
ORDER BY 1 DESC LIMIT %(limit)s"""


def find_subjects(merchants: Sequence[UUID], query: str, limit: int) -> list[UUID]:
    """Find the cases that have, for every word of the query, a key beginning with it; newest first, at most `limit`.

    One statement whose cost does not grow with the number of cases.  Two words without a digit are looked for as one
    name first, the second of them perhaps unfinished; where somebody is called so, nobody else is meant.  Otherwise the word that fits the fewest gives candidates, a number before a
    name, at most `CANDIDATES_MAX` a merchant, and the other words are looked up for each of them.
    """
    words = query_words(query)
    if not words or not merchants:
        return []
    arguments: dict[str, Any] = {
        "merchants": list(merchants),
        "limit": limit,
        "candidates": CANDIDATES_MAX,
        "looked_up": LOOKED_UP_MAX,
    }
    sql = _one_word(words[0], arguments) if len(words) == 1 else _many_words(words, arguments)
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [row[0] for row in cursor.fetchall()]


def _one_word(word: str, arguments: dict[str, Any]) -> str:
    arguments |= _range("word", word)
    return _ONE_WORD


def _many_words(words: Sequence[str], arguments: dict[str, Any]) -> str:
    lead = max(
        range(len(words)), key=lambda place: (bool(_digits(words[place])), len(words[place]))
    )
    for place, word in enumerate(words):
        arguments |= _range(f"word{place}", word)
    leading = _BEGINNING.format(key=f"word{lead}", most="candidates")
    others = _others(place for place in range(len(words)) if place != lead)
    if _digits(words[lead]):
        return _LEADING.format(leading=leading, others=others)
    arguments |= _range("pair", pair_key(words[0], words[1]))
    pairs = _BEGINNING.format(key="pair", most="candidates")
    return _PAIRS_FIRST.format(
        pairs=pairs, others_of_pair=_others(range(2, len(words))), leading=leading, others=others
    )


def _others(places: Iterable[int]) -> str:
    return "".join(_OTHER.format(n=place) for place in places)


def _range(name: str, key: str) -> dict[str, str]:
    return {name: key, f"{name}_end": key + _LAST_CHARACTER}
