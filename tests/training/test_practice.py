"""A newcomer practises an hour: a shop of their own, judged by the policy, invisible to everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from qaitar.flows.effects.engine import effects_run
from qaitar.flows.sweep_deadlines import merchant_sweep
from qaitar.foundation.identity.access import enter_as_token, enter_as_user
from qaitar.foundation.models import Connection, EffectState, Membership, MerchantKey, PlannedEffect
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import merchants_active, merchants_real, within_walls
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.returns.models import Evidence, ReturnRequest, StageDelta
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.guards import refusal_reasons
from qaitar.returns.rules.procedure import recommended
from qaitar.returns.services.evidence import evidence_confirm
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind, RefusalReason, Stage
from qaitar.training.cases import STORIES, Drawn, cases_drawn
from qaitar.training.models import Practice, PracticeState
from qaitar.training.scoring_run import as_is_true
from qaitar.training.selectors import PracticePlace, place_of
from qaitar.training.services.advance import practices_go
from qaitar.training.services.ending import practice_end
from qaitar.training.services.opening import PracticeProblem, practice_begin, practice_prepare
from qaitar.training.services.seed_cases import PracticeShop as ShopFilled
from qaitar.training.services.seed_cases import case_fill, papers_draw
from tests.factories.accounts import NOW, Shop, make_person, make_shop, make_token, open_walls

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.foundation.models import User

SEED = 7
MINUTE = timedelta(minutes=1)


@dataclass
class Newcomer:
    """Aigerim on her first day, and the shop that keeps her results."""

    shop: Shop
    person: User
    now: datetime = NOW

    def begins(self, seed: int = SEED) -> Practice:
        with transaction.atomic(durable=True):
            who = enter_as_user(self.person.pk)
            assert who is not None
            made = practice_begin(
                who=who, home=self.shop.id, name="Учебная лавка", seed=seed, now=self.now
            )
        with frozen_at(self.now):
            practice_prepare(self.shop.id, self.now, practice_id=made.pk)
        return self.stored(made.pk)

    def stored(self, pk: UUID) -> Practice:
        with within_walls(self.shop.id):
            return Practice.objects.get(pk=pk)

    @property
    def place(self) -> PracticePlace:
        place = place_of(self.person.pk)
        assert place is not None
        return place

    def case(self, story: str) -> ReturnRequest:
        drawn = next(each for each in cases_drawn(SEED) if each.story.name == story)
        with within_walls(self.place.shop_id):
            return ReturnRequest.objects.get(number=drawn.number)

    def does(self, story: str, act: Act, reason: RefusalReason | None = None) -> None:
        case = self.case(story)
        with transaction.atomic(durable=True):
            who = enter_as_user(self.person.pk)
            assert who is not None
            request_act(
                request_id=case.pk,
                act=act,
                by=who.actor_at(case.merchant_id),
                now=self.now,
                details=Details(reason=reason, text="Отказ"),
            )

    def notes(self, story: str, **values: Any) -> None:
        case = self.case(story)
        with transaction.atomic(durable=True):
            who = enter_as_user(self.person.pk)
            assert who is not None
            by = who.actor_at(case.merchant_id)
            request_note(request_id=case.pk, values=values, by=by, now=self.now)

    def confirms(self, story: str) -> None:
        """Say that signature and stamp are on the technical act."""
        case = self.case(story)
        with transaction.atomic(durable=True):
            who = enter_as_user(self.person.pk)
            assert who is not None
            proof = Evidence.objects.get(request_id=case.pk, kind=EvidenceKind.TECHNICAL_ACT)
            by = who.actor_at(case.merchant_id)
            evidence_confirm(evidence_id=proof.pk, signature=True, stamp=True, by=by, now=self.now)

    def passes(self, minutes: int) -> None:
        """Let time pass with the worker awake."""
        for _ in range(minutes):
            self.now += MINUTE
            with frozen_at(self.now):
                for shop_id in merchants_active():
                    merchant_sweep(shop_id, self.now)
                practices_go(self.now)

    def ends(self, practice: Practice, *, given_up: bool = False) -> Practice:
        with transaction.atomic(durable=True):
            open_walls(self.shop.id, practice.shop_id)
            ended = practice_end(practice_id=practice.pk, now=self.now, given_up=given_up)
        assert ended is not None
        return ended


@pytest.fixture
def newcomer(db_walls: None, practice_files: None) -> Newcomer:
    return hired()


def hired() -> Newcomer:
    with transaction.atomic():
        shop = make_shop()
        person = make_person("aigerim", (shop.id, Role.OPERATOR))
    return Newcomer(shop, person)


def case_of(practice: Practice, story: str) -> dict[str, Any]:
    return next(each for each in practice.result["cases"] if each["story"] == story)


def works_right(newcomer: Newcomer, drawn: Drawn) -> list[str]:
    """Do what the policy leads to with the true facts, once; tells the act."""
    name = drawn.story.name
    case = newcomer.case(name)
    with within_walls(case.merchant_id):
        loaded = case_load(case.pk)
        assert loaded is not None
        judged = evaluate_case(as_is_true(loaded, drawn.story), newcomer.now)
        act = recommended(Stage(case.stage), judged.facts)
        reasons = refusal_reasons(Stage(case.stage), judged.facts)
    if act is None or case.pending_press:
        return []
    if case.quality != drawn.story.quality:
        newcomer.notes(name, quality=drawn.story.quality.value)
    if drawn.story.inspection:
        newcomer.notes(name, inspection=dict(drawn.story.inspection))
    newcomer.does(name, act, reasons[0] if act is Act.REFUSE else None)
    return [act.value]


@pytest.fixture
def practice(newcomer: Newcomer) -> Practice:
    return newcomer.begins()


def test_the_hour_of_a_newcomer(newcomer: Newcomer, practice: Practice) -> None:
    """One right decision, one wrong, a needless one, a wrong class, a date nobody met: each is told with its reason."""
    newcomer.passes(1)
    newcomer.does("not_returnable", Act.REFUSE, RefusalReason.NOT_RETURNABLE)
    newcomer.does("worn", Act.TAKE_FOR_INSPECTION)  # the words say it was worn
    newcomer.does("hidden_damage", Act.ASK_CUSTOMER)  # as of a thing in good order
    ended_at = newcomer.now + timedelta(minutes=58)
    newcomer.now = ended_at - MINUTE
    newcomer.passes(1)
    ended = newcomer.ends(practice)
    assert (ended.state, ended.ended_at) == (PracticeState.DONE, ended_at)
    assert len(ended.result["cases"]) == len(STORIES)

    right = case_of(ended, "not_returnable")
    assert (right["points"], right["findings"], right["left"]) == (100, [], "")
    (deed,) = right["deeds"]
    assert (deed["act"], deed["advised"], deed["reason"]) == ("REFUSE", "REFUSE", "NOT_RETURNABLE")
    assert deed["seconds"] == 60

    worn = case_of(ended, "worn")
    (deed,) = worn["deeds"]
    assert (deed["act"], deed["advised"]) == ("TAKE_FOR_INSPECTION", "REFUSE")
    assert deed["true_reasons"] == ["USED_OR_INCOMPLETE"]
    assert [each["code"] for each in deed["grounds"]] == ["LOOK_NOT_KEPT", "WINDOW_OPEN"]
    assert deed["grounds"][0]["source"] == ["LAW", "274-IV, art. 30 (14)"]
    assert "NOT_ADVISED" in worn["findings"]

    hidden = case_of(ended, "hidden_damage")
    (deed,) = hidden["deeds"]
    assert (deed["advised"], deed["class"]) == ("SEND_FOR_APPROVAL", "MECHANICAL_DAMAGE")
    assert set(deed["findings"]) == {"NOT_ADVISED", "CLASS_WRONG"}

    silent = case_of(ended, "silent")
    assert (silent["left"], silent["findings"], silent["points"]) == (
        "REFUSE",
        ["LEFT", "MISSED"],
        20,
    )
    assert ended.score == sum(each["points"] for each in ended.result["cases"]) // len(STORIES)


def test_who_does_what_the_rules_say_loses_nothing(newcomer: Newcomer, practice: Practice) -> None:
    """Whoever follows the card's rules with the facts seen is never marked wrong: the score asks no more than the rules."""
    did: dict[str, list[str]] = {}
    newcomer.confirms("acts_there")
    for _ in range(6):
        newcomer.passes(1)
        for drawn in cases_drawn(SEED):
            did.setdefault(drawn.story.name, []).extend(works_right(newcomer, drawn))
    ended = newcomer.ends(practice)
    assert did == {
        "changed_mind": ["ASK_CUSTOMER", "TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "size": ["ASK_CUSTOMER", "TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "defect": ["ASK_CUSTOMER", "REFUSE"],
        "acts_there": ["TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "hidden_damage": ["SEND_FOR_APPROVAL", "TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "damage": ["SEND_FOR_APPROVAL", "TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "not_returnable": ["REFUSE"],
        "window_passed": ["REFUSE"],
        "worn": ["REFUSE"],
        "silent": [],
        "answered": ["TAKE_FOR_INSPECTION", "GRANT_REFUND"],
        "arrived": ["GRANT_REFUND"],
        "another_thing": ["REFUSE"],
    }
    assert [each["findings"] for each in ended.result["cases"]] == [[]] * len(STORIES)
    assert ended.score == 100


def test_nobody_else_and_nothing_outside_meets_a_practice(
    newcomer: Newcomer, practice: Practice
) -> None:
    """While she practises she sees that shop alone; a senior, a program of hers and a real drain never do."""
    with transaction.atomic():
        open_walls(newcomer.shop.id)
        daulet = make_person("daulet", (newcomer.shop.id, Role.SENIOR))
        token = make_token(newcomer.person)
        seen = {each: enter_as_user(each.pk) for each in (newcomer.person, daulet)}
        program = enter_as_token(token, key=None, now=NOW)
    assert {each.username: who.roles for each, who in seen.items() if who} == {
        "aigerim": {practice.shop_id: Role.OPERATOR},
        "daulet": {newcomer.shop.id: Role.SENIOR},
    }
    assert program is not None
    assert program[0].merchants == (newcomer.shop.id,)
    assert merchants_real() == [newcomer.shop.id]

    with within_walls(newcomer.shop.id):
        assert ReturnRequest.objects.count() == 0
        assert StageDelta.objects.count() == 0


def test_a_worker_sends_nothing_of_a_practice_anywhere(
    committed: object, practice_files: None
) -> None:
    """Asking the customer is done at once without a word outside, even with a connection saved in that shop."""
    newcomer = hired()
    practice = newcomer.begins()
    newcomer.does("size", Act.ASK_CUSTOMER)
    with within_walls(practice.shop_id):  # even a connection saved there is never asked for
        Connection.objects.create(
            merchant_id=practice.shop_id, system="usedesk", name="Usedesk", created_at=NOW
        )
    ran = effects_run(practice.shop_id, newcomer.now)
    assert dict(ran.states) == {"DONE": 2}
    with within_walls(practice.shop_id):
        stored = PlannedEffect.objects.filter(created_at=newcomer.now)
        assert {(e.kind, e.state, e.attempts, e.reference) for e in stored} == {
            ("OPEN_TICKET", EffectState.DONE, 0, ""),
            ("WRITE_REGISTER", EffectState.DONE, 0, ""),
        }


def test_an_ended_practice_leaves_its_result_and_nothing_to_see(
    newcomer: Newcomer, practice: Practice
) -> None:
    """Given up after two minutes: she is back at her own work, the result stays, another may be begun with the same cases."""
    newcomer.passes(2)
    ended = newcomer.ends(practice, given_up=True)
    assert (ended.state, place_of(newcomer.person.pk)) == (PracticeState.GIVEN_UP, None)
    assert newcomer.ends(practice).state == PracticeState.GIVEN_UP  # a second press changes nothing
    with transaction.atomic():
        who = enter_as_user(newcomer.person.pk)
    assert who is not None
    assert who.roles == {newcomer.shop.id: Role.OPERATOR}
    assert merchants_active() == [newcomer.shop.id]
    assert not Membership.objects.filter(merchant_id=practice.shop_id).exists()
    again = newcomer.begins()
    assert again.shop_id != practice.shop_id
    assert newcomer.case("size").number == next(
        each.number for each in cases_drawn(SEED) if each.story.name == "size"
    )


def test_two_practices_at_once_are_one(newcomer: Newcomer, practice: Practice) -> None:
    with pytest.raises(PracticeProblem, match="ALREADY"):
        newcomer.begins()
    assert MerchantKey.objects.filter(practice_of=newcomer.person.pk).count() == 1
    assert newcomer.stored(practice.pk).prepared == len(STORIES)


def test_preparing_again_makes_nothing_twice(newcomer: Newcomer) -> None:
    """The worker died half-way and the job is begun again: what is there stays, the rest comes."""
    with transaction.atomic(durable=True):
        who = enter_as_user(newcomer.person.pk)
        assert who is not None
        made = practice_begin(
            who=who, home=newcomer.shop.id, name="Учебная лавка", seed=SEED, now=NOW
        )
    with within_walls(made.shop_id):
        store = Store.objects.get(merchant_id=made.shop_id)
    shop = ShopFilled(made.shop_id, store.pk, papers_draw(), NOW)
    with within_walls(made.shop_id):
        case_fill(shop, cases_drawn(SEED)[0])
    with frozen_at(NOW):
        practice_prepare(newcomer.shop.id, NOW, practice_id=made.pk)
        practice_prepare(newcomer.shop.id, NOW, practice_id=made.pk)
    with within_walls(made.shop_id):
        numbers = ReturnRequest.objects.values_list("number", flat=True)
        assert sorted(numbers) == sorted(each.number for each in cases_drawn(SEED))
    stored = newcomer.stored(made.pk)
    assert (stored.state, stored.opened_at, stored.until) == (
        PracticeState.OPEN,
        NOW,
        NOW + timedelta(minutes=60),
    )


def test_an_hour_over_ends_by_itself(newcomer: Newcomer, practice: Practice) -> None:
    """She forgot to end it: after the hour she is let back to her own requests, and the result is there."""
    newcomer.now = NOW + timedelta(minutes=61)
    assert practices_go(newcomer.now) == 0
    stored = newcomer.stored(practice.pk)
    assert (stored.state, stored.ended_at) == (PracticeState.DONE, NOW + timedelta(minutes=60))
    assert place_of(newcomer.person.pk) is None
