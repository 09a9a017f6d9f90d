"""What happens in open practice shops by itself, minute by minute, and the end of those whose time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction

from qaitar.contracts.marketplace import Section
from qaitar.foundation.models import MerchantKey
from qaitar.foundation.ops.jobs import within_walls
from qaitar.foundation.tenancy.walls import see
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.reads.cases import case_load, requests_of
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, Stage
from qaitar.training.cases import cases_drawn
from qaitar.training.models import Practice, PracticeState
from qaitar.training.reactions import Reaction, ReactionFacts, next_deed
from qaitar.training.services.ending import practice_end
from qaitar.training.services.seed_cases import (
    CLERK,
    MIRROR,
    SENIOR,
    Papers,
    PracticeShop,
    papers_add,
    papers_draw,
    press_see,
    section_show,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.models import ReturnRequest
    from qaitar.training.cases import Story

STEPS_MAX: Final = 4  # things that may happen to one case in one round
_log = structlog.get_logger(__name__)


def practices_go(now: datetime) -> int:
    """Go on with every open practice; one that fails stops nobody else.  Returns how many things happened."""
    happened = 0
    keys = MerchantKey.objects.filter(active=True, practice_home__isnull=False).order_by("pk")
    for shop_id, home in list(keys.values_list("pk", "practice_home")):
        try:
            assert home is not None, "asked for above"
            happened += practice_go(shop_id, home, now)
        except Exception:  # noqa: BLE001  one person's practice must not stop another's
            _log.exception("a practice could not go on", merchant=str(shop_id))
    return happened


def practice_go(shop_id: UUID, home: UUID, now: datetime) -> int:
    """Let due things happen in one practice, or end it when its time is over."""
    with within_walls(home):
        practice = Practice.objects.filter(shop_id=shop_id, state=PracticeState.OPEN).first()
    if practice is None or practice.until is None:
        return 0
    if now >= practice.until:
        with transaction.atomic(durable=True):
            see([home, shop_id])
            practice_end(practice_id=practice.pk, now=practice.until)
        return 0
    stories = {drawn.number: drawn.story for drawn in cases_drawn(practice.seed)}
    papers: Papers = {}
    return sum(
        _case_go(shop_id, request_id, stories, papers, now) for request_id in _open_cases(shop_id)
    )


def _open_cases(shop_id: UUID) -> list[UUID]:
    with within_walls(shop_id):
        return requests_of(shop_id, still_open=True)


def _case_go(
    shop_id: UUID, request_id: UUID, stories: Mapping[str, Story], papers: Papers, now: datetime
) -> int:
    for happened in range(STEPS_MAX):
        with within_walls(shop_id):
            loaded = case_load(request_id)
            assert loaded is not None, "requests are never removed"
            case = loaded.request
            story = stories.get(case.number)
            deed = next_deed(_standing(case, story), now)
            kinds = story.answers if story else ()
        if deed is None:
            return happened
        if deed is Reaction.ANSWER:
            papers.update(papers_draw([kind for kind in kinds if kind not in papers]))
        try:
            with within_walls(shop_id):
                _happens(PracticeShop(shop_id, case.store_id, papers, now), case, story, deed)
        except (ActBlocked, CaseChanged):  # the person was quicker, or it waits for them
            return happened
    return STEPS_MAX


def _standing(case: ReturnRequest, story: Story | None) -> ReactionFacts:
    return ReactionFacts(
        stage=Stage(case.stage),
        since=case.stage_since,
        pending_press=case.pending_press,
        pending_since=case.pending_since,
        contacted=case.customer_contacted,
        answered=case.customer_answered,
        will_answer=bool(story and story.answers),
    )


def _happens(shop: PracticeShop, case: ReturnRequest, story: Story | None, deed: Reaction) -> None:
    if deed is Reaction.SEE_PRESS:
        press_see(case.pk, shop.now)
    elif deed is Reaction.PAY_BACK:
        request_act(request_id=case.pk, act=Act.NOTE_REFUND_DONE, by=MIRROR, now=shop.now)
    elif deed is Reaction.APPROVE:
        request_act(request_id=case.pk, act=Act.APPROVE, by=SENIOR, now=shop.now)
    elif deed is Reaction.ARRIVE:
        request_act(request_id=case.pk, act=Act.NOTE_ARRIVAL, by=MIRROR, now=shop.now)
        section_show(case.pk, shop.now, Section.AWAITING_DECISION)
        same = {"goods_checked": "SAME"}
        request_note(request_id=case.pk, values=same, by=CLERK, now=shop.now)
    elif story is not None:
        papers_add(shop, case.pk, story.answers, shop.now)
