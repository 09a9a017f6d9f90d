"""Holds what a person did in a practice against what the policy led to, from the journal alone.

Each act is judged by the case as it stood before it, with the story's true facts in place of what the person had
entered: a wrong class chosen by the person does not make a wrong decision right.
"""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.approvals.rows import StandingApproval
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.approvals import ApprovalState, Purpose, covered_sha256
from qaitar.returns.reads.cases import cases_load, requests_of
from qaitar.returns.reads.journal_replay import case_before, proofs_of
from qaitar.returns.rules.case_approvals import covered
from qaitar.returns.rules.case_evaluation import Evaluation, evaluate_case
from qaitar.returns.rules.guards import refusal_reasons
from qaitar.returns.rules.procedure import recommended
from qaitar.returns.vocabulary import Act, EvidenceKind, RefusalReason, Stage
from qaitar.training.scoring import (
    ScoredAct,
    case_findings,
    case_points,
    deed_findings,
    practice_score,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.models import Evidence, ReturnRequest
    from qaitar.returns.reads.cases import Case
    from qaitar.training.cases import Drawn, Story

MISSED: Final = "GUARD_MISSED"
_ACTS: Final = frozenset(act.value for act in Act)


@dataclass(frozen=True, slots=True)
class Work:
    """One practice as it is judged: whose, from when, till when."""

    shop_id: UUID
    user_id: int
    opened_at: datetime
    now: datetime
    over: bool
    """Until it is over, nothing is reported of a decision that is still to be taken."""


def practice_judge(work: Work, drawn: Sequence[Drawn]) -> tuple[int, list[dict[str, Any]]]:
    """Give the score and what happened case by case, as plain data fit for keeping; reads behind the shop's walls."""
    cases = {case.request.number: case for case in cases_load(requests_of(work.shop_id))}
    lines = _by_case(JournalEntry.objects.filter(merchant_id=work.shop_id).order_by("seq"))
    proofs = proofs_of(work.shop_id)
    mine = sorted(
        line.at for each in lines.values() for line in each if line.actor_id == work.user_id
    )
    reports = []
    for each in drawn:
        case = cases.get(each.number)
        if case is not None:
            pk = case.request.pk
            reports.append(
                _case_report(work, case, each.story, lines[pk], proofs.get(pk, ()), mine)
            )
    if not work.over:
        reports = [case for case in reports if case["deeds"] or case["findings"]]
    return practice_score(case["points"] for case in reports), reports


def _by_case(lines: Iterable[JournalEntry]) -> dict[UUID, list[JournalEntry]]:
    found: dict[UUID, list[JournalEntry]] = defaultdict(list)
    for line in lines:
        found[line.subject_id].append(line)
    return found


def _case_report(
    work: Work,
    case: Case,
    story: Story,
    lines: Sequence[JournalEntry],
    proofs: Sequence[Evidence],
    mine: Sequence[datetime],
) -> dict[str, Any]:
    acts = [line for line in lines if line.actor_id == work.user_id and line.act in _ACTS]
    deeds: list[ScoredAct] = []
    reports: list[dict[str, Any]] = []
    for line in acts:
        stood = case_before(case, lines, line, proofs)
        judged = evaluate_case(as_is_true(stood, story), line.at)
        reason = line.after.get("refusal_reason")
        deed = ScoredAct(
            act=Act(line.act),
            advised=recommended(Stage(stood.request.stage), judged.facts),
            reason=RefusalReason(reason) if reason else None,
            true_reasons=frozenset(refusal_reasons(Stage(stood.request.stage), judged.facts)),
            class_right=stood.request.quality == story.quality,
            seconds=_seconds(work, line, lines, mine),
            late=judged.facts.control_due_passed and _is_ours(stood.request),
        )
        deeds.append(deed)
        reports.append(_deed_report(deed, line.at, judged, story))
    left, judged = _left(work, case, story)
    gone = (case_before(case, lines, line, proofs) for line in lines if line.act == MISSED)
    missed = any(_is_ours(each.request) for each in gone) or _overdue(work, case)
    findings = case_findings(deeds, left=left, missed=missed)
    return {
        "number": case.request.number,
        "product": case.request.product_name,
        "words": story.words,
        "story": story.name,
        "class": story.quality.value,
        "deeds": reports,
        "left": left.value if left else "",
        "grounds": _grounds(judged) if left else [],
        "findings": sorted(finding.value for finding in findings),
        "points": case_points(findings),
    }


_OURS: Final = frozenset({Stage.NEW, Stage.WAITING_CUSTOMER, Stage.ARRIVED})
"""Where the next move is the operator's and a date waits for it."""


def _is_ours(request: ReturnRequest) -> bool:
    return Stage(request.stage) in _OURS and not request.pending_press


def as_is_true(case: Case, story: Story) -> Case:
    """Put what the story's words and photos tell in place of what was entered."""
    request = copy(case.request)
    request.quality = story.quality.value
    request.inspection = {**request.inspection, **story.inspection}
    signed = tuple(
        replace(each, signature=True, stamp=True)
        if each.kind is EvidenceKind.TECHNICAL_ACT
        else each
        for each in case.evidence
    )
    return _approved_as_true(replace(case, request=request, evidence=signed))


def _approved_as_true(case: Case) -> Case:
    """Let the approval that stood then cover the true facts: what it was bound to was what the person had entered."""
    request = case.request
    if request.approval not in {ApprovalState.REQUESTED, ApprovalState.GIVEN}:
        return replace(case, approvals=())
    state = ApprovalState(request.approval)
    standing = tuple(
        StandingApproval(
            request.pk,
            purpose,
            state,
            covered_sha256(covered(case, purpose)),
            request.approval_requested_by_id,
        )
        for purpose in Purpose
    )
    return replace(case, approvals=standing)


def _seconds(
    work: Work, line: JournalEntry, lines: Sequence[JournalEntry], mine: Sequence[datetime]
) -> int:
    """Count from the latest of: the opening, the person's act before it anywhere, the last thing that came into the case."""
    came = (each.at for each in lines if each.seq < line.seq and _is_news(each, work))
    before = (at for at in mine if at < line.at)
    begun = max((work.opened_at, *came, *before))
    return max(0, int((line.at - begun).total_seconds()))


def _is_news(line: JournalEntry, work: Work) -> bool:
    """Tell whether a line is something new to the person: not their own, no reminder, no effect that went through."""
    return line.actor_id != work.user_id and not line.act.startswith(("GUARD_", "EFFECT_"))


def _left(work: Work, case: Case, story: Story) -> tuple[Act | None, Evaluation]:
    """Tell which decision was due when the practice ended; a date still ahead that asks for waiting is no fault."""
    judged = evaluate_case(as_is_true(case, story), work.now)
    due = work.over and _is_ours(case.request)
    return (recommended(Stage(case.request.stage), judged.facts) if due else None), judged


def _overdue(work: Work, case: Case) -> bool:
    request = case.request
    over = request.control_at is not None and request.control_at < work.now
    return over and _is_ours(request)


def _deed_report(deed: ScoredAct, at: datetime, judged: Evaluation, story: Story) -> dict[str, Any]:
    return {
        "act": deed.act.value,
        "at": at.isoformat(),
        "reason": deed.reason.value if deed.reason else "",
        "advised": deed.advised.value if deed.advised else "",
        "true_reasons": sorted(reason.value for reason in deed.true_reasons),
        "class": story.quality.value,
        "seconds": deed.seconds,
        "findings": sorted(finding.value for finding in deed_findings(deed)),
        "grounds": _grounds(judged),
    }


def _grounds(judged: Evaluation) -> list[Mapping[str, Any]]:
    return [
        {
            "code": ground.code,
            "source": [ground.source.kind.value, ground.source.place],
            "leads_to": int(ground.leads_to),
            "params": ground.params,
        }
        for ground in judged.verdict.grounds
    ]
