"""Tables of what was sold: stores, orders, lines, customers, tenders, units, and the imports that brought them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class Store(Walled):
    """One account on one sales channel, with its own working week and its own default when a date runs out."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=16, default="KASPI")
    external_id = models.CharField(max_length=64, blank=True)
    zone = models.CharField(max_length=64, default="Asia/Almaty")
    # {"mon": ["09:00", "18:00"], ..., "sun": null}; exceptions {"2026-12-31": null, "2026-12-26": ["10:00", "15:00"]}
    week = models.JSONField(default=dict)
    exceptions = models.JSONField(default=dict, blank=True)
    clocks = models.JSONField(
        default=dict, blank=True
    )  # ClockSettings that differ from the defaults
    default_action = models.CharField(max_length=16, default="CALL_DUTY")
    default_reason = models.CharField(max_length=32, default="NO_ANSWER")
    duty_user_id = models.BigIntegerField(null=True, blank=True)
    marketplace_fiscalises = models.BooleanField(default=True)
    cabinet_url = models.CharField(max_length=300, blank=True)
    support_mailbox = models.EmailField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant_id", "channel", "name"], name="store_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class Customer(Walled):
    """A buyer as one channel names them."""

    id = models.UUIDField(primary_key=True, default=new_id)
    channel = models.CharField(max_length=16)
    external_id = models.CharField(max_length=120)  # personal data: on Kaspi it encodes the phone
    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_id", "channel", "external_id"], name="customer_once"
            ),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class Order(Walled):
    """A sale on a channel.  A field left empty means that no source has told it yet; merging never erases."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    code = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120, blank=True)
    customer_id = models.UUIDField(null=True)
    ordered_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=60, blank=True)  # the channel's own word, kept as text
    status_changed_on = models.DateField(null=True)
    payment_mode = models.CharField(max_length=40, blank=True)
    total_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="KZT")
    delivery_mode = models.CharField(max_length=40, blank=True)
    delivery_cost_minor = models.BigIntegerField(null=True)
    delivery_cost_seller_minor = models.BigIntegerField(null=True)
    address = models.TextField(blank=True)
    pickup_point = models.CharField(max_length=120, blank=True)
    waybill_number = models.CharField(max_length=60, blank=True)
    waybill_url = models.TextField(blank=True)
    planned_delivery_at = models.DateTimeField(null=True)
    courier_handed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    returned_to_warehouse = models.BooleanField(null=True)
    cancellation_reason = models.CharField(max_length=300, blank=True)
    erp_number = models.CharField(max_length=60, blank=True)
    digest = models.BinaryField(
        max_length=32
    )  # of what was last merged in: equal means nothing changed
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store_id", "code"], name="order_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "ordered_at", "id"], name="order_recent"),
            models.Index(fields=["merchant_id", "code"], name="order_code"),
        ]

    @override
    def __str__(self) -> str:
        return self.code


class OrderLine(Walled):
    """One article of an order.  Quantity in thousandths, money in minor units."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order_id = models.UUIDField(db_index=True)
    key = models.CharField(max_length=160)  # the channel's line id, else offer code and name
    number = models.PositiveIntegerField(default=0)
    offer_code = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=500)
    category_code = models.CharField(max_length=200, blank=True)
    category_title = models.CharField(max_length=200, blank=True)
    quantity_milli = models.BigIntegerField(default=1000)
    unit_type = models.CharField(max_length=30, blank=True)
    price_minor = models.BigIntegerField(null=True)
    total_minor = models.BigIntegerField(null=True)
    imei_required = models.BooleanField(null=True)
    # The line's own, where a source tells it: one line of an order may be returned while another is not.
    status = models.CharField(max_length=60, blank=True, default="", db_default="")
    status_changed_on = models.DateField(null=True)
    # the seller's own name of it, and the marketplace's number of its card
    own_name = models.CharField(max_length=500, blank=True, default="", db_default="")
    product_code = models.CharField(max_length=120, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "key"], name="line_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class Tender(Walled):
    """One way an order was paid: card, credit or instalment with its term, bonuses."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order_id = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField(null=True)
    term_months = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "kind"], name="tender_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.kind


class Unit(Walled):
    """One physical thing that was sold, by serial number, IMEI or marking code."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order_id = models.UUIDField(db_index=True)
    line_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=16)  # SERIAL, IMEI, MARKING
    value = models.CharField(max_length=120)
    noted_at = models.DateTimeField()
    noted_by_name = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "kind", "value"], name="unit_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class ImportRun(Walled):
    """One file or one poll that brought rows in: what was read, what became of it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    kind = models.CharField(max_length=16)  # ORDERS, RETURNS
    source = models.CharField(max_length=16)  # FILE, API
    name = models.CharField(max_length=255, blank=True)
    file_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16, default="RUNNING")  # RUNNING, DONE, FAILED
    # what `read` comes to while a job reads
    rows_expected = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    # Which stores the rows went to, what was not taken as it stood, which number the store got: see `services.imports`.
    report = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    by_name = models.CharField(max_length=200)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["merchant_id", "-id"], name="import_recent")]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ImportRejection(Walled):
    """A row that could not be taken: where it stood, why, and the row itself, so that nothing is lost."""

    id = models.UUIDField(primary_key=True, default=new_id)
    run_id = models.UUIDField(db_index=True)
    row_number = models.PositiveIntegerField()
    sheet = models.CharField(max_length=100, blank=True)  # '' where the file has one table
    reason_code = models.CharField(max_length=60)
    reason = models.TextField()
    raw = models.JSONField()

    @override
    def __str__(self) -> str:
        return f"{self.row_number}: {self.reason_code}"


class GoodsGroupMapping(Walled):
    """Which legal group of goods a channel's category belongs to: suggested by the program, decided by a person."""

    id = models.UUIDField(primary_key=True, default=new_id)
    category_title = models.CharField(max_length=200)
    group = models.CharField(max_length=32)  # '' for "returnable"
    suggested = models.CharField(max_length=32, blank=True)
    reviewed_by_name = models.CharField(max_length=200, blank=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant_id", "category_title"], name="mapping_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.category_title
