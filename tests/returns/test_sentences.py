"""Nothing reaches a person as a bare code: every word and sentence is there, in every shape its facts take."""

from __future__ import annotations

import ast
import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import translation

import qaitar.returns
from qaitar.foundation.models import EffectState
from qaitar.kernel.refusal import Refusal
from qaitar.returns.deadlines import control_dates
from qaitar.returns.deadlines.deadline_guard import GuardAction
from qaitar.returns.errors import BadCase
from qaitar.returns.rules import dated_rules as rules
from qaitar.returns.rules.dated_rules import RuleSource, SourceKind
from qaitar.returns.rules.policy import Ground, PolicyAnswer
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.texts import sentences, words
from qaitar.returns.vocabulary import Act, ControlRule, Effect, EvidenceKind

ROOM = Path(qaitar.returns.__file__).parent


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def codes_given_to(callee: str) -> set[str]:
    """Every literal code the area's files pass to `callee` or keep in a variable named `code` beside it."""
    found: set[str] = set()
    for path in (*ROOM.rglob("*.py"), *(ROOM.parent / "flows").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == callee and node.args:
                found |= literals(node.args[0])
                if isinstance(node.args[0], ast.Name) and node.args[0].id == "code":
                    found |= assigned_codes(tree)
    return found


def literals(node: ast.expr) -> set[str]:
    chosen = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return {n.value for n in chosen if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def assigned_codes(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code"
        if named and isinstance(node.value, ast.Constant):
            found |= literals(node.value)
    return found


def test_every_vocabulary_has_a_word_for_each_of_its_codes() -> None:
    for vocabulary in words.WORDED:
        for code in vocabulary:
            assert str(words.word_for(code)), code
    assert len(words.WORDED) == 16


def test_every_reason_why_an_act_is_blocked_has_a_sentence() -> None:
    codes = codes_given_to("Refusal") | codes_given_to("Blocked")
    assert len(codes) > 25
    rule_codes = {code for code in codes if code.startswith("RULE_")}
    assert codes - rule_codes - set(sentences.BLOCKED) == set()
    assert rule_codes == set(sentences.RULE_REFUSALS)


def test_every_ground_of_the_policy_has_a_sentence() -> None:
    assert codes_given_to("Ground") == set(sentences.GROUNDS)


def test_every_reason_why_a_case_is_not_opened_has_a_sentence() -> None:
    assert codes_given_to("BadCase") == set(sentences.BAD_CASES)


def test_every_effect_rule_and_source_of_a_control_date_is_worded() -> None:
    assert set(sentences.WILL_DO) == set(Effect)
    assert set(sentences.SILENCES) == {s.value for s in control_dates.Silence} - {"NOTHING"}
    reported = {
        value
        for name, value in vars(control_dates).items()
        if name.isupper() and isinstance(value, str)
    }
    assert reported == set(sentences.CONTROL_SOURCES)
    for rule in ControlRule:
        assert sentences.control_rule_label(rule.value)
    assert sentences.control_rule_label("") == ""


def test_every_act_the_services_write_into_the_journal_is_worded() -> None:
    written: set[str] = set()
    for path in (ROOM / "services").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "act":
                written |= literals(node.value) - {""}
    assert written >= {"CREATE", "NOTE", "MIRROR", "PROOF"}
    for act in {*written, "ADD_EVIDENCE", "CONFIRM_EVIDENCE", "WITHDRAW_EVIDENCE", *Act}:
        assert sentences.journal_act_label(act) != act
    for state in set(EffectState) - {EffectState.SENDING}:  # the journal hears of outcomes only
        assert sentences.journal_act_label(f"EFFECT_{state.value}") != f"EFFECT_{state.value}"
    for deed in GuardAction:
        assert sentences.journal_act_label(f"GUARD_{deed.value}") == str(words.DEEDS[deed])
    assert sentences.journal_act_label("SOMETHING_NEW") == "SOMETHING_NEW"


@pytest.mark.parametrize(
    ("blocked", "stated"),
    [
        (
            Blocked("NO_SUCH_STEP", {"stage": "CLOSED", "act": "REFUSE"}),
            "“Refuse” is not a step of the procedure at “Closed”.",
        ),
        (
            Blocked("EVIDENCE_MISSING", {"missing": "PHOTO_GOODS,TECHNICAL_ACT"}),
            "Still needed: Photo of the goods, Technical-condition act.",
        ),
        (
            Blocked("ROLE_NOT_ALLOWED", {"role": "VIEWER"}),
            "Your role (Viewer) may not do this.",
        ),
        (Blocked("NEVER_HEARD_OF"), "NEVER_HEARD_OF"),
    ],
)
def test_a_blocked_act_is_reported_in_words(blocked: Blocked, stated: str) -> None:
    assert sentences.blocked_sentence(blocked) == stated


def test_grounds_are_reported_with_days_sums_and_sources() -> None:
    late = Ground(
        "WINDOW_PASSED",
        rules.LAW_PROPER,
        PolicyAnswer.REFUSABLE,
        {"last_day": "2026-05-14", "days": 14},
    )
    assert (
        sentences.ground_sentence(late) == "Filed too late: the last day was 14 May 2026 (14 days)."
    )
    assert sentences.source_sentence(late.source) == "Law 274-IV, art. 30 (14)"
    assert sentences.source_sentence(RuleSource(SourceKind.MERCHANT, "own rule")) == "Own rule"
    above = Ground(
        "SUM_ABOVE_LIMIT",
        rules.STEP_1X,
        PolicyAnswer.NEEDS_APPROVAL,
        {"limit_minor": 5_000_00, "amount_minor": 7_500_00},
    )
    assert sentences.ground_sentence(above) == (
        "7\u202f500\u00a0₸ is above the limit of 5\u202f000\u00a0₸: a senior approves."
    )
    looked = Ground("LOOK_NOT_KEPT", rules.LAW_PROPER, PolicyAnswer.REFUSABLE, {"marks": "unused"})
    assert sentences.ground_sentence(looked) == "Not kept as required: look."


def test_bad_cases_and_rules_are_reported_in_words() -> None:
    assert sentences.bad_case_sentence(BadCase("NUMBER_TAKEN", number="7-1")) == (
        "The store already has a request 7-1."
    )
    refused = Refusal(
        "RULE_BELOW_LAW",
        {"rule": "PROPER_WINDOW_DAYS", "value": 7, "least": 14, "source": "274-IV"},
    )
    assert sentences.rule_refusal_sentence(refused) == (
        "PROPER_WINDOW_DAYS: 7 is less than the 14 the law gives the customer (274-IV)."
    )
    assert sentences.will_do_sentence(Effect.OPEN_TICKET) == (
        "A ticket goes to the call centre: the customer is asked."
    )
    assert sentences.act_label(Act.GRANT_REFUND) == "Grant the refund"


def test_what_the_guard_wrote_down_is_reported_in_sentences() -> None:
    before = int(timedelta(hours=4).total_seconds())
    reported = sentences.guard_note(
        f"ESCALATE; before={before}; to=OWNER,SENIOR; skipped=REMIND@86400; odd part"
    )
    assert reported == (
        "Control date very near: seniors told. 4 h before the control date. Told: Owner, Senior."
        " The program was off or told too late: Reminder: the control date is near (24 h). odd part"
    )
    assert sentences.guard_note("MISSED; marketplace=REFUNDED; not done: GOODS_DIFFER") == (
        "Control date missed. The marketplace has presumably returned the money."
        " Not done: The goods that came back are not what was sold."
    )


def test_no_two_acts_of_one_stage_share_a_label() -> None:
    for one, other in itertools.combinations(Act, 2):
        assert sentences.act_label(one) != sentences.act_label(other)
    assert str(words.word_for(EvidenceKind.OTHER)) == "Other"
