"""The two stories by keyboard alone, in Russian and in Kazakh; deciding one after another; taking back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from playwright.sync_api import expect

from qaitar.contracts.marketplace import Section
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import utc_now
from qaitar.returns.models import ReturnRequest
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import EvidenceKind, Stage
from tests.browser.conftest import (
    Desk,
    Hand,
    draw_out_the_moment_after_a_swap,
    sign_in,
    within_walls_of,
)
from tests.browser.test_stories import REFUNDED, scan, shows, stay_after_a_decision, stored
from tests.factories.returns import add_proofs, make_case

if TYPE_CHECKING:
    from playwright.sync_api import FileChooser, Locator

pytestmark = pytest.mark.browser
_COUNTING = """
document.addEventListener("keydown", (e) => { if (e.isTrusted && !/^(Shift|Control|Alt|Meta)/.test(e.key)) qaitarKey(e.key); }, true);
document.addEventListener("pointerdown", (e) => { if (e.isTrusted) qaitarMouse(e.target.tagName); }, true);
"""


class Keys:
    """Two hands on a keyboard and no mouse; the page itself counts what it hears."""

    def __init__(self, hand: Hand, language: str, *, stay: bool = False) -> None:
        self.hand, self.language = hand, language
        self.heard: list[str] = []
        self.mouse: list[str] = []
        User.objects.filter(username="aigerim").update(language=language)
        sign_in(hand)
        if stay:
            stay_after_a_decision(hand)
        hand.page.expose_function("qaitarKey", self.hear)
        hand.page.expose_function("qaitarMouse", self.touch)
        hand.page.add_init_script(_COUNTING)
        hand.page.reload()

    def hear(self, key: str) -> None:
        """The page tells of a key."""
        self.heard.append(key)

    def touch(self, what: str) -> None:
        """The page tells of a pointer."""
        self.mouse.append(what)

    def press(self, key: str) -> None:
        self.hand.page.keyboard.press(key)

    def stage(self, stage: Stage) -> None:
        """The card shows this stage in this language, and its numbers act."""
        with translation.override(self.language):
            name = str(word_for(stage))
        chip = self.hand.page.locator(".case__title .chip", has_text=name)
        expect(chip).to_be_visible(timeout=40_000)
        expect(self.hand.page.locator("#case[data-settling]")).to_have_count(0)

    def decide(self, act: str) -> None:
        """Press the number that stands on the act's button, which shows already what it will do."""
        lit = self.hand.page.locator(
            f'details[open]:has(input[name=act][value="{act}"]) summary[data-key]'
        )
        number = lit.get_attribute("data-key")
        assert number
        self.hand.calm()
        self.press(number)

    def tab_to(self, target: Locator) -> None:
        """Walk with Tab until the focus is there."""
        for _step in range(80):
            if target.evaluate("node => node === document.activeElement"):
                return
            self.press("Tab")
        pytest.fail("Tab never came there")


@pytest.mark.parametrize(
    ("language", "stay"),
    [
        ("ru", False),
        ("kk", True),
        pytest.param("ru", True, marks=pytest.mark.long),
        pytest.param("kk", False, marks=pytest.mark.long),
    ],
)
def test_a_proper_quality_case_takes_four_keystrokes(
    desk: Desk, hand: Hand, language: str, *, stay: bool
) -> None:
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    keys = Keys(hand, language, stay=stay)
    keys.press("o")
    hand.page.wait_for_url(f"**/returns/{case.pk}")
    keys.decide("ASK_CUSTOMER")
    keys.stage(Stage.WAITING_CUSTOMER)
    with within_walls_of(desk):
        add_proofs(
            case, desk.by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=utc_now()
        )
    expect(hand.page.locator(".offer--best input[value=TAKE_FOR_INSPECTION]")).to_be_attached()
    keys.decide("TAKE_FOR_INSPECTION")
    keys.stage(Stage.IN_DELIVERY)
    shows(desk, case.number, Section.IN_DELIVERY)
    shows(desk, case.number, Section.AWAITING_DECISION)
    keys.stage(Stage.ARRIVED)
    keys.decide("GRANT_REFUND")
    keys.stage(Stage.REFUND_GRANTED)
    shows(desk, case.number, Section.CLOSED, status_text=REFUNDED)
    keys.stage(Stage.CLOSED)
    done = stored(desk, case.number)
    assert (done.stage, done.outcome) == ("CLOSED", "REFUNDED")
    assert len(keys.heard) == 4, keys.heard
    assert keys.mouse == []
    assert hand.problems == []


