"""A row of the export as texts by column name, and how the header row is found.  Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, str]
_EXACT_WHOLE = 10**15
_TEXT_FOR_EXCEL = re.compile(r'="([^"]*)"\Z|\'(?=[\d=])(.*)\Z', re.DOTALL)


@lru_cache(maxsize=4096)
def folded(word: str) -> str:
    """Fold a word so that case, kinds of space, `ё` and `№` make no difference.

    >>> folded("  № Заказа "), folded("Отменён")
    ('no заказа', 'отменен')
    """
    plain = unicodedata.normalize("NFKC", word).casefold().replace("ё", "е")
    return " ".join(plain.split())


def cell_text(cell: object) -> str:
    """Turn any cell into text; genuine cells are texts, a file saved again by Excel has numbers and dates.

    A number is written with the 15 digits Excel itself shows, so that the noise of binary fractions is gone.  `="…"`, by which
    people keep Excel from changing a number, is what stands between the quotation marks.

    >>> cell_text(302121111.0), cell_text(date(2025, 7, 31)), cell_text(" a "), cell_text(None)
    ('302121111', '31.07.2025', 'a', '')
    >>> cell_text(41083.270000000004), cell_text(124599.99999999999), cell_text('="700000301"'), cell_text("'700000301")
    ('41083.27', '124600', '700000301', '700000301')
    """
    match cell:
        case str():
            return _plain(cell.replace("\x00", "").strip())
        case None:
            return ""
        case float() if cell.is_integer() and abs(cell) < _EXACT_WHOLE:
            return str(int(cell))
        case float():
            return f"{cell:.15g}"
        case datetime() | date():
            return cell.strftime("%d.%m.%Y")
        case _:
            return str(cell)


def _plain(text: str) -> str:
    if not text.startswith(("=", "'")) or (found := _TEXT_FOR_EXCEL.match(text)) is None:
        return text
    return (found[1] if found[1] is not None else found[2]).strip()


_KNOWN = {folded(name): name for name in facts.COLUMNS}


def header_from(cells: Sequence[object]) -> list[str] | None:
    """Name the columns if this is the header row: it holds the order number and at least two more known names.

    >>> header_from(["Статус", "№ заказа", "Дата поступления заказа", "Моё"])
    ['Статус', '№ заказа', 'Дата поступления заказа', 'Моё']
    >>> header_from(["Отчёт", "", ""]) is None
    True
    """
    texts = [cell_text(cell) for cell in cells]
    names = [_KNOWN.get(folded(text), text) for text in texts]
    known = {name for name in names if name in _KNOWN_NAMES}
    return names if facts.CODE in known and len(known) >= len(facts.REQUIRED) else None


_SPECIAL = ("=", "'", " ")
_KNOWN_NAMES = frozenset(facts.COLUMNS)


def missing_columns(names: Sequence[str]) -> list[str]:
    """List required columns that are not there.

    >>> missing_columns(["№ заказа", "Статус"])
    ['Дата поступления заказа']
    """
    return [name for name in facts.REQUIRED if name not in names]


def row_from(names: Sequence[str], cells: Sequence[object]) -> Row:
    """Pair names and cells, empty ones left out; of two columns with one name the first that is not empty counts.

    >>> row_from(["a", "b", "a"], ["", 5, "x"])
    {'b': '5', 'a': 'x'}
    """
    row: Row = {}
    for name, cell in zip(names, cells, strict=False):
        # Nearly every cell of a genuine file is a text already: the quick way is worth a third of the whole reading.
        text = (
            cell.strip()
            if type(cell) is str and cell[:1] not in _SPECIAL and "\x00" not in cell
            else cell_text(cell)
        )
        if text and name and name not in row:
            row[name] = text
    return row
