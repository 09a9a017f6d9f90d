"""Cases that are approved, and changes of what was approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from qaitar.foundation.approvals.models import Approval
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.foundation.models import JournalEntry
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.dated_rules import RuleCode
from qaitar.returns.services.evidence import evidence_confirm, evidence_withdraw
from qaitar.returns.services.merchant_rules import RuleEntry, rule_save
from qaitar.returns.services.notes import NOTABLE, case_note, request_note
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from tests.factories.accounts import NOW, Shop
from tests.factories.returns import add_proofs, make_case

Change = Callable[[ReturnRequest, Actor], None]


PHOTOS = (EvidenceKind.PHOTO_DAMAGE, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)


SUM, LIMIT = 1_000_000, 500_000


NEW_VALUES: dict[str, Any] = {
    "amount_minor": 999_999_900,
    "category_title": "Ноутбуки",
    "currency": "RUB",
    "goods_checked": "DIFFERENT",
    "line_id": UUID(int=7),
    "inspection": {"unused": False},
    "product_name": "Ноутбук",
    "product_sku": "NB-1",
    "quality": "PROPER",
    "quantity_milli": 2_000,
    "reason_code": "DEFECT",
    "reason_text": "Не включается",
    "received_on": date(2026, 1, 2),
    "unit_value": "SN-2",
}


NOT_COVERED: dict[str, Any] = {
    "assignee_id": 5,
    "assignee_name": "А.",
    "customer_answered": False,
    "customer_name": "Асель",
    "customer_phone": "+77010000000",
    "customer_words": "Спасибо",
    "goods_checked": "SAME",
    "goods_handed_over": True,
    "planned_arrival_on": date(2026, 5, 20),
    "marketplace_due_at": NOW,
    "marketplace_due_section": "NEW",
}


def noting(name: str, value: Any) -> Change:
    """Note it as a person; what no person notes is written by the program itself."""

    def change(case: ReturnRequest, by: Actor) -> None:
        if name in NOTABLE:
            request_note(request_id=case.pk, values={name: value}, by=by, now=NOW)
            return
        loaded = case_load(case.pk)
        assert loaded is not None
        program = system_actor("mirror")
        case_note(case=loaded, values={name: value}, act="MIRROR", by=program, now=NOW)

    return change


def first_proof(case: ReturnRequest) -> Evidence:
    found = Evidence.objects.filter(request_id=case.pk).order_by("id").first()
    assert found is not None
    return found


def add_photo(case: ReturnRequest, by: Actor) -> None:
    add_proofs(case, by, EvidenceKind.PHOTO_DAMAGE)


def withdraw_photo(case: ReturnRequest, by: Actor) -> None:
    evidence_withdraw(evidence_id=first_proof(case).pk, by=by, now=NOW, why="не та")


def confirm_stamp(case: ReturnRequest, by: Actor) -> None:
    evidence_confirm(evidence_id=first_proof(case).pk, signature=True, stamp=True, by=by, now=NOW)


CHANGES: dict[str, Change] = {
    **{name: noting(name, value) for name, value in NEW_VALUES.items()},
    "amount_lowered": noting("amount_minor", 100),
    "evidence_added": add_photo,
    "evidence_withdrawn": withdraw_photo,
    "evidence_confirmed": confirm_stamp,
}


def do(pk: UUID, act: Act, by: Actor, *, version: int | None = None) -> ReturnRequest:
    details = Details(expected_version=version)
    return request_act(request_id=pk, act=act, by=by, now=NOW, details=details).request


def note(pk: UUID, by: Actor, **values: Any) -> ReturnRequest:
    return request_note(request_id=pk, values=values, by=by, now=NOW)


def limit_sums(shop: Shop, minor: int = LIMIT) -> None:
    entry = RuleEntry(code=RuleCode.APPROVAL_ABOVE_MINOR, value=minor, valid_from=date(2020, 1, 1))
    rule_save(merchant_id=shop.id, entry=entry, by=system_actor("test"), now=NOW)


def damaged(shop: Shop, by: Actor) -> ReturnRequest:
    case = make_case(shop, by, reason_code="", reason_text="Экран разбит", amount_minor=SUM)
    return add_proofs(case, by, *PHOTOS)


def approved(shop: Shop, by: Actor, senior: Actor) -> ReturnRequest:
    case = damaged(shop, by)
    requested = do(case.pk, Act.SEND_FOR_APPROVAL, by)
    return do(case.pk, Act.APPROVE, senior, version=requested.version)


def states() -> list[tuple[str, str]]:
    return list(Approval.objects.order_by("id").values_list("purpose", "state"))


def stands(pk: UUID) -> tuple[int, int]:
    """What an act that was blocked has to leave as it was."""
    return ReturnRequest.objects.get(pk=pk).version, JournalEntry.objects.count()


def blocked(pk: UUID, act: Act, by: Actor, code: str, *, version: int | None = None) -> None:
    before = stands(pk)
    with pytest.raises(ActBlocked) as no:
        do(pk, act, by, version=version)
    assert no.value.blocked.code == code
    assert stands(pk) == before
