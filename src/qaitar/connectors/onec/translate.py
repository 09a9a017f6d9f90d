"""1C's documents ↔ our records.  Pure: no network, no clock; money and quantities are exact."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from qaitar.connectors.onec.facts import EMPTY_GUID, REASON_LENGTH, TYPE_PREFIX
from qaitar.connectors.onec.wire import OneCUnreadable, is_guid, moment, text
from qaitar.contracts.erp import Difference, ErpLine, ErpOrder
from qaitar.transport import lenient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qaitar.connectors.onec.fieldmap import FieldMap, OneCSettings
    from qaitar.connectors.onec.metadata import Metadata
    from qaitar.connectors.onec.wire import Row
    from qaitar.contracts.erp import ReturnLine, ReturnOrderDraft

_TIYN = Decimal(100)
_MILLI = Decimal(1000)
_OWN_KEY = "Ref_Key"
_PROPORTIONAL = ("СуммаНДС", "СуммаСНДС")


def number(value: object) -> Decimal:
    """Read a number, which 1C writes as a JSON number or, when 64 bits wide, as a string.

    >>> number("12"), number(Decimal("1.5"))
    (Decimal('12'), Decimal('1.5'))

    Raises:
        Unreadable: it is neither, or longer than any sum or quantity.
    """
    found = None if isinstance(value, str) and "," in value else lenient.number(value)
    if found is None:
        raise OneCUnreadable(f"not a number: {value!s:.40}")
    return found


def minor(value: object) -> int:
    """Turn major units into minor ones, halves away from zero: a price in 1C may have more decimals than money.

    >>> minor(Decimal("1299.9")), minor(129990), minor("1.29999E7")
    (129990, 12999000, 1299990000)

    Raises:
        Unreadable: it is no number.
    """
    return int((number(value) * _TIYN).quantize(Decimal(1), ROUND_HALF_UP))


def major(minor_units: int) -> Decimal:
    """Turn minor units into major ones.

    >>> major(12999000), major(5)
    (Decimal('129990'), Decimal('0.05'))
    """
    return _plain(Decimal(minor_units) / _TIYN)


def milli(value: object) -> int:
    """Turn a quantity into thousandths; 1C keeps three decimals.

    Raises:
        Unreadable: it is no number.
    """
    return int((number(value) * _MILLI).quantize(Decimal(1), ROUND_HALF_UP))


def value_of(row: Mapping[str, Any], name: str, read: Callable[[object], int]) -> int:
    """Read a number of a row by `minor` or `milli`.

    Raises:
        Unreadable: it is not one; the message names the attribute and, in a section, the line.
    """
    try:
        return read(row.get(name))
    except OneCUnreadable as error:
        line = text(row, "LineNumber")
        place = f"{name} in line {line}" if line else name
        raise OneCUnreadable(f"{place}: {error}") from error


def line_amount(quantity_milli: int, price_minor: int) -> int:
    """Return the amount of a line in minor units, halves away from zero.

    >>> line_amount(1500, 333)
    500
    """
    product = Decimal(quantity_milli) * price_minor / _MILLI
    return int(product.quantize(Decimal(1), ROUND_HALF_UP))


def day(row: Mapping[str, Any], name: str = "Date") -> date:
    """Read the day of a local moment.

    Raises:
        Unreadable: it is not a moment.
    """
    try:
        return date.fromisoformat(text(row, name)[:10])
    except ValueError as error:
        raise OneCUnreadable(f"{name} is not a date") from error


def reference(row: Mapping[str, Any], name: str = _OWN_KEY) -> str:
    """Read a reference; an empty one is an empty string, and nobody's own key.

    Raises:
        Unreadable: it is not a reference.
    """
    value = text(row, name).lower()
    if not is_guid(value) or (value == EMPTY_GUID and name == _OWN_KEY):
        raise OneCUnreadable(f"{name} is not a reference")
    return "" if value == EMPTY_GUID else value


def standing(rows: Sequence[Row]) -> list[Row]:
    """Return the rows not marked for deletion."""
    return [row for row in rows if row.get("DeletionMark") is not True]


def order_record(
    fm: FieldMap, order: Row, sales: Sequence[Row], names: Mapping[str, str]
) -> ErpOrder:
    """Make our record of an order and its shipments; without any shipment its own lines stand.

    Raises:
        Unreadable: an attribute is absent or of another kind.
    """
    first = sales[0] if sales else None
    sources = [(sale, fm.sale_rows) for sale in sales] or [(order, fm.order_rows)]
    return ErpOrder(
        reference=reference(order),
        number=text(order, "Number"),
        date=day(order),
        partner_reference=reference(order, fm.partner),
        realization_reference=reference(first) if first else "",
        realization_number=text(first, "Number") if first else "",
        lines=tuple(
            _line(reference(source), row, text(row, fm.copied_row[0]).lower(), names)
            for source, section in sources
            for row in lines_of(source, section)
        ),
    )


def lines_of(source: Mapping[str, Any], section: str) -> list[Row]:
    """Return the rows of a tabular section that were not cancelled.

    Raises:
        Unreadable: the section is absent.
    """
    rows = source.get(section)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OneCUnreadable(f"no rows under {section}")
    return [row for row in rows if row.get("Отменено") is not True]


def product_references(fm: FieldMap, order: Row, sales: Sequence[Row]) -> list[str]:
    """Return the distinct products of an order, in the order of its lines."""
    sources = [(sale, fm.sale_rows) for sale in sales] or [(order, fm.order_rows)]
    found = {
        text(row, fm.copied_row[0]).lower(): None
        for source, section in sources
        for row in lines_of(source, section)
    }
    return [product for product in found if is_guid(product) and product != EMPTY_GUID]


def _line(source: str, row: Row, product: str, names: Mapping[str, str]) -> ErpLine:
    return ErpLine(
        key=f"{source}:{text(row, 'LineNumber')}",
        product_reference=product,
        name=names.get(product, ""),
        quantity_milli=value_of(row, "Количество", milli),
        price_minor=value_of(row, "Цена", minor),
        amount_minor=value_of(row, "Сумма", minor),
    )


def marker_mark(marker: str) -> str:
    """Write our key as it stands inside a text.

    >>> marker_mark("0190-ab12")
    '[qtr:0190-ab12]'
    """
    return f"[qtr:{marker}]"


def marker_value(fm: FieldMap, marker: str) -> str:
    """Write our key for an attribute of limited length; a longer key is replaced by its digest.

    >>> from qaitar.connectors.onec.fieldmap import FieldMap
    >>> len(marker_value(FieldMap(marker="ИдентификаторПлатежа"), "0" * 36))
    25
    """
    if len(marker) <= fm.marker_length:
        return marker
    return hashlib.sha256(marker.encode()).hexdigest()[: fm.marker_length]


def carries(fm: FieldMap, row: Row, marker: str) -> bool:
    """Tell whether a return order holds our key."""
    if fm.marker:
        return text(row, fm.marker) == marker_value(fm, marker)
    return marker_mark(marker) in text(row, fm.comment)


class Unfit(Exception):
    """The draft cannot be written for this sale; the words are fit to show."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a return order is filled from: the shipments by reference, and the customer's order."""

    sales: Mapping[str, Row]
    order: Row


