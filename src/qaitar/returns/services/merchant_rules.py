"""A merchant's own rules: saved within what the law lets them, ended, and tried out on the open cases first."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS
from qaitar.returns.models import MerchantRule, ReturnRequest
from qaitar.returns.reads.cases import cases_load
from qaitar.returns.rules import dated_rules as r
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.dated_rules import RuleLine, RuleSource, SourceKind
from qaitar.returns.rules.policy import check_rule
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.kernel.refusal import Refusal
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.rules.dated_rules import RuleCode, RuleValue
    from qaitar.returns.rules.policy import PolicyVerdict

PREVIEW_MAX: Final = 500  # the open cases filed last; more would make people wait
DIFFERING_MAX: Final = 50
JOURNAL_KIND: Final = "rule"
OWN: Final = RuleSource(SourceKind.MERCHANT, "own rule")
DEFAULT_OF: Final[Mapping[RuleCode, RuleLine]] = {line.code: line for line in r.DEFAULTS}


class RuleRefused(Exception):
    """A line gives the customer less than the law does, or makes no sense; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        """Carry why."""
        super().__init__(refusal.code)
        self.refusal = refusal


class RuleMissing(Exception):
    """These walls hold no such rule, or it has ended already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """An own rule as entered; without a last day it holds until changed."""

    code: RuleCode
    value: RuleValue
    valid_from: date
    valid_to: date | None = None
    note: str = ""

    def line(self) -> RuleLine:
        """Give the line the policy reads."""
        return RuleLine(self.code, self.value, OWN, self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One open case the rules would judge otherwise."""

    case_id: UUID
    number: str
    before: PolicyVerdict
    after: PolicyVerdict


@dataclass(frozen=True, slots=True)
class Preview:
    """What proposed rules would change: how many cases were looked at, how many differ, and the first of those."""

    checked: int
    changed: int
    differences: tuple[RuleDifference, ...]


def rule_check(entry: RuleEntry) -> Refusal | None:
    """Say why a line may not be kept, or None when it may."""
    return check_rule(entry.line(), DEFAULT_OF[entry.code])


def rules_of(merchant_id: UUID) -> list[MerchantRule]:
    """List a merchant's own lines, the latest first within each rule."""
    return list(
        MerchantRule.objects.filter(merchant_id=merchant_id).order_by("key", "-valid_from", "-id")
    )


def value_stored(value: RuleValue) -> Any:
    """Write a value as it is kept: a number, or a sorted list of words.

    >>> from qaitar.returns.rules.goods_groups import GoodsGroup
    >>> value_stored(frozenset({GoodsGroup.HOSIERY, GoodsGroup.ANIMALS_PLANTS}))
    ['ANIMALS_PLANTS', 'HOSIERY']
    """
    return sorted(word.value for word in value) if isinstance(value, frozenset) else value


def rule_save(*, merchant_id: UUID, entry: RuleEntry, by: Actor, now: datetime) -> MerchantRule:
    """Keep a merchant's own line, in the caller's transaction; earlier lines stay, the latest lawful one holds.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        RuleRefused: it gives the customer less than the law does, or makes no sense; nothing was written.
    """
    require_role(by, MANAGERS)
    refusal = rule_check(entry)
    if refusal is not None:
        raise RuleRefused(refusal)
    row = MerchantRule.objects.create(
        id=new_id(),
        merchant_id=merchant_id,
        key=entry.code.value,
        value=value_stored(entry.value),
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        note=entry.note.strip()[:300],
        by_name=by.name[:200],
        created_at=now,
    )
    _note(row, "RULE_ADD", by, now, {}, _journalled(row))
    return row


def rule_end(*, rule_id: UUID, last_day: date, by: Actor, now: datetime) -> MerchantRule:
    """Let an own line end; a line that would end before it began never held and ends the day before its first.

    The line stays, because cases filed while it held are judged by it.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        RuleMissing: these walls hold no such line, or it ends by that day already.
    """
    require_role(by, MANAGERS)
    row = MerchantRule.objects.select_for_update().filter(pk=rule_id).first()
    if row is None or (row.valid_to is not None and row.valid_to <= last_day):
        raise RuleMissing(str(rule_id))
    before = _journalled(row)
    row.valid_to = last_day
    if last_day < row.valid_from:
        MerchantRule.objects.filter(pk=rule_id).delete()
        _note(row, "RULE_WITHDRAW", by, now, before, {})
        return row
    row.save(update_fields=["valid_to"])
    _note(row, "RULE_END", by, now, before, _journalled(row))
    return row


def _journalled(row: MerchantRule) -> dict[str, Any]:
    return {
        "key": row.key,
        "value": row.value,
        "from": row.valid_from.isoformat(),
        "to": row.valid_to.isoformat() if row.valid_to else None,
        "note": row.note,
    }


def _note(
    row: MerchantRule,
    act: str,
    by: Actor,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    line = JournalLine(act=act, at=now, by=by, before=before, after=after)
    setting_note(merchant_id=row.merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)


def rules_preview(*, merchant_id: UUID, proposed: Sequence[RuleEntry], now: datetime) -> Preview:
    """Judge the newest open cases with and without the proposed lines, and give those that differ; writes nothing."""
    newest = ReturnRequest.objects.filter(merchant_id=merchant_id).exclude(stage=Stage.CLOSED)
    ids = list(newest.order_by("-filed_at", "-id").values_list("pk", flat=True)[:PREVIEW_MAX])
    changed, found = 0, []
    for case in cases_load(ids):
        before = evaluate_case(case, now).verdict
        after = evaluate_case(_with(case, proposed), now).verdict
        if _answer(before) != _answer(after):
            changed += 1
            found.append(RuleDifference(case.request.pk, case.request.number, before, after))
    found.sort(key=lambda each: each.number)
    return Preview(len(ids), changed, tuple(found[:DIFFERING_MAX]))


def _with(case: Case, proposed: Sequence[RuleEntry]) -> Case:
    lines = json.loads(case.rules_text)
    lines += [
        {
            "key": entry.code.value,
            "value": value_stored(entry.value),
            "from": entry.valid_from.isoformat(),
            "to": entry.valid_to.isoformat() if entry.valid_to else None,
        }
        for entry in proposed
    ]
    return replace(case, rules_text=json.dumps(lines))


def _answer(verdict: PolicyVerdict) -> tuple[object, ...]:
    """Take what people would see changed: the advice, the codes of its grounds, what is missing, who approves."""
    codes = tuple(sorted(ground.code for ground in verdict.grounds))
    return verdict.answer, codes, verdict.missing, verdict.approvers
