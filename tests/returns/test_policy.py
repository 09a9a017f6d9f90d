"""The policy: each line of the law, of the marketplace and of the procedure as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.kernel.refusal import Refusal
from qaitar.kernel.roles import Role
from qaitar.returns.rules.dated_rules import (
    DEFAULTS,
    NUMBER_MAX,
    RuleCode,
    RuleLine,
    RuleSource,
    SourceKind,
    fits_kind,
)
from qaitar.returns.rules.goods_groups import GoodsGroup, suggest_group
from qaitar.returns.rules.policy import (
    CaseFacts,
    PolicyAnswer,
    PolicyVerdict,
    check_rule,
    damage_reported,
    judge,
    last_day,
    missing_evidence,
    required_evidence,
    rules_on,
)
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason

K, R = EvidenceKind, RefusalReason
RECEIVED = date(2026, 3, 2)
RULES = rules_on(DEFAULTS, (), RECEIVED).rules
OWN = RuleSource(SourceKind.MERCHANT, "store settings")
PHOTOS = frozenset({K.PHOTO_GOODS, K.PHOTO_PACKAGING})
ACTS = frozenset({K.IRREPARABILITY_ACT, K.TECHNICAL_ACT})


def own(code: RuleCode, value, since: date = date(2026, 1, 1), until: date | None = None):
    return RuleLine(code, value, OWN, since, until)


def ruled(*lines: RuleLine):
    return rules_on(DEFAULTS, lines, RECEIVED).rules


def case(quality: Quality, after_days: int = 1, **known) -> CaseFacts:
    filed = RECEIVED + timedelta(days=after_days)
    return CaseFacts(quality=quality, filed_on=filed, received_on=RECEIVED, **known)


GOOD = case(Quality.PROPER, unused=True, complete=True, packaging=True, evidence=PHOTOS, attempt=1)
BROKEN = case(Quality.DEFECTIVE, evidence=ACTS, technical_act_confirmed=True, defect_confirmed=True)
DAMAGE_PHOTOS = frozenset({K.PHOTO_DAMAGE, K.PHOTO_PACKAGING})
DAMAGED = case(Quality.MECHANICAL_DAMAGE, evidence=DAMAGE_PHOTOS)


def codes(verdict: PolicyVerdict) -> set[str]:
    return {ground.code for ground in verdict.grounds}


def moved(facts: CaseFacts, days: int, **known) -> CaseFacts:
    return replace(facts, filed_on=RECEIVED + timedelta(days=days), **known)


@pytest.mark.parametrize(
    ("why", "facts", "answer", "code", "reason"),
    [
        ("conditions met", GOOD, PolicyAnswer.ALLOWED, "WINDOW_OPEN", None),
        ("14th day counts in full", moved(GOOD, 14), PolicyAnswer.ALLOWED, "WINDOW_OPEN", None),
        ("15th day", moved(GOOD, 15), PolicyAnswer.REFUSABLE, "WINDOW_PASSED", R.WINDOW_PASSED),
        (
            "hand-over unknown",
            replace(GOOD, received_on=None),
            PolicyAnswer.UNSURE,
            "RECEIVED_DATE_UNKNOWN",
            None,
        ),
        (
            "used",
            replace(GOOD, unused=False),
            PolicyAnswer.REFUSABLE,
            "LOOK_NOT_KEPT",
            R.USED_OR_INCOMPLETE,
        ),
        (
            "incomplete",
            replace(GOOD, complete=False),
            PolicyAnswer.REFUSABLE,
            "LOOK_NOT_KEPT",
            R.USED_OR_INCOMPLETE,
        ),
        (
            "look unknown",
            replace(GOOD, unused=None),
            PolicyAnswer.MUST_TAKE_FOR_CHECK,
            "LOOK_TO_CHECK",
            None,
        ),
        (
            "a lost box alone refuses nothing",
            replace(GOOD, packaging=False),
            PolicyAnswer.MUST_TAKE_FOR_CHECK,
            "PACKAGING_NOT_KEPT",
            None,
        ),
        (
            "no photos",
            replace(GOOD, evidence=frozenset()),
            PolicyAnswer.UNSURE,
            "EVIDENCE_MISSING",
            None,
        ),
        (
            "phone, reviewed",
            replace(GOOD, group=GoodsGroup.CELLULAR, group_reviewed=True),
            PolicyAnswer.REFUSABLE,
            "GROUP_NOT_RETURNABLE",
            R.NOT_RETURNABLE,
        ),
        (
            "phone, only guessed",
            replace(GOOD, group=GoodsGroup.CELLULAR),
            PolicyAnswer.UNSURE,
            "GROUP_NOT_REVIEWED",
            None,
        ),
        (
            "defective phone is returnable",
            replace(BROKEN, group=GoodsGroup.CELLULAR, group_reviewed=True),
            PolicyAnswer.ALLOWED,
            "GROUP_NOT_FOR_DEFECTS",
            None,
        ),
        ("defect with acts", BROKEN, PolicyAnswer.ALLOWED, "WINDOW_OPEN", None),
        ("30th day of a defect", moved(BROKEN, 30), PolicyAnswer.ALLOWED, "WINDOW_OPEN", None),
        (
            "31st day, warranty unknown",
            moved(BROKEN, 31),
            PolicyAnswer.UNSURE,
            "WARRANTY_UNKNOWN",
            None,
        ),
        (
            "last day of warranty",
            moved(BROKEN, 365, warranty_until=RECEIVED + timedelta(days=365)),
            PolicyAnswer.ALLOWED,
            "WINDOW_OPEN",
            None,
        ),
        (
            "warranty over",
            moved(BROKEN, 366, warranty_until=RECEIVED + timedelta(days=365)),
            PolicyAnswer.REFUSABLE,
            "WINDOW_PASSED",
            R.WINDOW_PASSED,
        ),
        (
            "warranty shorter than 30 days shortens nothing",
            moved(BROKEN, 30, warranty_until=RECEIVED + timedelta(days=7)),
            PolicyAnswer.ALLOWED,
            "WINDOW_OPEN",
            None,
        ),
        (
            "no act yet",
            replace(BROKEN, evidence=frozenset(), defect_confirmed=None),
            PolicyAnswer.UNSURE,
            "EVIDENCE_MISSING",
            None,
        ),
        (
            "technical act not stamped",
            replace(BROKEN, technical_act_confirmed=False),
            PolicyAnswer.MUST_TAKE_FOR_CHECK,
            "EVIDENCE_MISSING",
            None,
        ),
        (
            "defect not found",
            replace(BROKEN, defect_confirmed=False),
            PolicyAnswer.REFUSABLE,
            "DEFECT_NOT_CONFIRMED",
            R.DEFECT_NOT_CONFIRMED,
        ),
        (
            "defect to check",
            replace(BROKEN, defect_confirmed=None),
            PolicyAnswer.MUST_TAKE_FOR_CHECK,
            "DEFECT_TO_CHECK",
            None,
        ),
        ("damage", DAMAGED, PolicyAnswer.NEEDS_APPROVAL, "DAMAGE_NEEDS_APPROVAL", None),
        (
            "damage after two days",
            moved(DAMAGED, 3),
            PolicyAnswer.NEEDS_APPROVAL,
            "DAMAGE_ACT_FIRST",
            None,
        ),
        (
            "other goods, unit seen to be the one sold",
            case(Quality.DIFFERENT_GOODS, unit="SAME", evidence=PHOTOS),
            PolicyAnswer.REFUSABLE,
            "UNIT_IS_THE_ONE_SOLD",
            R.UNTRUE_REASON,
        ),
        (
            "other goods",
            case(Quality.DIFFERENT_GOODS, unit="DIFFERENT", evidence=PHOTOS),
            PolicyAnswer.MUST_TAKE_FOR_CHECK,
            "MISMATCH_TO_CHECK",
            None,
        ),
        (
            "never received",
            case(Quality.NOT_RECEIVED),
            PolicyAnswer.UNSURE,
            "DELIVERY_PROOF_NEEDED",
            None,
        ),
        (
            "never received, hand-over proved",
            case(Quality.NOT_RECEIVED, evidence=frozenset({K.HANDOVER_ACT})),
            PolicyAnswer.REFUSABLE,
            "HANDOVER_PROVED",
            R.UNTRUE_REASON,
        ),
        ("class unknown", case(Quality.UNKNOWN), PolicyAnswer.UNSURE, "QUALITY_UNKNOWN", None),
        (
            "reason proved untrue",
            replace(GOOD, reason_untrue=True),
            PolicyAnswer.REFUSABLE,
            "REASON_UNTRUE",
            R.UNTRUE_REASON,
        ),
        (
            "another unit on the photos",
            replace(GOOD, unit="DIFFERENT"),
            PolicyAnswer.UNSURE,
            "UNIT_DIFFERS",
            None,
        ),
        ("filed again", replace(GOOD, attempt=2), PolicyAnswer.ALLOWED, "FILED_AGAIN", None),
    ],
)
def test_each_line(why, facts, answer, code, reason):
    verdict = judge(facts, RULES)
    assert verdict.answer is answer, (why, verdict.grounds)
    assert code in codes(verdict)
    assert verdict.refusal_reasons == (frozenset() if reason is None else {reason})
    assert verdict.allows_take == (
        answer in {PolicyAnswer.ALLOWED, PolicyAnswer.MUST_TAKE_FOR_CHECK}
    )
    assert all(g.source.place for g in verdict.grounds)


def test_the_ground_names_its_last_day_and_source():
    ground = judge(moved(GOOD, 15), RULES).grounds[0]
    assert (ground.code, dict(ground.params)) == (
        "WINDOW_PASSED",
        {"last_day": "2026-03-16", "days": 14},
    )
    assert ground.source.kind is SourceKind.LAW


def test_last_day_is_unknown_without_hand_over():
    assert last_day(replace(GOOD, received_on=None), RULES) is None


# --- sums and approval --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "amount", "code"),
    [
        (0, 10**9, None),
        (50_000_00, 50_000_00, None),
        (50_000_00, 50_000_01, "SUM_ABOVE_LIMIT"),
        (50_000_00, None, "SUM_UNKNOWN"),
    ],
)
def test_sum_above_the_limit_needs_a_senior(limit, amount, code):
    rules = ruled(own(RuleCode.APPROVAL_ABOVE_MINOR, limit))
    verdict = judge(replace(GOOD, amount_minor=amount), rules)
    assert verdict.approval_needed == (code is not None)
    assert (verdict.answer is PolicyAnswer.NEEDS_APPROVAL) == (code is not None)
    if code is not None:
        assert code in codes(verdict)
        assert verdict.approvers == {Role.SENIOR, Role.OWNER, Role.ADMIN}
        assert verdict.grounds[0].source == OWN


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, "WITHIN_DAY"),
        (1, "WITHIN_DAY"),
        (2, "WITHIN_TWO_DAYS"),
        (3, "LATER"),
        (-1, "UNKNOWN"),
    ],
)
def test_the_two_ways_of_damage(days, expected):
    assert damage_reported(moved(DAMAGED, days), RULES) == expected


def test_damage_needs_approval_always_and_the_act_after_two_days():
    assert judge(DAMAGED, RULES).approval_needed
    assert K.TECHNICAL_ACT not in judge(DAMAGED, RULES).missing
    assert judge(moved(DAMAGED, 3), RULES).missing == {K.TECHNICAL_ACT}
    with_act = moved(
        DAMAGED, 3, evidence=DAMAGE_PHOTOS | {K.TECHNICAL_ACT}, technical_act_confirmed=True
    )
    assert codes(judge(with_act, RULES)) == {"DAMAGE_NEEDS_APPROVAL"}


# --- evidence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quality", "required"),
    [
        (Quality.PROPER, PHOTOS),
        (Quality.DEFECTIVE, ACTS),
        (Quality.MECHANICAL_DAMAGE, {K.PHOTO_DAMAGE, K.PHOTO_PACKAGING}),
        (Quality.DIFFERENT_GOODS, PHOTOS),
        (Quality.NOT_RECEIVED, set()),
        (Quality.UNKNOWN, set()),
    ],
)
def test_step_6_by_class(quality, required):
    assert required_evidence(quality, RULES, 1) == required


def test_without_act_first_a_first_filing_needs_a_photo_and_the_next_the_acts():
    rules = ruled(own(RuleCode.ACT_BEFORE_TAKING, 0))
    assert required_evidence(Quality.DEFECTIVE, rules, 1) == {K.PHOTO_DAMAGE}
    assert required_evidence(Quality.DEFECTIVE, rules, 2) == ACTS
    displayed = replace(BROKEN, evidence=frozenset({K.PHOTO_DAMAGE}), defect_confirmed=None)
    assert judge(displayed, rules).answer is PolicyAnswer.MUST_TAKE_FOR_CHECK


@pytest.mark.parametrize(
    ("evidence", "confirmed", "missing"),
    [
        (ACTS, True, set()),
        (ACTS, False, {K.TECHNICAL_ACT}),
        ({K.IRREPARABILITY_ACT}, True, {K.TECHNICAL_ACT}),
        ({K.QUALITY_CHECK_ACT}, False, {K.TECHNICAL_ACT}),
        ({K.PHOTO_GOODS}, False, ACTS),
    ],
)
def test_a_technical_act_counts_only_with_signature_and_stamp(evidence, confirmed, missing):
    found = missing_evidence(ACTS, frozenset(evidence), technical_act_confirmed=confirmed)
    assert found == missing


# --- merchant's own rules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "refusal"),
    [
        (RuleCode.PROPER_WINDOW_DAYS, 30, None),
        (RuleCode.PROPER_WINDOW_DAYS, 13, "RULE_BELOW_LAW"),
        (RuleCode.DEFECTIVE_WINDOW_DAYS, 29, "RULE_BELOW_LAW"),
        (RuleCode.PROPER_WINDOW_DAYS, PHOTOS, "RULE_VALUE_UNFIT"),
        (RuleCode.PROPER_WINDOW_DAYS, NUMBER_MAX + 1, "RULE_VALUE_UNFIT"),
        (RuleCode.NOT_RETURNABLE_GROUPS, frozenset({GoodsGroup.CELLULAR}), None),
        (RuleCode.NOT_RETURNABLE_GROUPS, frozenset(), None),
        (RuleCode.NOT_RETURNABLE_GROUPS, 1, "RULE_VALUE_UNFIT"),
        (RuleCode.EVIDENCE_PROPER, PHOTOS | {K.VIDEO}, None),
        (RuleCode.EVIDENCE_PROPER, frozenset({GoodsGroup.CELLULAR}), "RULE_VALUE_UNFIT"),
        (RuleCode.APPROVAL_ABOVE_MINOR, -1, "RULE_VALUE_UNFIT"),
    ],
)
def test_a_merchant_may_give_more_and_never_less(code, value, refusal):
    day = rules_on(DEFAULTS, [own(code, value)], RECEIVED)
    default = next(line for line in DEFAULTS if line.code is code)
    in_force = day.rules.lines[code]
    if refusal is None:
        assert (in_force.value, in_force.source, day.refused) == (value, OWN, ())
    else:
        assert in_force == default
        assert [no.code for no in day.refused] == [refusal]


def test_a_refused_rule_says_what_the_law_says():
    no = check_rule(own(RuleCode.PROPER_WINDOW_DAYS, 7), DEFAULTS[0])
    assert no == Refusal(
        "RULE_BELOW_LAW",
        {
            "rule": "PROPER_WINDOW_DAYS",
            "source": "274-IV, art. 30 (14)",
            "value": 7,
            "least": 14,
        },
    )


def test_no_group_beyond_the_law_may_be_refused():
    fewer = [
        replace(line, value=frozenset({GoodsGroup.CELLULAR}))
        for line in DEFAULTS
        if line.code is RuleCode.NOT_RETURNABLE_GROUPS
    ]
    wish = own(RuleCode.NOT_RETURNABLE_GROUPS, frozenset({GoodsGroup.HOSIERY, GoodsGroup.CELLULAR}))
    no = check_rule(wish, fewer[0])
    assert no is not None
    assert (no.code, no.params["extra"]) == ("RULE_BEYOND_LAW", "HOSIERY")


def test_days_reversed_are_refused():
    line = own(RuleCode.PROPER_WINDOW_DAYS, 30, date(2026, 5, 1), date(2026, 4, 1))
    assert check_rule(line, DEFAULTS[0]) == Refusal(
        "RULE_DAYS_REVERSED", {"rule": "PROPER_WINDOW_DAYS"}
    )


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 1, 31), 14),
        (date(2026, 2, 1), 30),
        (date(2026, 2, 28), 30),
        (date(2026, 3, 1), 21),
        (date(2026, 4, 1), 14),
    ],
)
def test_rules_hold_on_their_days_and_the_latest_wins(on, days):
    lines = [
        own(RuleCode.PROPER_WINDOW_DAYS, 21, date(2026, 3, 1), date(2026, 3, 31)),
        own(RuleCode.PROPER_WINDOW_DAYS, 30, date(2026, 2, 1), date(2026, 3, 31)),
    ]
    rules = rules_on(DEFAULTS, lines, on).rules
    assert rules.number(RuleCode.PROPER_WINDOW_DAYS) == days


def test_defaults_rule_everything_and_pass_their_own_check():
    assert {line.code for line in DEFAULTS} == set(RuleCode)
    for line in DEFAULTS:
        assert fits_kind(line.code, line.value)
        assert check_rule(line, line) is None
        assert RULES.source(line.code) == line.source


def test_a_longer_window_of_the_merchant_is_stored_and_named():
    verdict = judge(moved(GOOD, 20), ruled(own(RuleCode.PROPER_WINDOW_DAYS, 30)))
    assert verdict.answer is PolicyAnswer.ALLOWED
    ground = next(g for g in verdict.grounds if g.code == "WINDOW_OPEN")
    assert ground.source == OWN


@given(st.integers(0, 60), st.integers(14, 60))
def test_no_lawful_rule_ever_refuses_inside_the_laws_window(day, window):
    rules = ruled(own(RuleCode.PROPER_WINDOW_DAYS, window))
    reasons = judge(moved(GOOD, day), rules).refusal_reasons
    assert (R.WINDOW_PASSED in reasons) == (day > window)


# --- groups of goods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "group"),
    [
        ("Смартфоны", GoodsGroup.CELLULAR),
        ("Мобильные телефоны", GoodsGroup.CELLULAR),
        ("Чехлы для смартфонов", None),
        ("Защитные стекла для смартфонов", None),
        ("Карты памяти для телефонов", None),
        ("Радиотелефоны", None),
        ("Термобелье", GoodsGroup.UNDERWEAR),
        ("Термобельё детское", GoodsGroup.UNDERWEAR),
        ("Нижнее белье", GoodsGroup.UNDERWEAR),
        ("Бюстгальтеры", GoodsGroup.UNDERWEAR),
        ("Трусы женские", GoodsGroup.UNDERWEAR),
        ("Спортивная одежда", None),
        ("Спортивные костюмы", None),
        ("Постельное белье", None),
        ("Корзины для белья", None),
        ("Носки", GoodsGroup.HOSIERY),
        ("Колготки женские", GoodsGroup.HOSIERY),
        ("Чулочно-носочные изделия", GoodsGroup.HOSIERY),
        ("Тонометры", GoodsGroup.MEDICINES),
        ("Лекарственные средства", GoodsGroup.MEDICINES),
        ("Комнатные растения", GoodsGroup.ANIMALS_PLANTS),
        ("Искусственные растения", None),
        ("Корм для кошек", None),
        ("Ткани", GoodsGroup.BY_METRE),
        ("Линолеум", GoodsGroup.BY_METRE),
        ("Силовые кабели", GoodsGroup.BY_METRE),
        ("USB-кабели и переходники", None),
        ("Телевизоры", None),
        ("", None),
    ],
)
def test_a_category_suggests_its_group(title, group):
    found = suggest_group(title)
    assert (found.group if found else None) is group


@given(st.text(max_size=400))
def test_any_title_is_survived(title):
    found = suggest_group(title)
    assert found is None or found.group in GoodsGroup
