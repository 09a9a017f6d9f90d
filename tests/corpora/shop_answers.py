"""Answers of the Shop API made from a seed, each with what has to be read out of it, known before it is written.

Numbers are written in every form JSON allows, fields are missing or odd, lines go over pages, rows come twice.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs

PAGE = 100
STATES = ("NEW", "PICKUP", "KASPI_DELIVERY", "ARCHIVE", "SOMEWHERE_NEW", "")
STATUSES = ("ACCEPTED_BY_MERCHANT", "COMPLETED", "CANCELLED", "RETURNED", "GIVEN_TO_DELIVERY", "")
NEVER_RECEIVED = {"CANCELLED", "CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"}
NOT_AMOUNTS = ('"13 million"', "0.005", "-1.0", "[]", '"1,299,900.50"', "true", "1E400")


@dataclass(frozen=True)
class Line:
    """A line as it has to be read: tiyn and thousandths."""

    number: int
    code: str
    quantity_milli: int
    price_minor: int
    total_minor: int


@dataclass
class Made:
    """One order: the pages to answer for its lines, its own resource as JSON text, and what must come of them."""

    code: str
    order: str
    pages: list[str]
    total_minor: int | None
    completed_ms: int | None
    lines: list[Line] | None
    """None: no line may be taken, and `fault` stands in the reason."""
    fault: str = ""
    unread: tuple[str, ...] = ()
    requested: list[int] = field(default_factory=list)


def written_amount(dice: Random, minor: int) -> str:
    """Write an amount in one of the forms of a number."""
    whole, fraction = divmod(minor, 100)
    plain = f"{whole}.{fraction:02d}"
    shift = dice.randrange(1, 9)
    digits = str(minor)
    forms = [
        plain,
        f"{plain}000",
        f'"{plain}"',
        f"{digits[0]}.{digits[1:] or '0'}E{len(digits) - 3}",
        f"{minor}E-2",
        f"{minor * 10**shift}e-{shift + 2}",
        json.dumps(minor / 100),
        json.dumps(minor / 100 + 0.1 - 0.1),
    ]
    if not fraction:
        forms.append(str(whole))
    return dice.choice(forms)


def made_order(seed: int) -> Made:
    """Make one order of a seed."""
    dice = Random(seed)
    code = str(
        dice.randrange(300_000_000, 999_999_999)
        if dice.random() < 0.5
        else dice.randrange(1_000_000_000, 9_999_999_999)
    )
    count = dice.choice(
        (0, 1, 1, 1, 2, 3, 7, 99, 100, 101, 102, 150, 199, 200, 201, dice.randrange(251))
    )
    lines = [_line(dice, number) for number in range(count)]
    total = sum(line.total_minor for line in lines)
    completed = dice.choice((None, 1783663035213, 1783663035213))
    status = dice.choice(STATUSES)
    bad_total = dice.random() < 0.1
    attributes = {
        "code": dice.choice((f'"{code}"', code)),
        "totalPrice": dice.choice(NOT_AMOUNTS) if bad_total else written_amount(dice, total),
        "creationDate": dice.choice(("1783328662651", "1.783328662651E12", '"1783328662651"')),
        "status": json.dumps(status),
        "state": json.dumps(dice.choice(STATES)),
        "completionDate": "null" if completed is None else str(completed),
        "pickupPointId": dice.choice(('"30000001_PP1"', '"MzAwMDAwMDFfUFAx"', "null")),
    }
    for name in ("state", "completionDate", "pickupPointId"):
        if dice.random() < 0.15:
            del attributes[name]
    reported = (
        completed if "completionDate" in attributes and status not in NEVER_RECEIVED else None
    )
    pages, fault = _pages(dice, code, lines)
    body = ", ".join(f'"{name}": {value}' for name, value in attributes.items())
    order = f'{{"id": "{_id(code)}", "type": "orders", "attributes": {{{body}}}}}'
    return Made(
        code=code,
        order=order,
        pages=pages,
        total_minor=None if bad_total else total,
        completed_ms=reported,
        lines=None if fault else lines,
        fault=fault,
        unread=("totalPrice",) if bad_total else (),
    )


def _line(dice: Random, number: int) -> Line:
    quantity = dice.choice((1000, 1000, 1000, 2000, 12000, 500, 1250))
    price = dice.choice((dice.randrange(1, 10**4), dice.randrange(1, 10**9), 1_299_990_000)) * 4
    return Line(number, f"S-{number}", quantity, price, price * quantity // 1000)


def _id(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def _resource(dice: Random, code: str, line: Line, quantity: str = "") -> str:
    pieces = line.quantity_milli / 1000
    written = quantity or dice.choice(
        (json.dumps(pieces), f"{line.quantity_milli}E-3", f'"{pieces}"', f"{pieces:.4f}")
    )
    attributes = (
        f'"entryNumber": {line.number}, "quantity": {written},'
        f' "basePrice": {written_amount(dice, line.price_minor)},'
        f' "totalPrice": {written_amount(dice, line.total_minor)},'
        f' "offer": {{"code": "{line.code}", "name": "Товар {line.number}"}}'
    )
    identity = f'"id": "{_id(f"{code}##{line.number}")}", '
    return f'{{{identity}"type": "orderentries", "attributes": {{{attributes}}}}}'


def _pages(dice: Random, code: str, lines: list[Line]) -> tuple[list[str], str]:
    """Spread lines over pages: as asked, all at once, in smaller pages that are counted, rows twice; or spoil them."""
    rows = [_resource(dice, code, line) for line in lines]
    way = dice.choice(
        (
            "paged",
            "paged",
            "uncounted",
            "at once",
            "small",
            "twice",
            "lost",
            "no object",
            "odd",
            "differs",
        )
    )
    count = len(lines)
    if way == "at once" or not lines:
        return [_page(rows, None)], ""
    size = PAGE if way != "small" else dice.randrange(1, 60)
    parts = [rows[start : start + size] for start in range(0, count, size)]
    meta: int | None = None if way == "uncounted" else count
    fault = ""
    if way == "twice":
        again = dice.randrange(count)
        parts[-1] = [*parts[-1], _resource(dice, code, lines[again])]
    elif way == "lost":
        parts[-1], fault = parts[-1][:-1], f"{count} lines are counted and {count - 1} came"
    elif way == "no object":
        parts[-1], fault = [*parts[-1], dice.choice(("null", "5", '"x"'))], "is no object"
    elif way == "odd":
        at = dice.randrange(len(parts[-1]))
        line = lines[(len(parts) - 1) * size + at]
        parts[-1][at], fault = _resource(dice, code, line, '"two"'), "«quantity»"
    elif way == "differs":
        other = lines[dice.randrange(count)]
        changed = Line(
            other.number,
            other.code,
            other.quantity_milli + 1000,
            other.price_minor,
            other.total_minor,
        )
        parts[-1], fault = (
            [*parts[-1], _resource(dice, code, changed)],
            "came before with other values",
        )
    return [_page(part, meta) for part in parts], fault


def _page(rows: list[str], count: int | None) -> str:
    meta = (
        ""
        if count is None
        else f', "meta": {{"totalCount": {count}, "pageCount": {-(-count // PAGE)}}}'
    )
    return f'{{"data": [{", ".join(rows)}], "included": []{meta}}}'


class ShopOfAnswers:
    """A Shop API over made orders, as a WSGI application; a page beyond the last is empty."""

    def __init__(self, orders: list[Made]) -> None:
        """Take what is sold."""
        self.orders = {_id(made.code): made for made in orders}

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        """Answer one order by its code, or one page of an order's lines."""
        requested = parse_qs(environ["QUERY_STRING"])
        number = int(requested["page[number]"][0])
        path = environ["PATH_INFO"]
        if path.endswith("/entries"):
            made = self.orders[path.split("/")[-2]]
            made.requested.append(number)
            body = made.pages[number] if number < len(made.pages) else _page([], None)
        else:
            made = self.orders[_id(requested["filter[orders][code]"][0])]
            body = f'{{"data": [{made.order}], "included": [], "meta": {{"pageCount": 1, "totalCount": 1}}}}'
        start("200 OK", [("Content-Type", "application/vnd.api+json")])
        return [body.encode()]
