"""Exports of orders in the forms people's programs give them, each with what must come of it.  Knows nothing of the reader."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

import xlsxwriter

COLUMNS: Final = (
    "№ заказа", "Дата поступления заказа", "Название товара в Kaspi Магазине", "Название в системе продавца", "Артикул", "Сумма",
    "Категория", "Дата изменения статуса", "Статус", "Количество", "Стоимость доставки для продавца", "Склад передачи КД",
)  # fmt: skip
STATUSES: Final = {
    "Ожидает передачи курьеру": "ACCEPTED_BY_MERCHANT", "Передан курьеру": "ACCEPTED_BY_MERCHANT", "Ожидает отмены": "CANCELLING",
    "Выдан": "COMPLETED", "Возврат": "RETURNED", "Отменен": "CANCELLED", "Утилизирован": "Утилизирован",
}  # fmt: skip
FINISHED: Final = ("COMPLETED", "RETURNED", "CANCELLED")
GOODS: Final = ("Чайник 1,7 л", "Қазан 5 л", "Утюг «Әлем»", 'Экран 27"', "Термобельё XL")
ENCODINGS: Final = ("utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be")
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order as it must be read; money in tiyn, None where the file does not tell it."""

    article: str
    quantity_milli: int
    total_minor: int | None
    status: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it must be read."""

    sheet: str
    code: str
    total_minor: int | None
    status: str
    shop: str
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Expected:
    """What must come of a file: refused with a code, or orders and rejections (sheet, row, code) that are all its rows."""

    refused: str = ""
    orders: list[Order] = field(default_factory=list)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)
    rows: int = 0
    sheets_unread: tuple[str, ...] = ()
    notes: int = 0


@dataclass(slots=True)
class Table:
    """Rows with their numbers as the file will have them; `faults` tells the fault of a row."""

    rows: list[Row | None]  # None: an empty row
    faults: dict[int, str]  # by place in `rows`
    copies: dict[int, int]  # a row that repeats another, by place


@dataclass(frozen=True, slots=True)
class Made:
    """One generated file."""

    name: str
    body: bytes
    expected: Expected


def export_form(seed: int) -> Made:
    """Make the file of a seed."""
    random = Random(seed)
    if random.random() < 0.06:
        return _refused(random)
    is_text = random.random() < 0.45
    sheets = 1 if is_text else random.choice((1, 1, 1, 2, 3))
    holding = sorted(random.sample(range(sheets), random.randint(1, sheets)))
    tables = [_table(random, n, is_text=is_text) for n in range(len(holding))]
    above = [_title(random) for _ in range(random.choice((0, 0, 1, 3)))]
    columns = _columns(random)
    first = len(above) + 2
    names = [f"Лист {n + 1}" for n in range(sheets)]
    expected = Expected(
        sheets_unread=tuple(name for n, name in enumerate(names) if n not in holding)
    )
    for place, table in zip(holding, tables, strict=True):
        named = names[place] if len(holding) > 1 or place > 0 else ""
        _expect(expected, table, named, first)
    if is_text:
        return _as_text(random, columns, above, tables[0], expected)
    sheet_rows = {names[place]: table for place, table in zip(holding, tables, strict=True)}
    return _as_book(
        random, columns, above, {name: sheet_rows.get(name) for name in names}, expected
    )


# --- what is in the file ------------------------------------------------------------------------------------------


def _table(random: Random, number: int, *, is_text: bool) -> Table:
    table = Table([], {}, {})
    shop = random.choice(("30000001", "30000002"))
    for n in range(random.randint(1, 9)):
        code = str((700_000_000 if random.random() < 0.8 else 7_000_000_000) + number * 100 + n)
        for row in _order(random, code, shop):
            table.rows.append(row)
            if random.random() < 0.07:
                _spoil(random, table, is_text=is_text)
            elif random.random() < 0.04:
                _repeat(table)
        if random.random() < 0.05:
            table.rows.append(None)
    if random.random() < 0.3:  # the rows of an order need not stand together
        _move_one(random, table)
    if random.random() < 0.05 and not table.faults:
        _paste_again(table)
    return table


def _order(random: Random, code: str, shop: str) -> list[Row]:
    count = random.choice((1, 1, 1, 2, 3, 6))
    total = random.choice((100, 5_000_00, 11_990_00, 38_940_00, 41_083_27, 12_999_900_00, 1))
    head = {
        "№ заказа": code,
        "Дата поступления заказа": _day(random),
        "Категория": "Посуда",
        "Сумма": str(total),
        "Стоимость доставки для продавца": str(random.choice((0, 895_00, 1_455_00))),
        "Склад передачи КД": f"{shop}_PP1" if random.random() < 0.8 else "",
    }
    equal = count > 1 and random.random() < 0.4
    rows: list[Row] = []
    for n in range(count):
        thing = 0 if equal else n
        name = GOODS[(thing + int(code)) % len(GOODS)]
        row = head | {
            "Название товара в Kaspi Магазине": name,
            "Название в системе продавца": ""
            if random.random() < 0.3 and not equal
            else f"{name} свой",
            "Артикул": f"SKU-{code}-{thing}",
            "Количество": "1" if equal else str(random.choice((1, 1, 2))),
            "Статус": random.choice(tuple(STATUSES)) if random.random() < 0.2 else "Выдан",
            "Дата изменения статуса": _day(random) if not equal else f"{n + 1:02}.08.2025",
        }
        rows.append(row)
    if count > 1 and random.random() < 0.08:
        rows[-1]["Сумма"] = str(total + 100)
    return rows


def _day(random: Random) -> str:
    return f"{date(2025, 6, 1) + timedelta(days=random.randint(0, 90)):%d.%m.%Y}"


def _spoil(random: Random, table: Table, *, is_text: bool) -> None:
    place = len(table.rows) - 1
    row = dict(table.rows[place] or {})
    kinds = ["no_code", "bad_code", "no_date", "bad_date", "bad_amount", "bad_quantity"]
    kind = random.choice([*kinds, "broken_text", "quote_open"] if is_text else [*kinds, "error"])
    spoilt = {
        "no_code": ("№ заказа", ""),
        "bad_code": ("№ заказа", f"З-{place}"),
        "no_date": ("Дата поступления заказа", ""),
        "bad_date": ("Дата изменения статуса", "31.06.2025"),
        "bad_amount": ("Сумма", random.choice(("дорого", "1,3E+07", "12.345", "-5", "=A1*2"))),
        "bad_quantity": ("Количество", random.choice(("0", "две"))),
        "error": ("Сумма", "#N/A"),
    }.get(kind)
    if spoilt:
        row[spoilt[0]] = spoilt[1]
    table.rows[place] = row
    table.faults[place] = "bad_amount" if kind == "error" else kind


def _repeat(table: Table) -> None:
    row = table.rows[-1]
    assert row is not None
    table.rows.append(dict(row))
    table.copies[len(table.rows) - 1] = len(table.rows) - 2


def _paste_again(table: Table) -> None:
    originals = [n for n in range(len(table.rows)) if n not in table.copies]
    if table.copies or len({(table.rows[n] or {}).get("№ заказа") for n in originals}) < 2:
        return
    start = len(table.rows)
    table.rows += [dict(row) if row else None for row in table.rows]
    table.copies |= {start + n: n for n in originals if table.rows[n] is not None}


def _move_one(random: Random, table: Table) -> None:
    if table.faults or table.copies:
        return
    place = random.randrange(len(table.rows))
    table.rows.append(table.rows.pop(place))


def _expect(expected: Expected, table: Table, sheet: str, first: int) -> None:
    """Work out what must come of a table whose first row has the number `first`."""
    together: dict[str, list[int]] = {}
    for place, row in enumerate(table.rows):
        if row is None:
            continue
        expected.rows += 1
        fault = table.faults.get(place, "")
        if fault:
            expected.rejected.append((sheet, place + first, fault))
        code = row["№ заказа"]
        if code and fault != "bad_code":
            together.setdefault(code, []).append(place)
    for code, places in together.items():
        stored = [n for n in places if n not in table.faults and n not in table.copies]
        copies = [n for n in places if n in table.copies and n not in table.faults]
        expected.rejected += [(sheet, n + first, "same_row_twice") for n in copies]
        if any(n in table.faults for n in places):
            expected.rejected += [(sheet, n + first, "sibling_rejected") for n in stored]
            continue
        next_to = any(n - table.copies[n] < len(places) for n in copies)
        rows = [table.rows[n] or {} for n in stored]
        order = _order_of(sheet, code, rows, in_doubt=next_to)
        expected.notes += len({row["Сумма"] for row in rows}) > 1
        expected.orders.append(order)


def _order_of(sheet: str, code: str, rows: list[Row], *, in_doubt: bool) -> Order:
    sums = {int(row["Сумма"]) for row in rows}
    total = sums.pop() if len(sums) == 1 else None
    alike = (
        "Артикул",
        "Название товара в Kaspi Магазине",
        "Название в системе продавца",
        "Количество",
    )
    equal = len({tuple(row[name] for name in alike) for row in rows}) == 1
    share = None
    if total is not None and equal and total % len(rows) == 0 and not in_doubt:
        share = total // len(rows)
    statuses = [STATUSES[row["Статус"]] for row in rows]
    under_way = [status for status in statuses if status not in FINISHED]
    ranked = [status for status in FINISHED if status in statuses]
    return Order(
        sheet,
        code,
        total,
        (under_way + ranked)[0],
        next((row["Склад передачи КД"].partition("_")[0] for row in rows if row["Склад передачи КД"]), ""),
        tuple(
            Line(row["Артикул"], int(row["Количество"]) * 1000, share, STATUSES[row["Статус"]])
            for row in rows
        ),
    )  # fmt: skip


# --- how the file is written --------------------------------------------------------------------------------------


def _title(random: Random) -> list[str]:
    return random.choice(([], ["Заказы за июнь, июль; август"], ["Отчёт", "", "ТОО «Алма», ИП"]))


def _columns(random: Random) -> list[str]:
    own = [f"Моя колонка {n}" for n in range(random.choice((0, 0, 1, 12, 60)))]
    columns = [*COLUMNS, *own]
    if random.random() < 0.5:
        random.shuffle(columns)
    return columns


def _heading(random: Random, name: str) -> str:
    return random.choice((name, name, name.upper(), f"  {name} ", name.replace(" ", "\u00a0")))


def _money(random: Random, minor: str) -> str:
    """Write an amount in one of the ways a text has it; what is no whole number of tiyn is a fault and stays."""
    if not minor.isdigit():
        return minor
    whole, part = divmod(int(minor), 100)
    ways = [
        f"{whole}.{part:02}",
        f"{whole},{part:02}",
        f"{whole:,}".replace(",", "\u00a0") + f",{part:02}",
    ]
    if part == 0:
        ways += [f"{whole}", f"{whole}.0"]
        if whole >= 10**7:
            digits = str(whole).rstrip("0")
            ways.append(f"{digits[0]}.{digits[1:] or '0'}E{len(str(whole)) - 1}")
    else:
        ways.append(f"{whole}.{part:02}0000000000004")
    return random.choice(ways)


def _cells(random: Random, columns: list[str], row: Row) -> list[str]:
    written = {
        name: _money(random, text) if name in {"Сумма", "Стоимость доставки для продавца"} else text
        for name, text in row.items()
    }
    return [written.get(name, "да" if int(row["№ заказа"][-1:] or 0) % 2 else "") if name.startswith("Моя") else written.get(name, "") for name in columns]  # fmt: skip


def _written(random: Random, columns: list[str], table: Table) -> list[list[str] | None]:
    """Write the rows' cells; a copy is written like the row it repeats."""
    written: list[list[str] | None] = []
    for place, row in enumerate(table.rows):
        like = written[table.copies[place]] if place in table.copies else None
        written.append(
            list(like) if like else None if row is None else _cells(random, columns, row)
        )
    return written


