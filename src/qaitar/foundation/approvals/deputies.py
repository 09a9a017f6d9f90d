"""Deputies: an approver lets a colleague decide approvals in their place, from one day to another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from qaitar.foundation.approvals.models import ApprovalDeputy
from qaitar.foundation.identity.actors import RoleNotAllowed, require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import Membership, Merchant, MerchantKey, User
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS, SENIORS, WORKERS
from qaitar.kernel.zones import local_date, zone

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

JOURNAL_KIND: Final = "approval_deputy"
DAYS_MAX: Final = 366


class DeputyProblem(ValueError):
    """A deputy cannot be named as asked; a stable code."""


class DeputyMissing(Exception):
    """These walls hold no such deputy."""


def deputy_create(
    *, merchant_id: UUID, deputy_id: int, days: tuple[date, date], by: Actor, now: datetime
) -> ApprovalDeputy:
    """Let a colleague approve in place of `by` from the first to the last day, both included, by the merchant's calendar day.

    Runs behind the merchant's walls.

    Raises:
        RoleNotAllowed: `by` may not approve, or is no person; nothing was written.
        DeputyProblem: DEPUTY_UNKNOWN (nobody who works on requests here), DEPUTY_YOURSELF, DAYS_REVERSED, DAYS_PAST,
            DAYS_TOO_MANY, DEPUTY_OVERLAP (another deputy of `by` has some of these days); nothing was written.
    """
    require_role(by, SENIORS)
    if by.user_id is None:
        raise RoleNotAllowed(by.role)
    if deputy_id == by.user_id:
        raise DeputyProblem("DEPUTY_YOURSELF")
    _check_days(days, _today(merchant_id, now))
    with transaction.atomic():
        list(MerchantKey.objects.select_for_update().filter(pk=merchant_id))
        deputy = _colleague(merchant_id, deputy_id)
        mine = ApprovalDeputy.objects.filter(
            merchant_id=merchant_id, approver_id=by.user_id, ended_at=None
        )
        if mine.filter(starts_on__lte=days[1], ends_on__gte=days[0]).exists():
            raise DeputyProblem("DEPUTY_OVERLAP")
        row = ApprovalDeputy.objects.create(
            id=new_id(),
            merchant_id=merchant_id,
            approver_id=by.user_id,
            approver_name=by.name,
            deputy_id=deputy_id,
            deputy_name=str(deputy),
            starts_on=days[0],
            ends_on=days[1],
            created_at=now,
        )
        _note(row, JournalLine(act="DEPUTY_NAME", at=now, by=by, after=_journal_values(row)))
    return row


def deputy_end(*, row_id: UUID, by: Actor, now: datetime) -> ApprovalDeputy:
    """End a deputy's right at once; ending what has ended writes nothing.

    Raises:
        RoleNotAllowed: `by` is neither the approver nor one who manages people here; nothing was written.
        DeputyMissing: these walls hold no such deputy.
    """
    with transaction.atomic():
        row = ApprovalDeputy.objects.select_for_update().filter(pk=row_id).first()
        if row is None:
            raise DeputyMissing(str(row_id))
        if by.user_id != row.approver_id:
            require_role(by, MANAGERS)
        if row.ended_at is not None:
            return row
        row.ended_at, row.ended_by_name = now, by.name
        row.save(update_fields=["ended_at", "ended_by_name"])
        _note(row, JournalLine(act="DEPUTY_END", at=now, by=by, before=_journal_values(row)))
    return row


def deputies_current(merchants: Sequence[UUID], now: datetime) -> list[ApprovalDeputy]:
    """List deputies whose last day is not over and whose approver may still approve, by their first day."""
    approves = Membership.objects.filter(
        user_id=OuterRef("approver_id"),
        merchant_id=OuterRef("merchant_id"),
        role__in=[role.value for role in SENIORS],
        user__is_active=True,
    )
    long_over = now.date() - timedelta(days=2)
    rows = ApprovalDeputy.objects.filter(
        Exists(approves), merchant_id__in=merchants, ended_at=None, ends_on__gte=long_over
    ).order_by("starts_on", "id")
    today = merchant_days({row.merchant_id for row in rows}, now)
    return [row for row in rows if row.ends_on >= today[row.merchant_id]]


def merchant_days(merchants: Collection[UUID], now: datetime) -> dict[UUID, date]:
    """Tell which calendar day it is at each of these merchants."""
    if not merchants:
        return {}
    zones = Merchant.objects.filter(pk__in=merchants).values_list("pk", "zone")
    return {key: local_date(now, zone(name)) for key, name in zones}


def colleagues(merchant_id: UUID, user_id: int) -> list[User]:
    """List who may be named a deputy by this person: everybody else who works on the merchant's requests."""
    works = Membership.objects.filter(
        merchant_id=merchant_id, role__in=[role.value for role in WORKERS], user__is_active=True
    )
    found = works.exclude(user_id=user_id).select_related("user")
    return [each.user for each in found.order_by("user__first_name", "user__username")]


def _colleague(merchant_id: UUID, user_id: int) -> User:
    works = Membership.objects.filter(
        merchant_id=merchant_id,
        user_id=user_id,
        role__in=[role.value for role in WORKERS],
        user__is_active=True,
    )
    found = works.select_related("user").first()
    if found is None:
        raise DeputyProblem("DEPUTY_UNKNOWN")
    return found.user


def _today(merchant_id: UUID, now: datetime) -> date:
    return merchant_days([merchant_id], now)[merchant_id]


def _check_days(days: tuple[date, date], today: date) -> None:
    first, last = days
    if last < first:
        raise DeputyProblem("DAYS_REVERSED")
    if last < today:
        raise DeputyProblem("DAYS_PAST")
    if (last - first).days >= DAYS_MAX:
        raise DeputyProblem("DAYS_TOO_MANY")


def _journal_values(row: ApprovalDeputy) -> dict[str, str]:
    return {
        "approver": row.approver_name,
        "deputy": row.deputy_name,
        "from": row.starts_on.isoformat(),
        "until": row.ends_on.isoformat(),
    }


def _note(row: ApprovalDeputy, line: JournalLine) -> None:
    setting_note(merchant_id=row.merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)