def test_a_change_of_language_keeps_no_page_waiting(desk: Desk, hand: Hand) -> None:
    """A service worker of its own for each language took over while the next page was on its way, and it never came."""
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    keys = Keys(hand, "ru")
    for language in ("kk", "ru") * 4:
        User.objects.filter(username="aigerim").update(language=language)
        hand.goto("/")
        hand.page.reload()
        keys.press("o")
        hand.page.wait_for_url(f"**/returns/{case.pk}", timeout=10_000)
    workers = hand.page.evaluate(
        "navigator.serviceWorker.getRegistrations().then(all => all.map(each => new URL(each.active.scriptURL)).map(at => at.pathname + at.search))"
    )
    assert workers == ["/sw.js"]


def pass_through(keys: Keys, numbers: list[str], act: str, stage: Stage) -> None:
    """Go through the list from its first case: each decision opens the next one, the last one stays."""
    keys.press("o")
    for place, number in enumerate(numbers):
        expect(keys.hand.page.locator("h1")).to_have_text(number)
        expect(
            keys.hand.page.locator(f"[data-offer][open] [name=act][value={act}]")
        ).to_be_attached()
        expect(keys.hand.page.locator("#case[data-settling]")).to_have_count(0)
        keys.decide(act)
        if place + 1 == len(numbers):
            keys.stage(stage)


def back_to_the_list(keys: Keys, numbers: list[str]) -> None:
    keys.press("u")
    keys.hand.page.wait_for_url(lambda url: "/returns/" not in url)
    expect(keys.hand.page.locator("[data-row]")).to_have_count(len(numbers))


@pytest.mark.long
def test_three_cases_one_after_another_take_fourteen_keystrokes(desk: Desk, hand: Hand) -> None:
    """As a desk works by default: three passes over the list, 4 + 5 + 5 keystrokes, fewer than five for a case."""
    pks = three_cases(desk)
    numbers = [f"70000000{n}-1" for n in (1, 2, 3)]
    keys = Keys(hand, "ru")
    pass_through(keys, numbers, "ASK_CUSTOMER", Stage.WAITING_CUSTOMER)
    with within_walls_of(desk):
        for pk in pks:
            case = ReturnRequest.objects.get(pk=pk)
            add_proofs(
                case, desk.by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=utc_now()
            )
    back_to_the_list(keys, numbers)
    pass_through(keys, numbers, "TAKE_FOR_INSPECTION", Stage.IN_DELIVERY)
    for number in numbers:
        shows(desk, number, Section.IN_DELIVERY)
        shows(desk, number, Section.AWAITING_DECISION)
    back_to_the_list(keys, numbers)
    pass_through(keys, numbers, "GRANT_REFUND", Stage.REFUND_GRANTED)
    for number in numbers:
        shows(desk, number, Section.CLOSED, status_text=REFUNDED)
    keys.stage(Stage.CLOSED)
    assert [stored(desk, number).outcome for number in numbers] == ["REFUNDED"] * 3
    assert len(keys.heard) == 14, keys.heard
    assert keys.mouse == []
    assert hand.problems == []


def opened(keys: Keys, field: Locator) -> FileChooser:
    """Open a file field by keyboard."""
    keys.tab_to(field)
    with keys.hand.page.expect_file_chooser() as chooser:
        keys.press("Enter")
    return chooser.value


def bring_stamped_acts(keys: Keys) -> None:
    """Add both acts and note signature and stamp, all by Tab and Enter."""
    page = keys.hand.page
    chooser = opened(keys, page.locator("#evidence-file"))
    chooser.set_files([scan("Акт НРП 118.jpg"), scan("Акт технического состояния.jpg")])
    stamped = page.locator("#evidence form:has(input[type=hidden][name=stamp]) button[type=submit]")
    expect(stamped).to_have_count(1)
    keys.tab_to(stamped)
    keys.press("Enter")
    expect(stamped).to_have_count(0)


@pytest.mark.parametrize("language", ["ru", pytest.param("kk", marks=pytest.mark.long)])
def test_a_defective_case_over_two_filings_by_keyboard_alone(
    desk: Desk, hand: Hand, language: str
) -> None:
    reported = {"reason_code": "", "reason_text": "Брак, не включается"}
    due = desk.now + timedelta(days=2)
    with within_walls_of(desk):
        first = make_case(desk.shop, desk.by, now=desk.now, marketplace_due_at=due, **reported)
    keys = Keys(hand, language, stay=True)
    keys.press("j")
    keys.press("Enter")
    hand.page.wait_for_url(f"**/returns/{first.pk}")
    keys.decide("ASK_CUSTOMER")
    keys.stage(Stage.WAITING_CUSTOMER)
    keys.decide("REFUSE")
    keys.stage(Stage.REFUSED)
    assert stored(desk, first.number).refusal_reason == "SENT_FOR_ACT"
    shows(desk, first.number, Section.CLOSED, status_text="Возврат отменён", reject_text="Отказ")
    shows(desk, "700000001-2", Section.NEW, planned_at=due, **reported)
    keys.press("u")
    hand.page.wait_for_url(lambda url: "/returns/" not in url)
    second = stored(desk, "700000001-2")
    hand.page.locator(f'[data-open][href*="{second.pk}"]').wait_for()
    while str(second.pk) not in hand.page.evaluate("document.activeElement.href || ''"):
        keys.press("j")
    keys.press("Enter")
    expect(hand.page.locator(".story li")).to_have_count(2)
    bring_stamped_acts(keys)
    keys.decide("TAKE_FOR_INSPECTION")
    keys.stage(Stage.IN_DELIVERY)
    shows(desk, "700000001-2", Section.AWAITING_DECISION)
    keys.stage(Stage.ARRIVED)
    keys.decide("GRANT_REFUND")
    keys.stage(Stage.REFUND_GRANTED)
    shows(desk, "700000001-2", Section.CLOSED, status_text=REFUNDED)
    keys.stage(Stage.CLOSED)
    done = stored(desk, "700000001-2")
    assert (done.stage, done.outcome, done.counts_as_quality) == ("CLOSED", "REFUNDED", True)
    assert keys.mouse == []
    assert hand.problems == []