def return_order(
    settings: OneCSettings, metadata: Metadata, draft: ReturnOrderDraft, sources: Sources
) -> Row:
    """Fill a return order: references copied from the shipment, dates and reason from the draft.

    The carrier is left to 1C unless the map names one.

    Raises:
        Unfit: a line is not of these shipments, or more comes back than was shipped.
        Unreadable: a shipment lacks an attribute it must have.
    """
    fm = settings.field_map
    rows = [
        _return_row(settings, metadata, draft, (at, line, _sold(fm, sources, line)))
        for at, line in enumerate(draft.lines, start=1)
    ]
    _check_quantities(fm, sources, draft)
    sale = sources.sales[draft.lines[0].line_key.partition(":")[0]]
    values: Row = {"Date": moment(draft.created_at.astimezone(settings.zone))}
    values |= {name: _copied(sale, name) for name in fm.copied}
    known = metadata.attributes(fm.return_set)
    values |= {name: sale[name] for name in fm.copied_if_present if name in sale and name in known}
    values |= {
        name: sources.order[name]
        for name in fm.copied_from_order
        if name in sources.order and name in known
    }
    values |= dict(fm.constants)
    values |= _filled(settings, draft, sale)
    total = sum(number(row["СуммаСНДС"] if "СуммаСНДС" in row else row["Сумма"]) for row in rows)
    values |= _named(fm.total, _plain(Decimal(total)))
    values |= {fm.return_rows: rows}
    return values


def _filled(settings: OneCSettings, draft: ReturnOrderDraft, sale: Row) -> Row:
    fm = settings.field_map
    planned = moment(draft.planned_date)
    comment = f"{fm.comment_prefix} {draft.request_number}".strip()
    if not fm.marker:
        comment = f"{comment} {marker_mark(draft.marker)}"
    chosen = draft.warehouse_reference or settings.warehouse_key or sale.get(fm.warehouse, "")
    return {
        **_named(fm.warehouse, chosen),
        **_named(fm.status, fm.status_value),
        **_named(fm.arrival_date, planned),
        **_named(fm.one_arrival_date, value=True),
        **_named(fm.delivery_date, planned),
        **_named(fm.reason, draft.reason.strip()[:REASON_LENGTH]),
        **_named(fm.comment, comment),
        **_named(fm.marker, marker_value(fm, draft.marker)),
        **_link(fm.sale_link, fm.sale_set, reference(sale)),
        **(_named(fm.carrier, fm.carrier_reference) if fm.carrier_reference else {}),
    }


