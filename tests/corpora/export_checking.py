"""Reads a generated export and says where the reading differs from what its maker expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files.reader import ExportFile, FileRefused, read_orders
from qaitar.contracts.marketplace import OrderRecord, RowRejected
from tests.corpora.export_forms import Line, Order

if TYPE_CHECKING:
    from tests.corpora.export_forms import Made


def differences(made: Made) -> list[str]:
    """Say every difference; nothing when the file was read as expected."""
    reported = read_orders(made.body)
    expected = made.expected
    if isinstance(reported, FileRefused) or expected.refused:
        code = reported.code if isinstance(reported, FileRefused) else "read"
        return [] if code == expected.refused else [f"{code} is not {expected.refused or 'read'}"]
    read = list(reported)
    orders = [_order(each) for each in read if isinstance(each, OrderRecord)]
    rejected = [
        (each.sheet, each.row_number, each.reason_code)
        for each in read
        if isinstance(each, RowRejected)
    ]
    pairs: list[tuple[object, object]] = [
        (reported.rows_total, expected.rows),
        (reported.sheets_unread, expected.sheets_unread),
        (sorted(orders, key=str), sorted(expected.orders, key=str)),
        (sorted(rejected), sorted(expected.rejected)),
        (sum(len(each.notes) for each in read if isinstance(each, OrderRecord)), expected.notes),
        (_rows(reported), expected.rows),
    ]
    return [f"{is_} is not {should}" for is_, should in pairs if is_ != should]


def _rows(reported: ExportFile) -> int:
    """Count the rows that ended somewhere, over a second reading."""
    return sum(len(each.row_numbers) if isinstance(each, OrderRecord) else 1 for each in reported)


def _order(record: OrderRecord) -> Order:
    return Order(
        record.sheet,
        record.code,
        record.total_minor,
        record.status or "",
        record.shop_number or "",
        tuple(
            Line(
                line.offer_code or "",
                line.quantity_milli or 0,
                line.total_minor,
                line.status or "",
            )
            for line in record.lines or ()
        ),
    )
