"""Tables of return requests: the case itself, its proofs, approvals, mirror readings and counters."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id
from qaitar.returns.vocabulary import Outcome, Quality, Stage


class ReturnRequest(Walled):
    """A customer's request to return a thing, one attempt of it: `<order>-<attempt>`.

    `stage` is where our work stands; `section` is what the marketplace last showed.  Every open request has
    exactly one control date (`control_at`), with the rule and source it comes from.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    store_name = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    order_code = models.CharField(max_length=40)
    attempt = models.PositiveIntegerField()
    order_id = models.UUIDField(null=True)
    line_id = models.UUIDField(null=True)
    external_id = models.CharField(max_length=64, blank=True)  # refundId of the cabinet
    source = models.CharField(max_length=16)  # MANUAL, CABINET, API, FILE

    # where our work stands
    stage = models.CharField(max_length=20, default=Stage.NEW)
    outcome = models.CharField(max_length=24, blank=True, default=Outcome.NONE)
    stage_since = models.DateTimeField()
    quality = models.CharField(max_length=20, default=Quality.UNKNOWN)
    refusal_reason = models.CharField(max_length=32, blank=True)
    customer_contacted = models.BooleanField(default=False)
    customer_answered = models.BooleanField(default=False)
    sent_to_service_centre = models.BooleanField(default=False)
    # what people saw: unused, complete, packaging, defect_confirmed, reason_untrue, unit, warranty_until
    inspection = models.JSONField(default=dict)
    goods_handed_over = models.BooleanField(default=False)
    goods_checked = models.CharField(max_length=12, default="UNCHECKED")
    dispute_evidence_sent = models.BooleanField(default=False)
    reopening_requested_at = models.DateTimeField(null=True)
    approval = models.CharField(max_length=10, default="NONE")
    approval_requested_by_id = models.BigIntegerField(null=True)
    assignee_id = models.BigIntegerField(null=True)
    assignee_name = models.CharField(max_length=200, blank=True)

    # control date
    control_at = models.DateTimeField(null=True)
    control_rule = models.CharField(max_length=24, blank=True)
    control_source = models.CharField(max_length=60, blank=True)
    marketplace_due_at = models.DateTimeField(null=True)  # the date the marketplace shows
    marketplace_due_section = models.CharField(max_length=20, blank=True)
    guard_next_at = models.DateTimeField(null=True)  # when the deadline guard has to look again
    alerts_sent = models.JSONField(
        default=list
    )  # what the guard has already raised for this control date
    alert_level = models.CharField(
        max_length=16, blank=True
    )  # loudest thing raised: REMIND, ESCALATE, MISSED

    # a decision that has to be pressed in the cabinet and seen in the mirror
    # PRESS_TAKE, PRESS_REFUSE or PRESS_GRANT; empty where no press waits to be seen in the cabinet
    pending_press = models.CharField(max_length=16, blank=True)
    pending_since = models.DateTimeField(null=True)
    pending_text = models.TextField(blank=True)

    # what the marketplace shows
    section = models.CharField(max_length=20, blank=True)
    section_raw = models.CharField(max_length=60, blank=True)
    section_seen_at = models.DateTimeField(null=True)
    status_text = models.CharField(max_length=300, blank=True)
    mirror = models.JSONField(
        default=dict
    )  # steps, photos' addresses, tracking: what else the cabinet last told
    reason_code = models.CharField(max_length=60, blank=True)
    reason_text = models.CharField(max_length=300, blank=True)
    customer_words = models.TextField(blank=True)
    filed_at = models.DateTimeField()
    received_on = models.DateField(null=True)
    planned_arrival_on = models.DateField(null=True)
    arrived_at = models.DateTimeField(null=True)
    arrived_where = models.CharField(max_length=8, blank=True)
    refused_at = models.DateTimeField(null=True)
    disputed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    # what it is about, kept here so that the queue is one query
    product_name = models.CharField(max_length=500)
    product_sku = models.CharField(max_length=120, blank=True)
    category_title = models.CharField(max_length=200, blank=True)
    quantity_milli = models.BigIntegerField(default=1000)
    amount_minor = models.BigIntegerField(null=True)
    # the highest amount a person has replaced by another; the limit of approval is judged by it
    amount_peak_minor = models.BigIntegerField(null=True)
    # a person entered the amount and neither the order nor the marketplace tells one
    amount_by_hand = models.BooleanField(default=False, db_default=False)
    withdraw_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="KZT")
    customer_name = models.CharField(max_length=200, blank=True)
    customer_phone = models.CharField(max_length=20, blank=True)
    unit_value = models.CharField(max_length=120, blank=True)
    counts_as_quality = models.BooleanField(default=False)

    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    journal_seq = models.PositiveIntegerField(default=0)
    journal_head = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store_id", "number"], name="request_once"),
            models.CheckConstraint(
                name="request_open_has_control_date",
                condition=Q(stage="CLOSED", control_at__isnull=True)
                | (~Q(stage="CLOSED") & Q(control_at__isnull=False) & ~Q(control_rule="")),
            ),
            models.CheckConstraint(
                name="request_outcome_when_closed",
                condition=(Q(stage="CLOSED") & ~Q(outcome=""))
                | (~Q(stage="CLOSED") & Q(outcome="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["merchant_id", "control_at", "id"],
                name="request_queue",
                condition=~Q(stage="CLOSED"),
            ),
            models.Index(fields=["merchant_id", "stage", "control_at", "id"], name="request_stage"),
            models.Index(
                fields=["merchant_id", "store_id", "control_at", "id"],
                name="request_store",
                condition=~Q(stage="CLOSED"),
            ),
            models.Index(
                fields=["merchant_id", "store_id", "stage", "control_at", "id"],
                name="request_store_stage",
                condition=~Q(stage="CLOSED"),
            ),
            models.Index(
                fields=["merchant_id", "pending_since", "id"],
                name="request_pending",
                condition=~Q(pending_press=""),
            ),
            models.Index(
                fields=["merchant_id", "assignee_id", "control_at", "id"],
                name="request_assignee",
                condition=~Q(stage="CLOSED"),
            ),
            models.Index(fields=["merchant_id", "closed_at", "id"], name="request_closed"),
            models.Index(
                fields=["merchant_id", "store_id", "closed_at", "id"],
                name="request_closed_store",
                condition=Q(stage="CLOSED"),
            ),
            models.Index(fields=["merchant_id", "-filed_at", "-id"], name="request_register"),
            models.Index(fields=["merchant_id", "order_code", "attempt"], name="request_chain"),
            models.Index(
                fields=["store_id", "order_code"],
                name="request_unlinked",
                condition=Q(order_id__isnull=True) & ~Q(stage="CLOSED"),
            ),
            models.Index(
                fields=["merchant_id", "guard_next_at"],
                name="request_guard",
                condition=~Q(stage="CLOSED"),
            ),
        ]

    @override
    def __str__(self) -> str:
        return self.number


class Evidence(Walled):
    """A proof in a case: which file, what it shows, who added it, when, from where; step 6's two confirmations."""

    id = models.UUIDField(primary_key=True, default=new_id)
    request_id = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=24)
    file_id = models.UUIDField()
    file_sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255)
    note = models.CharField(max_length=500, blank=True)
    signature_confirmed = models.BooleanField(default=False)
    stamp_confirmed = models.BooleanField(default=False)
    confirmed_by_name = models.CharField(max_length=200, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    added_by_id = models.BigIntegerField(null=True)
    added_by_name = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    origin = models.CharField(max_length=100)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request_id", "kind", "file_sha256"],
                name="evidence_once",
                condition=Q(withdrawn_at__isnull=True),
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class StageDelta(Walled):
    """A change of how many requests stand where; summed into `StageCount` by a job, so no row is ever hot."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    stage = models.CharField(max_length=20)
    delta = models.IntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["merchant_id", "stage"], name="delta_merchant")]

    @override
    def __str__(self) -> str:
        return f"{self.stage} {self.delta:+d}"


class StageCount(Walled):
    """How many requests of a store stand at a stage, without the deltas not summed in yet."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    stage = models.CharField(max_length=20)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant_id", "store_id", "stage"], name="count_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.stage} {self.count}"


class MerchantRule(Walled):
    """A merchant's own rule over the law's: a value of the rules table with dates of validity."""

    id = models.UUIDField(primary_key=True, default=new_id)
    key = models.CharField(max_length=60)
    value = models.JSONField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    note = models.CharField(max_length=300, blank=True)
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "key", "valid_from"], name="rule_key")
        ]

    @override
    def __str__(self) -> str:
        return self.key


class DayOff(Walled):
    """A day the merchant's calendar differs from the state's table: a moved holiday or a working Saturday."""

    id = models.UUIDField(primary_key=True, default=new_id)
    day = models.DateField()
    off = models.BooleanField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant_id", "day"], name="day_once"),
        ]

    @override
    def __str__(self) -> str:
        return str(self.day)


class CasePresence(Walled):
    """A person who has a case open: true for half a minute after `seen_at`.  Not logged: a crash may forget it."""

    id = models.BigAutoField(primary_key=True)
    request_id = models.UUIDField()
    user_id = models.BigIntegerField()
    user_name = models.CharField(max_length=200)
    seen_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="presence_seen")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request_id", "user_id"], name="presence_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.user_name
