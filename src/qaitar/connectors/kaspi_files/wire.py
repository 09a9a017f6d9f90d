"""A row of the export as texts by column name, and how the header row is found.  Pure."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, str]


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

    >>> cell_text(302121111.0), cell_text(date(2025, 7, 31)), cell_text(" a "), cell_text(None)
    ('302121111', '31.07.2025', 'a', '')
    """
    match cell:
        case str():
            return cell.replace("\x00", "").strip()
        case None:
            return ""
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date():
            return cell.strftime("%d.%m.%Y")
        case _:
            return str(cell)


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
        text = cell.strip() if type(cell) is str and "\x00" not in cell else cell_text(cell)
        if text and name and name not in row:
            row[name] = text
    return row