def _as_text(random: Random, columns: list[str], above: list[list[str]], table: Table, expected: Expected) -> Made:  # fmt: skip
    last = max(n for n, row in enumerate(table.rows) if row is not None)
    if table.faults.get(last) == "quote_open":  # with nothing after it, the mark swallows nothing
        table.rows.append(dict(table.rows[last] or {}) | {"№ заказа": "799999999", "Сумма": "100"})
        row = table.rows[-1] or {}
        expected.rows += 1
        expected.orders.append(_order_of("", "799999999", [row], in_doubt=False))
    delimiter = random.choice(";,\t|")
    kinds = set(table.faults.values())
    one_byte = "broken_text" in kinds
    encoding = "utf-8" if one_byte else random.choice(ENCODINGS)
    guarded = random.random() < 0.15
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(above)
    writer.writerow([_heading(random, name) for name in columns])
    for place, cells in enumerate(_written(random, columns, table)):
        if cells is None:
            out.write("\r\n")
            continue
        if guarded:
            at = columns.index("№ заказа")
            cells[at] = f'="{cells[at]}"' if cells[at].isdigit() else cells[at]
        _write_row(out, writer, cells, (table.faults.get(place, ""), delimiter, columns))
    text = out.getvalue()
    if encoding == "cp1251":
        text = "".join(char if char.encode("cp1251", "ignore") else "?" for char in text)
    body = text.encode(encoding).replace("\u2603".encode(), b"\x98\xff")
    return Made("export.csv", body, expected)