def three_cases(desk: Desk) -> list[str]:
    """Three new cases, the first the most urgent, and between them one that waits for the customer."""
    with within_walls_of(desk):
        pks = [
            make_case(
                desk.shop,
                desk.by,
                f"70000000{n}-1",
                now=desk.now,
                marketplace_due_at=desk.now + timedelta(days=n),
            ).pk
            for n in (1, 2, 3)
        ]
    return [str(pk) for pk in pks]


def test_a_decision_opens_the_next_case_of_the_same_part_of_the_queue(
    desk: Desk, hand: Hand
) -> None:
    first, second, third = three_cases(desk)
    keys = Keys(hand, "ru")
    hand.goto("/?stage=NEW")
    keys.press("o")
    hand.page.wait_for_url(f"**/returns/{first}?stage=NEW")
    keys.decide("ASK_CUSTOMER")
    hand.page.wait_for_url(f"**/returns/{second}?stage=NEW")
    assert hand.page.title().startswith("700000002-1")
    reported = hand.page.locator(".toast")
    expect(reported).to_have_count(1)
    expect(reported).to_contain_text("700000001-1")
    keys.stage(Stage.NEW)  # the new card has settled: now its numbers act
    keys.press("j")
    hand.page.wait_for_url(f"**/returns/{third}?stage=NEW")
    keys.decide("ASK_CUSTOMER")
    keys.stage(Stage.WAITING_CUSTOMER)  # it was the last one: the card stays
    keys.press("u")
    hand.page.wait_for_url("**/?stage=NEW")
    expect(hand.page.locator("[data-row]")).to_have_count(1)
    assert keys.mouse == []
    assert hand.problems == []


def test_the_last_sentence_leads_back_and_who_wants_to_stay_stays(desk: Desk, hand: Hand) -> None:
    first, second, _third = three_cases(desk)
    keys = Keys(hand, "ru")
    hand.goto(f"/returns/{first}")
    keys.decide("ASK_CUSTOMER")
    hand.page.wait_for_url(f"**/returns/{second}")
    hand.page.locator(f'.toast a[href*="{first}"]').click()
    hand.page.wait_for_url(f"**/returns/{first}")
    keys.stage(Stage.WAITING_CUSTOMER)
    hand.goto(f"/returns/{second}")
    keys.press("?")
    hand.page.locator("[data-onward]").uncheck()
    keys.press("Escape")
    keys.decide("ASK_CUSTOMER")
    keys.stage(Stage.WAITING_CUSTOMER)
    assert hand.page.url.endswith(second)
    assert hand.problems == []


def test_a_double_press_decides_nothing_unseen(desk: Desk, hand: Hand) -> None:
    first, second, _third = three_cases(desk)
    draw_out_the_moment_after_a_swap(hand)
    keys = Keys(hand, "ru")
    hand.goto(f"/returns/{first}")
    with hand.page.expect_response("**/act"):
        keys.press("1")
    hand.page.locator("#case[data-settling]").wait_for()
    keys.press("1")
    hand.page.wait_for_url(f"**/returns/{second}")
    keys.stage(Stage.NEW)
    assert stored(desk, "700000002-1").stage == "NEW"
    assert hand.problems == []


def test_z_takes_back_what_is_honest_to_take_back(desk: Desk, hand: Hand) -> None:
    first, *_others = three_cases(desk)
    keys = Keys(hand, "ru")
    hand.goto(f"/returns/{first}")
    for folded in hand.page.locator("details:not([open]):has(form[action$='/assign'])").all():
        folded.locator("> summary").click()
    hand.page.locator("form[action$='/assign'] button").click()
    expect(hand.page.locator(".toast [data-undo]")).to_be_visible()
    assert stored(desk, "700000001-1").assignee_name != ""
    keys.press("z")
    expect(hand.page.locator(".toast")).to_contain_text("как было")
    assert stored(desk, "700000001-1").assignee_name == ""
    assert hand.problems == []
