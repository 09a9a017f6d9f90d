"""Makes the result of a practice: case by case what was done, what was right, why, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qaitar.returns.rules.dated_rules import RuleSource, SourceKind
from qaitar.returns.rules.policy import Ground, PolicyAnswer
from qaitar.returns.texts.sentences import act_label, ground_sentence, source_sentence
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, Quality, RefusalReason
from qaitar.training.models import Practice, PracticeState
from qaitar.training.scoring import COSTS, WHOLE, ScoringFinding
from qaitar.web.console.handbook.book import chapter_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.utils.functional import Promise

FINDINGS: Final[Mapping[ScoringFinding, Promise]] = {
    ScoringFinding.NOT_ADVISED: _("Another decision was right."),
    ScoringFinding.LEFT: _("A decision was due and was not taken."),
    ScoringFinding.MISSED: _("The control date passed before the decision."),
    ScoringFinding.CLASS_WRONG: _("The quality class is not the true one."),
    ScoringFinding.REASON_UNTRUE: _("The reason of the refusal is not true here."),
    ScoringFinding.NEEDLESS: _("It was right to wait: this step was needless."),
    ScoringFinding.SLOW: _("One decision took more than five minutes."),
}
CHAPTERS: Final = {
    ScoringFinding.NOT_ADVISED: "steps",
    ScoringFinding.LEFT: "queue",
    ScoringFinding.MISSED: "deadlines",
    ScoringFinding.CLASS_WRONG: "case",
    ScoringFinding.REASON_UNTRUE: "why",
    ScoringFinding.NEEDLESS: "deadlines",
    ScoringFinding.SLOW: "queue",
}
STATES: Final[Mapping[str, Promise]] = {
    PracticeState.PREPARING: pgettext_lazy("practice", "being prepared"),
    PracticeState.OPEN: pgettext_lazy("practice", "under way"),
    PracticeState.DONE: pgettext_lazy("practice", "done"),
    PracticeState.GIVEN_UP: pgettext_lazy("practice", "given up"),
}
GOOD, FAIR = 80, 50


@dataclass(frozen=True, slots=True)
class Objection:
    """What is held against a case or a decision, its cost, and the chapter that explains it."""

    text: str
    cost: int
    guide_url: str


@dataclass(frozen=True, slots=True)
class Why:
    """A ground of the policy in words, with who says so."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeStep:
    """One decision: what was pressed, what was right, how long it took."""

    act: str
    reason: str
    seconds: int
    right: str
    right_reasons: str
    held: tuple[Objection, ...]
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeCase:
    """One case of a practice."""

    number: str
    product: str
    words: str
    quality: str
    points: int
    tone: str
    held: tuple[Objection, ...]
    deeds: tuple[PracticeStep, ...]
    left: str
    left_why: tuple[Why, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A practice with its score."""

    person: str
    seed: int
    state: str
    under_way: bool
    opened_at: datetime | None
    until: datetime | None
    score: int | None
    tone: str
    cases: tuple[PracticeCase, ...]
    clean: int


@dataclass(frozen=True, slots=True)
class PracticeRow:
    """A line of the list of practices."""

    person: str
    requested_at: datetime
    seed: int
    state: str
    score: int | None
    tone: str
    url: str


def tone_of(points: int | None) -> str:
    """Colour points: good from 80, fair from 50.

    >>> [tone_of(points) for points in (None, 80, 50, 49)]
    ['', 'ok', 'warn', 'danger']
    """
    if points is None:
        return ""
    return "ok" if points >= GOOD else "warn" if points >= FAIR else "danger"


def result_page(
    practice: Practice, score: int | None, cases: Sequence[Mapping[str, Any]]
) -> Result:
    """Put a judged practice into words; the cases with most held against them first."""
    rows = sorted((_case(each) for each in cases), key=lambda each: (each.points, each.number))
    return Result(
        person=practice.user_name,
        seed=practice.seed,
        state=str(STATES[practice.state]),
        under_way=practice.state == PracticeState.OPEN,
        opened_at=practice.opened_at,
        until=practice.until,
        score=score,
        tone=tone_of(score),
        cases=tuple(rows),
        clean=sum(each.points == WHOLE for each in rows),
    )


def practice_rows(practices: Iterable[Practice]) -> tuple[PracticeRow, ...]:
    """Make the lines of the list."""
    return tuple(
        PracticeRow(
            person=each.user_name,
            requested_at=each.requested_at,
            seed=each.seed,
            state=str(STATES[each.state]),
            score=each.score,
            tone=tone_of(each.score),
            url=reverse("console:practice_result", args=[each.pk]) if each.ended_at else "",
        )
        for each in practices
    )


def practice_costs() -> tuple[Objection, ...]:
    """Say how it is counted."""
    return _held(ScoringFinding)


def _held(findings: Iterable[str]) -> tuple[Objection, ...]:
    each = sorted(map(ScoringFinding, findings), key=lambda one: (-COSTS[one], one))
    return tuple(
        Objection(str(FINDINGS[one]), COSTS[one], chapter_url(CHAPTERS[one])) for one in each
    )


def _case(case: Mapping[str, Any]) -> PracticeCase:
    return PracticeCase(
        number=case["number"],
        product=case["product"],
        words=case["words"],
        quality=str(word_for(Quality(case["class"]))),
        points=case["points"],
        tone=tone_of(case["points"]),
        held=_held(case["findings"]),
        deeds=tuple(_deed(each) for each in case["deeds"]),
        left=act_label(Act(case["left"])) if case["left"] else "",
        left_why=_why(case["grounds"]),
    )


def _deed(deed: Mapping[str, Any]) -> PracticeStep:
    wrong = bool({ScoringFinding.NOT_ADVISED, ScoringFinding.REASON_UNTRUE} & set(deed["findings"]))
    refusing = wrong and deed["advised"] == Act.REFUSE
    return PracticeStep(
        act=act_label(Act(deed["act"])),
        reason=_reason(deed["reason"]) if deed["reason"] else "",
        seconds=deed["seconds"],
        right=act_label(Act(deed["advised"])) if wrong and deed["advised"] else "",
        right_reasons=", ".join(map(_reason, deed["true_reasons"])) if refusing else "",
        held=_held(deed["findings"]),
        why=_why(deed["grounds"]) if deed["findings"] else (),
    )


def _reason(reason: str) -> str:
    return str(word_for(RefusalReason(reason)))


def _why(grounds: Iterable[Mapping[str, Any]]) -> tuple[Why, ...]:
    read = (
        Ground(
            each["code"],
            RuleSource(SourceKind(each["source"][0]), each["source"][1]),
            PolicyAnswer(each["leads_to"]),
            each["params"],
        )
        for each in grounds
    )
    return tuple(Why(ground_sentence(each), source_sentence(each.source)) for each in read)
