"""The words of the cabinet's export: column names, statuses, ways to pay and deliver, as genuine files have them."""

from __future__ import annotations

CURRENCY = "KZT"
HEADER_SEARCH_ROWS = 20

CODE = "№ заказа"
CREATED = "Дата поступления заказа"
NAME = "Название товара в Kaspi Магазине"
OWN_NAME = "Название в системе продавца"
OFFER_CODE = "Артикул"
AMOUNT = "Сумма"
CATEGORY = "Категория"
ADDRESS = "Адрес самовывоза/доставки"
STATUS_CHANGED = "Дата изменения статуса"
STATUS = "Статус"
CANCEL_REASON = "Причина отмены"
PAYMENT = "Способ оплаты"
DELIVERY = "Способ доставки"
COURIER = "Курьерская служба"
QUANTITY = "Количество"
DELIVERY_COST = "Стоимость доставки для покупателя"
DELIVERY_COST_SELLER = "Стоимость доставки для продавца"
DELIVERY_COMPENSATION = "Компенсация за доставку"
COURIER_PLANNED = "Плановая дата передачи курьеру"
HANDOVER_POINT = "Склад передачи КД"

COLUMNS = (
    CODE, CREATED, NAME, OWN_NAME, OFFER_CODE, AMOUNT, CATEGORY, ADDRESS, STATUS_CHANGED, STATUS, CANCEL_REASON, PAYMENT,
    DELIVERY, COURIER, "Принял", "Выдал", "Отменил", "Оценка покупателя", "Отзыв покупателя", "Дата публикации отзыва",
    "Оформил", QUANTITY, DELIVERY_COST, DELIVERY_COST_SELLER, DELIVERY_COMPENSATION, "Требуется подписание",
    COURIER_PLANNED, HANDOVER_POINT,
)  # fmt: skip
REQUIRED = (CODE, CREATED, STATUS)

# Export word (folded) → the API's state and status.  Words not listed are kept as they came.
STATUSES: dict[str, tuple[str | None, str]] = {
    "ожидает передачи курьеру": ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"),
    "передан курьеру": ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"),
    "ожидает отмены": (None, "CANCELLING"),
    "выдан": ("ARCHIVE", "COMPLETED"),
    "отменен": ("ARCHIVE", "CANCELLED"),
    "возврат": ("ARCHIVE", "RETURNED"),
}
COMPLETED = "COMPLETED"
# Of rows of one order with different statuses: what is under way speaks for the order, then what the buyer has, then the rest.
FINISHED = (COMPLETED, "RETURNED", "CANCELLED")
PAYMENTS = {"безналичная оплата": "PREPAID", "оплата в кредит": "PAY_WITH_CREDIT"}
DELIVERIES = {
    "самовывоз": "DELIVERY_PICKUP",
    "самовывоз (межгород)": "DELIVERY_REGIONAL_PICKUP",
    "доставка": "DELIVERY_LOCAL",
    "доставка (межгород)": "DELIVERY_REGIONAL_TODOOR",
}
KASPI_COURIER = "kaspi логистика"