def _write_row(out: io.StringIO, writer: object, cells: list[str], how: tuple[str, str, list[str]]) -> None:  # fmt: skip
    fault, delimiter, columns = how
    if fault == "broken_text":
        cells[columns.index("Категория")] = "Пос\u2603уда"
    if fault == "quote_open":
        plain = [cell.replace(delimiter, " ").replace('="', "").replace('"', "") for cell in cells]
        plain[columns.index("Категория")] = '"Посуда'
        out.write(delimiter.join(plain) + "\r\n")
        return
    writer.writerow(cells)  # type: ignore[attr-defined]  # csv names no type for it


def _as_book(random: Random, columns: list[str], above: list[list[str]], sheets: dict[str, Table | None], expected: Expected) -> Made:  # fmt: skip
    out = io.BytesIO()
    errors = False
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        painted = book.add_format({"bg_color": "#ffff00"})
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            if table is None:
                sheet.write_row(
                    0, 0, random.choice((["Инструкция"], [], ["№ заказа", "Артикул", "Сумма"]))
                )
                continue
            as_numbers = random.random() < 0.3
            headings = [_heading(random, each) for each in columns]
            for n, line in enumerate([*above, headings]):
                sheet.write_row(n, 0, line)
            for n, cells in enumerate(_written(random, columns, table), start=len(above) + 1):
                if cells is not None:
                    errors = errors or "#N/A" in cells
                    _write_cells(sheet, n, cells, columns, as_numbers=as_numbers)
                if random.random() < 0.1:
                    sheet.write_blank(n, random.choice((150, 500, 16_000)), None, painted)
    body = out.getvalue()
    change = random.choice((None, _prefixed, _attributes_turned))
    return Made("export.xlsx", _rewritten(body, change, errors=errors), expected)


