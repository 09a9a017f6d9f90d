"""Orders as the export file and the Shop API tell them, and export files themselves."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from qaitar.contracts.marketplace import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    TenderKind,
    TenderRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = (
    "№ заказа",
    "Дата поступления заказа",
    "Название товара в Kaspi Магазине",
    "Артикул",
    "Сумма",
    "Категория",
    "Адрес самовывоза/доставки",
    "Дата изменения статуса",
    "Статус",
    "Способ оплаты",
    "Количество",
    "Склад передачи КД",
)
ROW = {
    "№ заказа": "300000001",
    "Дата поступления заказа": "29.07.2025",
    "Название товара в Kaspi Магазине": "Смартфон Әлем 8/256",
    "Артикул": "SKU-1",
    "Сумма": "119990.0",
    "Категория": "Смартфоны",
    "Адрес самовывоза/доставки": "Алматы, Абая 10",
    "Дата изменения статуса": "31.07.2025",
    "Статус": "Выдан",
    "Способ оплаты": "Безналичная оплата",
    "Количество": "1.0",
    "Склад передачи КД": "30000000_PP1",
}
DAY = datetime(2025, 7, 28, 19, tzinfo=UTC)  # the start of 29 July in Almaty
MOMENT = datetime(2025, 7, 29, 6, 15, 30, tzinfo=UTC)


def file_order(code: str = "300000001", **reported: Any) -> OrderRecord:
    """An order as the export tells it: days, one line, no customer."""
    record = OrderRecord(
        code=code,
        created_at=DAY,
        dates_are_days=True,
        state="ARCHIVE",
        status="COMPLETED",
        status_changed_on=date(2025, 7, 31),
        delivered_at=datetime(2025, 7, 30, 19, tzinfo=UTC),
        payment_mode="PREPAID",
        total_minor=11_999_000,
        delivery_mode="DELIVERY_LOCAL",
        address="Алматы, Абая 10",
        pickup_point="30000000_PP1",
        lines=(
            LineRecord(
                offer_code="SKU-1",
                name="Смартфон Әлем 8/256",
                category_title="Смартфоны",
                quantity_milli=1000,
                price_minor=11_999_000,
                total_minor=11_999_000,
            ),
        ),
        tenders=(TenderRecord(kind=TenderKind.CARD, amount_minor=11_999_000),),
        row_numbers=(2,),
    )
    return replace(record, **reported)


def api_order(code: str = "300000001", **reported: Any) -> OrderRecord:
    """The same order as the Shop API tells it: moments, ids, the customer."""
    record = OrderRecord(
        code=code,
        external_id=f"id-{code}",
        created_at=MOMENT,
        state="ARCHIVE",
        status="COMPLETED",
        payment_mode="PREPAID",
        total_minor=11_999_000,
        delivery_mode="DELIVERY_LOCAL",
        address="г. Алматы, пр. Абая, 10",
        waybill_number="W-1",
        planned_delivery_at=datetime(2025, 7, 31, 12, tzinfo=UTC),
        customer=CustomerRecord(
            external_id="NzAxMjM0NTY3OA",
            first_name="Оксана",
            last_name="П.",
            phone_raw="7012345678",
        ),
        lines=(
            LineRecord(
                external_id=f"line-{code}",
                number=0,
                offer_code="SKU-1",
                name="Смартфон Alem 8/256 чёрный",
                category_code="Master - Smartphones",
                category_title="Смартфоны",
                quantity_milli=1000,
                unit_type="PIECE",
                price_minor=11_999_000,
                total_minor=11_999_000,
                imei_required=True,
            ),
        ),
        tenders=(TenderRecord(kind=TenderKind.CARD, amount_minor=11_999_000),),
    )
    return replace(record, **reported)


def export_rows(*changes: Mapping[str, str]) -> list[list[str]]:
    """Rows of an export, each the usual row with some cells changed."""
    return [[{**ROW, **change}[name] for name in COLUMNS] for change in changes]


def export_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """An export saved as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def export_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """An export as the cabinet gives it: every cell is text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([COLUMNS, *rows]):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cell)
    return out.getvalue()