def _sold(fm: FieldMap, sources: Sources, line: ReturnLine) -> Row:
    sale, _, position = line.line_key.partition(":")
    if sale not in sources.sales:
        raise Unfit(f"line {line.line_key} is not of a shipment of this order")
    for row in lines_of(sources.sales[sale], fm.sale_rows):
        if text(row, "LineNumber") == position:
            return row
    raise Unfit(f"line {position} is no longer in shipment {text(sources.sales[sale], 'Number')}")


def _check_quantities(fm: FieldMap, sources: Sources, draft: ReturnOrderDraft) -> None:
    returned: dict[str, int] = {}
    for line in draft.lines:
        returned[line.line_key] = returned.get(line.line_key, 0) + line.quantity_milli
        sold = value_of(_sold(fm, sources, line), "Количество", milli)
        if returned[line.line_key] > sold:
            back, shipped = (_plain(Decimal(n) / _MILLI) for n in (returned[line.line_key], sold))
            raise Unfit(
                f"{back} comes back on line {line.line_key}, but only {shipped} was shipped"
            )


def _return_row(
    settings: OneCSettings,
    metadata: Metadata,
    draft: ReturnOrderDraft,
    numbered: tuple[int, ReturnLine, Row],
) -> Row:
    at, line, sold = numbered
    fm = settings.field_map
    known = metadata.row_attributes(fm.return_set, fm.return_rows)
    amount = line_amount(line.quantity_milli, line.price_minor)
    row: Row = {"LineNumber": str(at)}
    row |= {name: _copied(sold, name) for name in fm.copied_row}
    row |= {name: sold[name] for name in fm.copied_row_if_present if name in sold and name in known}
    row |= {
        "Количество": _plain(Decimal(line.quantity_milli) / _MILLI),
        "Цена": major(line.price_minor),
        "Сумма": major(amount),
    }
    for name in _PROPORTIONAL:
        if name in sold and name in known:
            part, whole = (value_of(sold, each, minor) for each in (name, "Сумма"))
            row[name] = major(_share(part, amount, whole))
    if "КоличествоУпаковок" in sold and "КоличествоУпаковок" in known:
        packs = _share(
            value_of(sold, "КоличествоУпаковок", milli),
            line.quantity_milli,
            value_of(sold, "Количество", milli),
        )
        row["КоличествоУпаковок"] = _plain(Decimal(packs) / _MILLI)
    if "КодСтроки" in known:
        row["КодСтроки"] = str(at)
    row |= _named(fm.arrival_row_date, moment(draft.planned_date))
    return row | _link(fm.sale_row_link, fm.sale_set, line.line_key.partition(":")[0])


def _share(whole: int, part: int, of: int) -> int:
    """Return `whole` × `part` / `of`, halves away from zero; exactly `whole` when all of it is meant."""
    if of == 0:
        return 0
    return int((Decimal(whole) * part / of).quantize(Decimal(1), ROUND_HALF_UP))


def _copied(source: Row, name: str) -> Any:
    if name not in source:
        raise OneCUnreadable(f"{name} is absent in the shipment")
    return source[name]


def _named(name: str, value: object) -> Row:
    return {name: value} if name else {}


def _link(name: str, resource: str, target: str) -> Row:
    return {name: target, f"{name}_Type": TYPE_PREFIX + resource} if name else {}


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros without an exponent."""
    return Decimal(format(value.normalize(), "f"))


def differences(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Name every sent value that is absent or stands otherwise in what was read back.

    >>> differences({"Цена": Decimal("10.00"), "Ок": True}, {"Цена": 10, "Ок": False})
    (Difference(key='Ок', sent='true', stored='false'),)
    """
    return tuple(_differences(sent, stored, ""))


def _differences(
    sent: Mapping[str, Any], stored: Mapping[str, Any], place: str
) -> Iterator[Difference]:
    for name, value in sent.items():
        key = place + name
        if name not in stored:
            yield Difference(key, _display(value), "")
        elif isinstance(value, list):
            yield from _row_differences(value, stored[name], key)
        elif not _same(value, stored[name]):
            yield Difference(key, _display(value), _display(stored[name]))


def _row_differences(sent: list[Row], stored: object, key: str) -> Iterator[Difference]:
    if not isinstance(stored, list) or len(stored) != len(sent):
        count = len(stored) if isinstance(stored, list) else 0
        yield Difference(key, f"{len(sent)} rows", f"{count} rows")
        return
    for at, (row, other) in enumerate(zip(sent, stored, strict=True), start=1):
        yield from _differences(row, other if isinstance(other, dict) else {}, f"{key}[{at}].")


def _same(sent: object, stored: object) -> bool:
    if isinstance(sent, bool) or isinstance(stored, bool):
        return sent is stored
    if isinstance(sent, Decimal | int):
        try:
            return number(stored) == sent
        except OneCUnreadable:
            return False
    left, right = str(sent).strip(), str(stored).strip()
    return left.lower() == right.lower() if is_guid(left) else left == right


def _display(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{len(value)} rows" if isinstance(value, list) else str(value)
