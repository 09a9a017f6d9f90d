"""Tables of approvals and of those who may decide them in an approver's place."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class Approval(Walled):
    """An approval somebody asked for: its purpose, its subject, what it covers, and what became of it.

    Rows are written in the statement that changes the subject (`transition.move`), so the subject's version guards them.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    purpose = models.CharField(max_length=24)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    subject_version = models.PositiveIntegerField()  # the subject's when approval was asked for
    covered = models.JSONField()
    covered_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=12)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_name = models.CharField(max_length=200)
    requested_at = models.DateTimeField()
    decided_by_id = models.BigIntegerField(null=True)
    decided_by_name = models.CharField(max_length=200, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_for_name = models.CharField(
        max_length=200, default="", blank=True
    )  # whose deputy decided
    voided_by_name = models.CharField(max_length=200, default="", blank=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "foundation"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="approval_by_another_person",
                condition=models.Q(requested_by_id__isnull=True)
                | models.Q(decided_by_id__isnull=True)
                | ~models.Q(requested_by_id=models.F("decided_by_id")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_id", "state"], name="approval_subject"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.purpose} {self.state}"


class ApprovalDeputy(Walled):
    """A colleague who decides approvals in an approver's place, from the first to the last day."""

    id = models.UUIDField(primary_key=True, default=new_id)
    approver_id = models.BigIntegerField()
    approver_name = models.CharField(max_length=200)
    deputy_id = models.BigIntegerField()
    deputy_name = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day, included
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        app_label = "foundation"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="deputy_is_another_person",
                condition=~models.Q(approver_id=models.F("deputy_id")),
            ),
            models.CheckConstraint(
                name="deputy_days_in_order", condition=models.Q(starts_on__lte=models.F("ends_on"))
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "ends_on"], name="approval_deputy_days"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.deputy_name} {self.starts_on} {self.ends_on}"
