"""Beginning a practice: a shop of one person's own behind its own walls, filled by a job, then the person let in."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.foundation.identity.people import merchant_create, role_set
from qaitar.foundation.models import Merchant, MerchantKey, User
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.services.practising import practice_store, practice_store_create
from qaitar.returns.rules.goods_groups import suggest_group
from qaitar.sandbox.shelf import GOODS
from qaitar.training.cases import LASTS_MINUTES, NO_ANSWER_MINUTES, SEED_MAX, cases_drawn
from qaitar.training.models import Practice, PracticeState
from qaitar.training.services.seed_cases import PracticeShop, case_fill, papers_draw

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.access import Principal

LASTS: Final = timedelta(minutes=LASTS_MINUTES)
PREPARE_TASK: Final = "qaitar.training.tasks.practice_prepare"


class PracticeProblem(ValueError):
    """What was asked cannot be done; a stable code."""


def seed_new() -> int:
    """Choose a seed nobody has asked for."""
    return secrets.randbelow(SEED_MAX) + 1


def practice_begin(*, who: Principal, home: UUID, name: str, seed: int, now: datetime) -> Practice:
    """Make an empty practice shop for a person and have it filled; its result will be kept at `home`.

    Runs in the caller's transaction, which sees `home` alone afterwards.

    Raises:
        PracticeProblem: ALREADY, while another practice of this person is not ended; nothing was made.
    """
    User.objects.select_for_update().get(pk=who.user_id)
    if MerchantKey.objects.filter(active=True, practice_of=who.user_id).exists():
        raise PracticeProblem("ALREADY")
    assert home in who.roles, "a result is kept where the person works"
    shop = merchant_create(name=name, now=now)
    MerchantKey.objects.filter(pk=shop.pk).update(practice_of=who.user_id, practice_home=home)
    practice_store_create(
        merchant_id=shop.pk,
        name=name,
        clocks={"no_answer_minutes": NO_ANSWER_MINUTES},
        groups=_groups(),
        now=now,
    )
    see([home])
    practice = Practice.objects.create(
        id=new_id(),
        merchant_id=home,
        user_id=who.user_id,
        user_name=who.name,
        shop_id=shop.pk,
        seed=seed,
        requested_at=now,
    )
    job_defer(PREPARE_TASK, merchant_id=str(home), practice_id=str(practice.pk))
    return practice


def _groups() -> dict[str, str]:
    """Tell the goods group of every category: reviewing them is the owner's work, and no part of this."""
    titles = sorted({goods.category_title for goods in GOODS})
    return {
        title: suggested.group.value if (suggested := suggest_group(title)) else ""
        for title in titles
    }


def practice_prepare(home: UUID, now: datetime, *, practice_id: UUID) -> None:
    """Fill the shop case by case and let the person in; begun again after a crash it goes on where it stood."""
    with within_walls(home):
        practice = Practice.objects.filter(pk=practice_id).first()
    if practice is None or practice.state != PracticeState.PREPARING:
        return
    with within_walls(practice.shop_id):
        store_id = practice_store(practice.shop_id)
    shop = PracticeShop(practice.shop_id, store_id, papers_draw(), now)
    for number, drawn in enumerate(cases_drawn(practice.seed), start=1):
        with within_walls(practice.shop_id):
            case_fill(shop, drawn)
        with within_walls(home):
            Practice.objects.filter(pk=practice_id).update(prepared=number)
    with transaction.atomic(durable=True):
        see([home, practice.shop_id])
        _let_in(practice, now)


def _let_in(practice: Practice, now: datetime) -> None:
    until = now + LASTS
    opened = Practice.objects.filter(pk=practice.pk, state=PracticeState.PREPARING).update(
        state=PracticeState.OPEN, opened_at=now, until=until
    )
    if not opened:  # given up while it was filled
        return
    shop = Merchant.objects.get(pk=practice.shop_id)
    shop.settings = {"practice": {"until": until.isoformat()}}
    shop.save(update_fields=["settings"])
    user = User.objects.get(pk=practice.user_id)
    role_set(user=user, merchant_id=practice.shop_id, role=Role.OPERATOR, now=now)
