"""The people of the simulated shop: some are quick, some slow, some careless; each acts through the services of the console."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qaitar.foundation.files.checks import Rejected
from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.returns.reads.cases import cases_by_number
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.procedure import Advanced, allowed_acts, recommended, refusal_reasons
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import Details, case_act
from qaitar.returns.vocabulary import Act, Effect, EvidenceKind, Quality, Stage
from qaitar.sandbox.kaspi.ledger import Button, KaspiLedger, LedgerRefusal
from qaitar.sandbox.pictures import photo

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.reads.cases import Case

PRESSES: Final = {
    Effect.PRESS_TAKE: Button.TAKE,
    Effect.PRESS_REFUSE: Button.REFUSE,
    Effect.PRESS_GRANT: Button.GRANT,
}
PROOFS: Final = (
    EvidenceKind.PHOTO_GOODS,
    EvidenceKind.PHOTO_PACKAGING,
    EvidenceKind.PHOTO_DAMAGE,
    EvidenceKind.IRREPARABILITY_ACT,
    EvidenceKind.TECHNICAL_ACT,
    EvidenceKind.QUALITY_CHECK_ACT,
)
CALLED_AWAY: Final = 0.15  # the page stays open, and is acted from when they are back
BY_CONSOLE: Final = 0.5
CHECKED: Final = ("CONFIRMED", "CONFIRMED", "CONFIRMED", "DIFFERENT", "UNCHECKED")


@dataclass(frozen=True, slots=True)
class Habit:
    """How one person works: how soon they come back to a case, how often they act at random, how often they forget to press."""

    role: Role
    hours: tuple[int, int]
    careless: float
    forgets: float


HABITS: Final = (
    Habit(Role.OPERATOR, (1, 4), careless=0.02, forgets=0.05),
    Habit(Role.OPERATOR, (6, 40), careless=0.1, forgets=0.3),
    Habit(Role.SENIOR, (2, 12), careless=0.05, forgets=0.1),
)


@dataclass(slots=True)
class Staff:
    """Everybody who works here; `events` lists what they did, number by number."""

    dice: random.Random
    merchant_id: UUID
    store_id: UUID
    people: dict[Role, Actor]
    ledger: KaspiLedger
    due: dict[str, datetime] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    pages: dict[str, Case] = field(default_factory=dict)
    _photo: CheckedFile | None = None

    def works(self, numbers: Sequence[str], now: datetime) -> None:
        """Let somebody look at each of these cases and do the next thing."""
        with within_walls(self.merchant_id):
            cases = cases_by_number(self.store_id, numbers)
        for case in sorted(cases, key=lambda one: one.request.number):
            self._one(case, self.dice.choice(HABITS), now)

    def _one(self, case: Case, habit: Habit, now: datetime) -> None:
        request = case.request
        if request.stage == Stage.CLOSED:
            self.due.pop(request.number, None)
            return
        self.due[request.number] = now + timedelta(hours=self.dice.randint(*habit.hours))
        by = self.people[habit.role]
        page = self.pages.pop(request.number, None)
        if page is None and self.dice.random() < CALLED_AWAY:
            self.pages[request.number] = case
            self.events.append(f"{now.isoformat()} {habit.role.value} {request.number} called away")
            return
        try:
            with within_walls(self.merchant_id):
                what = self._does(page or case, habit, by, now)
        except ActBlocked as no:
            what = f"was refused: {no.blocked.code}"
        except (CaseChanged, LedgerRefusal) as no:
            what = f"was too late: {type(no).__name__}"
        self.events.append(f"{now.isoformat()} {habit.role.value} {request.number} {what}")

    def _does(self, case: Case, habit: Habit, by: Actor, now: datetime) -> str:
        request = case.request
        if request.pending_press:
            return self._presses(case, habit, now)
        if request.quality == Quality.UNKNOWN:
            return self._notes(case, by, now, quality=Quality.PROPER.value)
        if request.stage == Stage.ARRIVED and request.goods_checked == "UNCHECKED":
            return self._notes(case, by, now, goods_checked=self.dice.choice(CHECKED))
        if self.dice.random() < 0.25:  # noqa: PLR2004  how often customers and service centres send something
            return self._proves(case, by, now)
        return self._acts(case, habit, by, now)

    def _presses(self, case: Case, habit: Habit, now: datetime) -> str:
        if self.dice.random() < habit.forgets:
            return "forgets to press"
        button = PRESSES[Effect(case.request.pending_press)]
        self.ledger.press(case.request.number, button, case.request.pending_text or "Отказ", at=now)
        return f"presses {button.value}"

    def _notes(self, case: Case, by: Actor, now: datetime, **values: str) -> str:
        request_note(request_id=case.request.pk, values=values, by=by, now=now)
        return f"notes {values}"

    def _proves(self, case: Case, by: Actor, now: datetime) -> str:
        kind = self.dice.choice(PROOFS)
        if self._photo is None:
            content = content_keep(photo("Фото товара", seed=7), "foto.jpg")
            assert not isinstance(content, Rejected), "our own drawing was rejected"
            self._photo = content
        file = file_note(
            merchant_id=self.merchant_id, file=self._photo, by=by, origin="web", now=now
        )
        evidence_add(request_id=case.request.pk, proofs=[NewProof(file, kind)], by=by, now=now)
        return f"adds {kind.value}"

    def _acts(self, case: Case, habit: Habit, by: Actor, now: datetime) -> str:
        stage = Stage(case.request.stage)
        facts = evaluate_case(case, now, actor_id=by.user_id).facts
        act = recommended(stage, facts)
        if self.dice.random() < habit.careless:
            offers = allowed_acts(stage, facts, habit.role)
            mine = [each.act for each in offers if isinstance(each.answer, Advanced)]
            act = self.dice.choice(mine or list(Act))
        if act is None:
            return "waits"
        reasons = refusal_reasons(stage, facts)
        reason = reasons[0] if act is Act.REFUSE and reasons else None
        planned = (now + timedelta(days=3)).date() if act is Act.TAKE_FOR_INSPECTION else None
        # the console sends the page's version along, the program's other callers do not
        version = case.request.version if self.dice.random() < BY_CONSOLE else None
        details = Details(reason=reason, text="Текст", planned_on=planned, expected_version=version)
        case_act(case=case, act=act, by=by, now=now, details=details)
        return act.value
