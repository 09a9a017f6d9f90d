"""Every ground of a verdict in full: its code, who says so, where it leads, the facts of its sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from qaitar.kernel.refusal import Refusal
from qaitar.returns.rules.dated_rules import DEFAULTS, RuleCode, RuleLine, RuleSource, SourceKind
from qaitar.returns.rules.goods_groups import GoodsGroup, Suggestion, suggest_group
from qaitar.returns.rules.policy import CaseFacts, PolicyAnswer, check_rule, judge, rules_on
from qaitar.returns.rules.reasons import quality_of
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason

A, K, R, Q = PolicyAnswer, EvidenceKind, RefusalReason, Quality
RECEIVED = date(2026, 3, 2)
RULES = rules_on(DEFAULTS, (), RECEIVED).rules
OWN = RuleSource(SourceKind.MERCHANT, "store settings")
LAW_PROPER = RuleSource(SourceKind.LAW, "274-IV, art. 30 (14)")
LAW_DEFECT = RuleSource(SourceKind.LAW, "274-IV, art. 15, 30")
LAW_GROUPS = RuleSource(SourceKind.LAW, "274-IV, art. 30 (2026)")
WINDOWS = RuleSource(SourceKind.MARKETPLACE, "Kaspi guide, client q16178")
CHECK = RuleSource(SourceKind.MARKETPLACE, "Kaspi order manual, 9-12")
STEP_1, STEP_1X, STEP_3, STEP_6 = (
    RuleSource(SourceKind.PROCEDURE, step) for step in ("1", "1x", "3", "6")
)
PHOTOS = frozenset({K.PHOTO_GOODS, K.PHOTO_PACKAGING})
ACTS = frozenset({K.IRREPARABILITY_ACT, K.TECHNICAL_ACT})
DAMAGE_PHOTOS = frozenset({K.PHOTO_DAMAGE, K.PHOTO_PACKAGING})

FORTNIGHT = {"last_day": "2026-03-16", "days": 14}
MONTH = {"last_day": "2026-04-01", "days": 30}
OPEN = ("WINDOW_OPEN", LAW_PROPER, A.ALLOWED, FORTNIGHT, None)
OPEN_DEFECT = ("WINDOW_OPEN", WINDOWS, A.ALLOWED, MONTH, None)


def case(quality: Quality, after_days: int = 1, **known: Any) -> CaseFacts:
    filed = RECEIVED + timedelta(days=after_days)
    return CaseFacts(quality=quality, filed_on=filed, received_on=RECEIVED, **known)


def good(after_days: int = 1, **known: Any) -> CaseFacts:
    stored: dict[str, Any] = {"unused": True, "complete": True, "evidence": PHOTOS}
    return case(Q.PROPER, after_days, **stored | known)


def broken(after_days: int = 1, **known: Any) -> CaseFacts:
    found: dict[str, Any] = {
        "evidence": ACTS,
        "technical_act_confirmed": True,
        "defect_confirmed": True,
    }
    return case(Q.DEFECTIVE, after_days, **found | known)


def passed(source: RuleSource, **stated: str | int) -> tuple[Any, ...]:
    return ("WINDOW_PASSED", source, A.REFUSABLE, stated, R.WINDOW_PASSED)


def lacking(source: RuleSource, missing: str, answer: PolicyAnswer = A.UNSURE) -> tuple[Any, ...]:
    return ("EVIDENCE_MISSING", source, answer, {"missing": missing}, None)


CASES = [
    (good(), [OPEN]),
    (good(15), [passed(LAW_PROPER, **FORTNIGHT)]),
    (
        replace(good(), received_on=None),
        [("RECEIVED_DATE_UNKNOWN", LAW_PROPER, A.UNSURE, {}, None)],
    ),
    (
        replace(broken(), received_on=None),
        [("RECEIVED_DATE_UNKNOWN", WINDOWS, A.UNSURE, {}, None)],
    ),
    (
        good(unused=False, complete=False),
        [
            (
                "LOOK_NOT_KEPT",
                LAW_PROPER,
                A.REFUSABLE,
                {"marks": "unused,complete"},
                R.USED_OR_INCOMPLETE,
            ),
            OPEN,
        ],
    ),
    (good(complete=None), [("LOOK_TO_CHECK", LAW_PROPER, A.MUST_TAKE_FOR_CHECK, {}, None), OPEN]),
    (good(unused=None), [("LOOK_TO_CHECK", LAW_PROPER, A.MUST_TAKE_FOR_CHECK, {}, None), OPEN]),
    (good(packaging=True), [OPEN]),
    (
        good(packaging=False),
        [("PACKAGING_NOT_KEPT", LAW_PROPER, A.MUST_TAKE_FOR_CHECK, {}, None), OPEN],
    ),
    (
        good(group=GoodsGroup.CELLULAR, group_reviewed=True),
        [
            (
                "GROUP_NOT_RETURNABLE",
                LAW_GROUPS,
                A.REFUSABLE,
                {"group": "CELLULAR"},
                R.NOT_RETURNABLE,
            ),
            OPEN,
        ],
    ),
    (
        good(group=GoodsGroup.HOSIERY),
        [("GROUP_NOT_REVIEWED", LAW_GROUPS, A.UNSURE, {"group": "HOSIERY"}, None), OPEN],
    ),
    (
        broken(group=GoodsGroup.CELLULAR),
        [
            OPEN_DEFECT,
            ("GROUP_NOT_FOR_DEFECTS", LAW_GROUPS, A.ALLOWED, {"group": "CELLULAR"}, None),
        ],
    ),
    (broken(), [OPEN_DEFECT]),
    (broken(31), [("WARRANTY_UNKNOWN", LAW_DEFECT, A.UNSURE, MONTH, None)]),
    (
        broken(366, warranty_until=RECEIVED + timedelta(days=365)),
        [passed(WINDOWS, last_day="2027-03-02", days=30)],
    ),
    (
        broken(defect_confirmed=False),
        [
            ("DEFECT_NOT_CONFIRMED", CHECK, A.REFUSABLE, {}, R.DEFECT_NOT_CONFIRMED),
            OPEN_DEFECT,
        ],
    ),
    (
        broken(defect_confirmed=None),
        [("DEFECT_TO_CHECK", CHECK, A.MUST_TAKE_FOR_CHECK, {}, None), OPEN_DEFECT],
    ),
    (good(evidence=frozenset()), [lacking(STEP_6, "PHOTO_GOODS,PHOTO_PACKAGING"), OPEN]),
    (
        broken(evidence=frozenset()),
        [lacking(STEP_6, "IRREPARABILITY_ACT,TECHNICAL_ACT"), OPEN_DEFECT],
    ),
    (
        broken(technical_act_confirmed=False),
        [lacking(STEP_6, "TECHNICAL_ACT", A.MUST_TAKE_FOR_CHECK), OPEN_DEFECT],
    ),
    (
        case(Q.MECHANICAL_DAMAGE, evidence=DAMAGE_PHOTOS),
        [("DAMAGE_NEEDS_APPROVAL", STEP_1X, A.NEEDS_APPROVAL, {"reported": "WITHIN_DAY"}, None)],
    ),
    (
        case(Q.MECHANICAL_DAMAGE, 3, evidence=DAMAGE_PHOTOS | {K.TECHNICAL_ACT}),
        [
            ("DAMAGE_NEEDS_APPROVAL", STEP_1X, A.NEEDS_APPROVAL, {"reported": "LATER"}, None),
            ("DAMAGE_ACT_FIRST", STEP_1X, A.UNSURE, {}, None),
            lacking(STEP_1X, "TECHNICAL_ACT"),
        ],
    ),
    (
        case(Q.MECHANICAL_DAMAGE, 3, evidence=DAMAGE_PHOTOS, technical_act_confirmed=True),
        [
            ("DAMAGE_NEEDS_APPROVAL", STEP_1X, A.NEEDS_APPROVAL, {"reported": "LATER"}, None),
            ("DAMAGE_ACT_FIRST", STEP_1X, A.UNSURE, {}, None),
            lacking(STEP_1X, "TECHNICAL_ACT"),
        ],
    ),
    (
        case(Q.DIFFERENT_GOODS, unit="SAME", evidence=PHOTOS),
        [("UNIT_IS_THE_ONE_SOLD", CHECK, A.REFUSABLE, {}, R.UNTRUE_REASON)],
    ),
    (
        case(Q.DIFFERENT_GOODS, unit="DIFFERENT"),
        [
            lacking(STEP_1, "PHOTO_GOODS,PHOTO_PACKAGING"),
            ("MISMATCH_TO_CHECK", CHECK, A.MUST_TAKE_FOR_CHECK, {}, None),
        ],
    ),
    (case(Q.NOT_RECEIVED), [("DELIVERY_PROOF_NEEDED", CHECK, A.UNSURE, {}, None)]),
    (
        case(Q.NOT_RECEIVED, evidence=frozenset({K.HANDOVER_ACT})),
        [("HANDOVER_PROVED", CHECK, A.REFUSABLE, {}, R.UNTRUE_REASON)],
    ),
    (case(Q.UNKNOWN), [("QUALITY_UNKNOWN", STEP_1, A.UNSURE, {}, None)]),
    (good(attempt=2), [OPEN, ("FILED_AGAIN", STEP_1, A.ALLOWED, {"attempt": 2}, None)]),
    (
        good(reason_untrue=True),
        [("REASON_UNTRUE", CHECK, A.REFUSABLE, {}, R.UNTRUE_REASON), OPEN],
    ),
    (good(unit="DIFFERENT"), [("UNIT_DIFFERS", CHECK, A.UNSURE, {}, None), OPEN]),
]


def reported(facts: CaseFacts, rules: Any = RULES) -> list[tuple[Any, ...]]:
    return [
        (ground.code, ground.source, ground.leads_to, ground.params, ground.refusal)
        for ground in judge(facts, rules).grounds
    ]


@pytest.mark.parametrize(
    ("facts", "grounds"), CASES, ids=lambda x: x[0][0] if isinstance(x, list) else ""
)
def test_a_verdict_tells_all_its_grounds_the_weightiest_first(
    facts: CaseFacts, grounds: list[tuple[Any, ...]]
) -> None:
    assert reported(facts) == grounds
    assert judge(facts, RULES).answer is grounds[0][2]


def test_a_sum_above_the_limit_is_reported_with_the_limit() -> None:
    limited = RuleLine(RuleCode.APPROVAL_ABOVE_MINOR, 50_000_00, OWN, date(2026, 1, 1))
    rules = rules_on(DEFAULTS, [limited], RECEIVED).rules
    limit = {"limit_minor": 50_000_00}
    assert reported(good(amount_minor=50_000_01), rules) == [
        ("SUM_ABOVE_LIMIT", OWN, A.NEEDS_APPROVAL, limit | {"amount_minor": 50_000_01}, None),
        OPEN,
    ]
    assert reported(good(), rules) == [("SUM_UNKNOWN", OWN, A.NEEDS_APPROVAL, limit, None), OPEN]
    assert reported(good(amount_minor=50_000_00), rules) == [OPEN]


def test_of_several_grounds_the_greatest_wins() -> None:
    assert [answer.name for answer in sorted(PolicyAnswer)] == [
        "ALLOWED",
        "MUST_TAKE_FOR_CHECK",
        "UNSURE",
        "NEEDS_APPROVAL",
        "REFUSABLE",
    ]


def test_damage_is_late_by_days_of_receipt_only_when_receipt_is_known() -> None:
    verdicts = [
        judge(replace(case(Q.MECHANICAL_DAMAGE, days), received_on=on), RULES).damage_reported
        for days, on in ((0, RECEIVED), (2, RECEIVED), (3, RECEIVED), (3, None), (-1, RECEIVED))
    ]
    assert verdicts == ["WITHIN_DAY", "WITHIN_TWO_DAYS", "LATER", "UNKNOWN", "UNKNOWN"]


# --- rules --------------------------------------------------------------------------------------------------------


def test_what_holds_before_a_merchant_rules_anything() -> None:
    assert {line.code.value: (line.value, line.source) for line in DEFAULTS} == {
        "PROPER_WINDOW_DAYS": (14, LAW_PROPER),
        "DEFECTIVE_WINDOW_DAYS": (30, WINDOWS),
        "NOT_RETURNABLE_GROUPS": (frozenset(GoodsGroup), LAW_GROUPS),
        "EVIDENCE_PROPER": (PHOTOS, STEP_6),
        "EVIDENCE_DEFECTIVE": (ACTS, STEP_6),
        "EVIDENCE_DAMAGE": (DAMAGE_PHOTOS, STEP_1X),
        "EVIDENCE_DIFFERENT": (PHOTOS, STEP_1),
        "ACT_BEFORE_TAKING": (1, STEP_3),
        "APPROVAL_ABOVE_MINOR": (0, STEP_1X),
        "DAMAGE_QUICK_DAYS": (1, STEP_1X),
        "DAMAGE_LATE_DAYS": (2, STEP_1X),
    }


def test_the_defaults_hold_from_the_day_the_law_came_into_force() -> None:
    first = date(2010, 5, 4)
    assert len(rules_on(DEFAULTS, (), first).rules.lines) == len(DEFAULTS) == 11
    assert rules_on(DEFAULTS, (), first - timedelta(days=1)).rules.lines == {}


def own(code: RuleCode, value: Any, since: date = RECEIVED, until: date | None = None) -> RuleLine:
    return RuleLine(code, value, OWN, since, until)


def test_a_line_holds_from_its_first_day_to_its_last_both_included() -> None:
    day = timedelta(days=1)
    line = own(RuleCode.PROPER_WINDOW_DAYS, 30, since=RECEIVED, until=RECEIVED + day)
    on = [RECEIVED - day, RECEIVED, RECEIVED + day, RECEIVED + 2 * day]
    assert [line.holds(each) for each in on] == [False, True, True, False]
    forever = own(RuleCode.PROPER_WINDOW_DAYS, 30, since=RECEIVED)
    assert [forever.holds(each) for each in on] == [False, True, True, True]


def test_a_line_that_is_over_or_not_yet_hides_no_other() -> None:
    day, code = timedelta(days=1), RuleCode.PROPER_WINDOW_DAYS
    over = own(code, 20, since=RECEIVED - 9 * day, until=RECEIVED - day)
    held = own(code, 30, since=RECEIVED - 5 * day)
    to_come = own(code, 40, since=RECEIVED + day)
    windows = [
        rules_on(DEFAULTS, lines, RECEIVED).rules.number(code)
        for lines in ([over], [over, held], [to_come, held, over], [over, to_come])
    ]
    assert windows == [14, 30, 30, 14]


@pytest.mark.parametrize(
    ("groups", "stated"),
    [
        (frozenset({GoodsGroup.CELLULAR}), ["GROUP_NOT_RETURNABLE"]),
        (frozenset({GoodsGroup.UNDERWEAR}), []),
        (frozenset(), []),
    ],
)
def test_only_the_groups_a_merchant_has_stored_are_not_returnable(
    groups: frozenset[GoodsGroup], stated: list[str]
) -> None:
    rules = rules_on(DEFAULTS, [own(RuleCode.NOT_RETURNABLE_GROUPS, groups)], RECEIVED).rules
    verdict = judge(good(group=GoodsGroup.CELLULAR, group_reviewed=True), rules)
    found = [ground.code for ground in verdict.grounds if ground.code.startswith("GROUP")]
    assert found == stated


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (own(RuleCode.PROPER_WINDOW_DAYS, 14, until=RECEIVED), None),
        (
            own(RuleCode.PROPER_WINDOW_DAYS, 14, until=RECEIVED - timedelta(days=1)),
            Refusal("RULE_DAYS_REVERSED", {"rule": "PROPER_WINDOW_DAYS"}),
        ),
        (
            own(RuleCode.DEFECTIVE_WINDOW_DAYS, PHOTOS),
            Refusal("RULE_VALUE_UNFIT", {"rule": "DEFECTIVE_WINDOW_DAYS"}),
        ),
        (own(RuleCode.APPROVAL_ABOVE_MINOR, 10**15), None),
        (
            own(RuleCode.APPROVAL_ABOVE_MINOR, 10**15 + 1),
            Refusal("RULE_VALUE_UNFIT", {"rule": "APPROVAL_ABOVE_MINOR"}),
        ),
        (own(RuleCode.DAMAGE_QUICK_DAYS, 0), None),
        (own(RuleCode.EVIDENCE_DAMAGE, frozenset({K.VIDEO})), None),
        (
            own(RuleCode.EVIDENCE_DIFFERENT, 1),
            Refusal("RULE_VALUE_UNFIT", {"rule": "EVIDENCE_DIFFERENT"}),
        ),
        (
            own(RuleCode.EVIDENCE_DEFECTIVE, frozenset({GoodsGroup.CELLULAR})),
            Refusal("RULE_VALUE_UNFIT", {"rule": "EVIDENCE_DEFECTIVE"}),
        ),
        (
            own(RuleCode.NOT_RETURNABLE_GROUPS, PHOTOS),
            Refusal("RULE_VALUE_UNFIT", {"rule": "NOT_RETURNABLE_GROUPS"}),
        ),
    ],
)
def test_a_merchants_line_is_accepted_or_refused_with_its_name(
    line: RuleLine, refusal: Refusal | None
) -> None:
    default = next(each for each in DEFAULTS if each.code is line.code)
    assert check_rule(line, default) == refusal


def test_groups_beyond_the_law_are_named_with_the_law() -> None:
    law = replace(DEFAULTS[2], value=frozenset({GoodsGroup.CELLULAR}))
    wished = frozenset({GoodsGroup.UNDERWEAR, GoodsGroup.HOSIERY, GoodsGroup.CELLULAR})
    assert check_rule(own(RuleCode.NOT_RETURNABLE_GROUPS, wished), law) == Refusal(
        "RULE_BEYOND_LAW",
        {
            "rule": "NOT_RETURNABLE_GROUPS",
            "source": "274-IV, art. 30 (2026)",
            "extra": "HOSIERY,UNDERWEAR",
        },
    )


# --- first readings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "words", "quality"),
    [
        ("SIZE_MISMATCH", "Экран разбит", Q.PROPER),
        ("UNSUITABLE", "", Q.PROPER),
        ("SHORT_DELIVERY", "", Q.NOT_RECEIVED),
        ("WRONG", "", Q.DIFFERENT_GOODS),
        ("Экран разбит, не включается", "", Q.MECHANICAL_DAMAGE),
        ("НЕ ВКЛЮЧАЕТСЯ", "размер не тот", Q.DEFECTIVE),
        ("OTHER", "Тауарды алмадым", Q.NOT_RECEIVED),
        ("OTHER", "ПРИСЛАЛИ НЕ ТОТ ТОВАР", Q.DIFFERENT_GOODS),
        ("OTHER", "Просто передумала", Q.PROPER),
        ("OTHER", "", Q.UNKNOWN),
        ("", "добрый день", Q.UNKNOWN),
    ],
)
def test_a_reason_is_read_by_its_code_then_its_text_then_the_customers_words(
    reason: str, words: str, quality: Quality
) -> None:
    assert quality_of(reason, words) is quality


def test_only_the_first_three_hundred_letters_of_a_title_are_looked_at() -> None:
    whole = "к " * 146 + "смартфон"
    assert len(whole) == 300
    assert suggest_group(whole) == Suggestion(GoodsGroup.CELLULAR, "смартфон")
    assert suggest_group("к" + whole) is None


@pytest.mark.parametrize(
    ("title", "group", "matched"),
    [
        ("Ёлочные букеты", GoodsGroup.ANIMALS_PLANTS, "букет"),
        ("Кабели и провода", GoodsGroup.BY_METRE, "кабели и провод"),
        ("Мужское БЕЛЬЁ", GoodsGroup.UNDERWEAR, "мужск бель"),
        ("Тест-полоски для глюкометра", GoodsGroup.MEDICINES, "глюкометр"),
    ],
)
def test_a_suggestion_names_the_words_that_led_to_it(
    title: str, group: GoodsGroup, matched: str
) -> None:
    assert suggest_group(title) == Suggestion(group, matched)