def _write_cells(sheet: object, n: int, cells: list[str], columns: list[str], *, as_numbers: bool) -> None:  # fmt: skip
    for column, (name, text) in enumerate(zip(columns, cells, strict=True)):
        plain = text.replace("\u00a0", "").replace(",", ".")
        if as_numbers and name in {"№ заказа", "Сумма", "Количество"} and re.fullmatch(r"\d+(\.\d+)?", plain):  # fmt: skip
            noisy = float(plain) * (1 + 2**-52 if name == "Сумма" and "12.345" not in plain else 1)
            sheet.write_number(n, column, noisy)  # type: ignore[attr-defined]  # a worksheet
        elif text:
            sheet.write_string(n, column, text)  # type: ignore[attr-defined]  # a worksheet


def _prefixed(xml: str) -> str:
    xml = xml.replace('xmlns="', 'xmlns:x="', 1)
    return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", xml)


def _attributes_turned(xml: str) -> str:
    return re.sub(r'<c r="([A-Z]+\d+)"((?: \w+="[^"]*")+)', r'<c\2 r="\1"', xml)


def _rewritten(body: bytes, change: object, *, errors: bool) -> bytes:
    """Write the sheets' XML in another way, and turn the text `#N/A` into the error it stands for."""
    if change is None and not errors:
        return body
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        strings = old.read("xl/sharedStrings.xml").decode()
        texts = re.findall(r"<si><t[^>]*>(.*?)</t></si>", strings, re.DOTALL)
        at = texts.index("#N/A") if errors else None
        for part in old.infolist():
            data = old.read(part)
            if part.filename.startswith("xl/worksheets/sheet"):
                xml = data.decode()
                if at is not None:
                    xml = xml.replace(f't="s"><v>{at}</v>', 't="e"><v>#N/A</v>')
                data = (change(xml) if callable(change) else xml).encode()
            new.writestr(part.filename, data)
    return out.getvalue()


# --- files that must be refused -----------------------------------------------------------------------------------


def _refused(random: Random) -> Made:
    table = _table(random, 0, is_text=False)
    kind = random.choice(
        ("no_header", "missing_columns", "far_cells", "encrypted", "empty", "not_xlsx")
    )
    expected = Expected(refused=kind)
    columns = list(COLUMNS)
    if kind == "missing_columns":
        columns.remove("Статус")
    if kind == "no_header":
        columns.remove("№ заказа")
    body = _as_book(random, columns, [], {"Sheet0": table}, expected).body
    if kind == "far_cells":
        body = _rewritten(body, _far, errors=False)
    bodies = {
        "encrypted": b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "empty": random.choice((b"", b"\r\n \n")),
        "not_xlsx": body[: len(body) // 2],
    }
    return Made("refused.xlsx", bodies.get(kind, body), expected)


def _far(xml: str) -> str:
    prefix = "x:" if "<x:sheetData" in xml else ""
    cell = f'<{prefix}row r="900000"><{prefix}c r="B900000"><{prefix}v>1</{prefix}v></{prefix}c></{prefix}row>'
    return xml.replace(f"</{prefix}sheetData>", f"{cell}</{prefix}sheetData>")
