"""The sheets as plain tables on one page, for the demo."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from qaitar.sandbox.google_sheets.grid import letters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qaitar.sandbox.google_sheets.book import Book
    from qaitar.sandbox.google_sheets.grid import Cell, Grid

_FRAME = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Google Sheets (демонстрация)</title><style>
body{{font:15px/1.4 system-ui,sans-serif;margin:1.5rem}}
div{{overflow-x:auto}}table{{border-collapse:collapse}}
td,th{{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;white-space:pre-wrap;max-width:24rem}}
th{{background:#eee;color:#333;font-weight:normal}}</style></head><body>{sheets}</body></html>"""


def books_page(books: Iterable[Book]) -> str:
    """Return the page: every sheet with its row numbers and column letters."""
    sheets = "".join(_sheet(grid) for book in books for grid in book.sheets.values())
    return _FRAME.format(sheets=sheets or "<p>Таблиц нет.</p>")


def _sheet(grid: Grid) -> str:
    width = max((len(row) for row in grid.rows), default=1)
    heads = "".join(f"<th>{letters(column)}</th>" for column in range(width))
    lines = "".join(_line(number, row, width) for number, row in enumerate(grid.rows, start=1))
    title = html.escape(grid.title)
    return f"<h1>{title}</h1><div><table><tr><th></th>{heads}</tr>{lines}</table></div>"


def _line(number: int, row: list[Cell], width: int) -> str:
    padded = [str(cell) for cell in row] + [""] * (width - len(row))
    cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in padded)
    return f"<tr><th>{number}</th>{cells}</tr>"
