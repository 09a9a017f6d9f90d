"""Tables of figures: what each request comes to, sums by day, how far counting has come, lists taken away."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class CaseFigure(Walled):
    """What one request adds to the figures.  Its id is the request's; every number of a report is a count of these rows."""

    id = models.UUIDField(primary_key=True)
    store_id = models.UUIDField()
    filed_on = models.DateField()
    answer = models.CharField(max_length=8, blank=True)
    answer_s = models.BigIntegerField(null=True)
    taking = models.CharField(max_length=8, blank=True)
    taking_on = models.DateField(null=True)
    final = models.CharField(max_length=8, blank=True)
    final_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    closed_s = models.BigIntegerField(null=True)
    pace = models.CharField(max_length=10, blank=True)
    outcome = models.CharField(max_length=24, blank=True)
    quality = models.CharField(max_length=4, blank=True)
    quality_on = models.DateField()
    reason = models.CharField(max_length=120, blank=True)
    product = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "filed_on", "id"], name="figure_filed"),
            models.Index(fields=["merchant_id", "answer", "filed_on", "id"], name="figure_answer"),
            models.Index(
                fields=["merchant_id", "taking", "taking_on", "id"],
                name="figure_taking",
                condition=Q(taking_on__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "final", "final_on", "id"],
                name="figure_final",
                condition=Q(final_on__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "closed_on", "id"],
                name="figure_closed",
                condition=Q(closed_on__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "quality", "quality_on", "id"],
                name="figure_quality",
                condition=~Q(quality=""),
            ),
            models.Index(
                fields=["merchant_id", "product", "filed_on", "id"], name="figure_product"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.id} {self.answer}"


class DayFigure(Walled):
    """How often a measure happened at a store on a day, and how many seconds that took together."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    day = models.DateField()
    measure = models.CharField(max_length=40)
    count = models.BigIntegerField(default=0)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_id", "day", "measure", "store_id"], name="dayfigure_once"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.day} {self.measure} {self.count}"


class ReasonFigure(Walled):
    """How often a product was asked back for a reason, by the day of filing; `sample_id` is a request that names both."""

    id = models.UUIDField(primary_key=True, default=new_id)
    store_id = models.UUIDField()
    day = models.DateField()
    product = models.CharField(max_length=120)
    reason = models.CharField(max_length=120)
    count = models.BigIntegerField(default=0)
    sample_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_id", "day", "product", "reason", "store_id"],
                name="reasonfigure_once",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.day} {self.product} {self.reason} {self.count}"


class FigureState(Walled):
    """How far counting has come for a merchant, and under which rules."""

    id = models.UUIDField(primary_key=True, default=new_id)
    rules = models.JSONField(default=dict)  # what the merchant set; the rest is the program's
    digest = models.CharField(max_length=500, blank=True)  # the way of counting the figures follow
    walk_after = models.UUIDField(null=True)  # where counting anew stands; empty when it is over
    walked = models.PositiveBigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    orders_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant_id"], name="figurestate_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"counted {self.counted_at}"


class ListExport(Walled):
    """A list too long to wait for, made into a file by a job: whose, of what, and how far it is."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.BigIntegerField()
    merchants = models.JSONField()  # whose rows are in it; all of them must be the reader's
    kind = models.CharField(max_length=16)
    wanted = models.JSONField()
    form = models.CharField(max_length=8)  # XLSX, CSV
    language = models.CharField(max_length=5)
    state = models.CharField(max_length=16, default="RUNNING")  # RUNNING, DONE, FAILED
    rows_expected = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    file_id = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    @override
    def __str__(self) -> str:
        return f"{self.form} {self.state}"
