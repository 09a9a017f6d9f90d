"""Puts a sale into the stand-in base: a customer's order and, when shipped, its realization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.onec.model import ORDER, SALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qaitar.sandbox.onec.base import Base

_HEAD = ("Партнер", "Контрагент", "Организация", "Соглашение", "Договор", "Валюта", "Склад")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of a sale: units in thousandths, price of a unit in minor units, VAT in per cent inside."""

    name: str
    quantity_milli: int
    price_minor: int
    vat_percent: int = 12


@dataclass(frozen=True, slots=True)
class SeededOrder:
    """References of what was put into the base; `head` holds the copied header attributes."""

    order: str
    sale: str
    head: dict[str, str]


def seed_order(
    base: Base, code: str, lines: Sequence[SoldLine], *, shipped: bool = True, posted: bool = True
) -> SeededOrder:
    """Write an order whose number in the customer's data is `code`, and its realization."""
    head = {f"{name}_Key": base.new_reference() for name in _HEAD}
    body: dict[str, Any] = {
        **head,
        "Date": "2026-01-20T12:30:00",
        "Posted": True,
        "НалогообложениеНДС": "ПродажаОблагаетсяНДС",
        "СпособДоставки": "СиламиПеревозчика",
        "АдресДоставки": "г. Алматы, пр. Абая, 1",
        "СуммаДокумента": sum(line.quantity_milli * line.price_minor for line in lines) / 100_000,
        "Товары": [_row(base, at, line) for at, line in enumerate(lines, start=1)],
    }
    order = base.insert(
        ORDER,
        {**body, "НомерПоДаннымКлиента": code, "Приоритет_Key": base.new_reference()},
    )
    sale = ""
    if shipped:
        link = {"ЗаказКлиента": order["Ref_Key"], "ЗаказКлиента_Type": f"StandardODATA.{ORDER}"}
        sale = str(base.insert(SALE, {**body, **link, "Posted": posted})["Ref_Key"])
    return SeededOrder(str(order["Ref_Key"]), sale, head)


def _row(base: Base, at: int, line: SoldLine) -> dict[str, Any]:
    amount = line.quantity_milli * line.price_minor / 100_000
    vat = round(amount * line.vat_percent / (100 + line.vat_percent), 2)
    return {
        "Номенклатура_Key": base.product(line.name),
        "Количество": line.quantity_milli / 1000,
        "КоличествоУпаковок": line.quantity_milli / 1000,
        "Цена": line.price_minor / 100,
        "Сумма": amount,
        "СтавкаНДС_Key": base.new_reference(),
        "СтавкаНДС": f"НДС{line.vat_percent}",
        "СуммаНДС": vat,
        "СуммаСНДС": amount,
        "КодСтроки": at,
        "Серия_Key": base.new_reference(),
    }
