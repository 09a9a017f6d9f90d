"""Every cell of stage × act × role over HTTP is the procedure's own answer; a refused one changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.utils import translation

from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.case_evaluation import control_values, evaluate_case
from qaitar.returns.rules.guards import REASONS_AT
from qaitar.returns.rules.procedure import Advanced, Blocked, advance
from qaitar.returns.texts.sentences import blocked_sentence
from qaitar.returns.vocabulary import Act, EvidenceKind, Outcome, RefusalReason, Stage
from tests.factories.accounts import NOW, actor, make_person, make_shop, open_walls
from tests.factories.returns import add_proofs, make_case
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from typing import Any

    from django.test import Client

    from qaitar.foundation.models import User
    from tests.factories.accounts import Shop

PEOPLE = tuple(role for role in Role if role is not Role.SYSTEM)
STANDING: dict[Stage, dict[str, Any]] = {
    Stage.NEW: {},
    Stage.WAITING_CUSTOMER: {"customer_contacted": True},
    Stage.WAITING_APPROVAL: {"approval": "REQUESTED"},
    Stage.IN_DELIVERY: {"counts_as_quality": False},
    Stage.ARRIVED: {"arrived_at": NOW, "arrived_where": "POINT", "goods_handed_over": True},
    Stage.REFUND_GRANTED: {"arrived_at": NOW, "pending_press": "PRESS_GRANT", "pending_since": NOW},
    Stage.REFUSED: {"refused_at": NOW, "refusal_reason": "WINDOW_PASSED"},
    Stage.DISPUTED: {"disputed_at": NOW},
    Stage.CLOSED: {"outcome": Outcome.REFUNDED.value, "closed_at": NOW},
}


def stood_at(shop: Shop, by: Any, stage: Stage, **facts: Any) -> ReturnRequest:
    """Put a case at a stage with the control date that belongs there."""
    case = make_case(shop, by)
    kinds = (EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, EvidenceKind.QUALITY_CHECK_ACT)
    add_proofs(case, by, *kinds)
    request = ReturnRequest.objects.get(pk=case.pk)
    values = {"stage": stage.value, "stage_since": NOW, **STANDING[stage], **facts}
    for name, value in values.items():
        setattr(request, name, value)
    loaded = case_load(case.pk)
    assert loaded is not None
    control = control_values(request, (loaded.store_text, loaded.days_text), NOW)
    ReturnRequest.objects.filter(pk=case.pk).update(**values, **control)
    return ReturnRequest.objects.get(pk=case.pk)


def traces(pk: Any) -> tuple[Any, ...]:
    """The case as a whole, and how many journal lines, effects and counter lines there are; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(r::text), r.stage, r.version, (SELECT count(*) FROM foundation_journalentry),"
            " (SELECT count(*) FROM foundation_plannedeffect), (SELECT count(*) FROM returns_stagedelta)"
            " FROM returns_returnrequest r WHERE r.id = %s",
            [pk],
        )
        row: tuple[Any, ...] = cursor.fetchone()
    return row


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.usefixtures("db_walls", "clock")
def test_every_act_of_every_role_at_a_stage_is_what_the_procedure_says(stage: Stage) -> None:
    allowed = press_all(stage, tuple(Act), {})
    assert len(allowed) >= (0 if stage is Stage.CLOSED else 4)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.usefixtures("db_walls", "clock")
def test_every_role_may_refuse_where_the_procedure_says_so(stage: Stage) -> None:
    allowed = press_all(stage, (Act.REFUSE,), {"inspection": {"unused": False}})
    assert bool(allowed) == (stage in REASONS_AT)


def press_all(stage: Stage, acts: tuple[Act, ...], facts: dict[str, Any]) -> list[tuple[Act, Role]]:
    """Press these buttons at a stage as every role; list what was allowed."""
    shop = make_shop()
    asker = make_person("asker", (shop.id, Role.OPERATOR))
    case = stood_at(shop, actor(asker, shop.id), stage, **facts, approval_requested_by_id=asker.pk)
    people = {role: make_person(role.value.lower(), (shop.id, role)) for role in PEOPLE}
    return [
        (act, role)
        for role, person in people.items()
        for act, answer in press(signed_in(person), person, case, acts).items()
        if isinstance(answer, Advanced)
    ]


def press(
    client: Client, person: User, case: ReturnRequest, acts: tuple[Act, ...]
) -> dict[Act, Advanced | Blocked]:
    """Press buttons as one person, each in a transaction that is taken back; they answer as the procedure does."""
    open_walls(case.merchant_id)
    loaded = case_load(case.pk)
    assert loaded is not None
    before = traces(case.pk)
    stage, role = Stage(case.stage), Role(person.username.upper())
    answers: dict[Act, Advanced | Blocked] = {}
    for act in acts:
        reason = RefusalReason.USED_OR_INCOMPLETE if act is Act.REFUSE else None
        facts = evaluate_case(loaded, NOW, actor_id=person.pk, reason=reason).facts
        expected = answers[act] = advance(stage, act, facts, role)
        form = {"act": act.value, "version": str(case.version), "reason": reason or ""}
        with transaction.atomic():
            answer = client.post(f"/returns/{case.pk}/act", form, HTTP_HX_REQUEST="true")
            open_walls(case.merchant_id)
            after = traces(case.pk)
            transaction.set_rollback(True)
        cell = (stage.value, act.value, role.value)
        notice = answer.context["case"].notice
        if isinstance(expected, Advanced):
            assert (answer.status_code, notice.tone) == (200, "ok"), cell
            assert after[1:3] == (expected.step.to.value, before[2] + 1), cell
            continue
        assert (answer.status_code, notice.tone) == (409, "danger"), cell
        assert after == before, cell
        with translation.override(person.language):
            assert blocked_sentence(expected) in notice.text, cell
    return answers


@pytest.mark.usefixtures("db_walls", "clock")
def test_the_matrix_is_whole() -> None:
    assert len(Stage) * len(Act) * len(PEOPLE) == 9 * 20 * 7
    assert set(STANDING) == set(Stage)
