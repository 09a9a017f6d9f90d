"""What a person has in hand stays in the hand while news draw the page anew under it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from qaitar.foundation.ops.clock import utc_now
from qaitar.orders.models import ImportRun, Order
from qaitar.returns.services.notes import request_comment
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from tests.browser.conftest import (
    Desk,
    Hand,
    draw_out_the_moment_after_a_swap,
    sign_in,
    within_walls_of,
)
from tests.browser.test_desk import some_cases
from tests.browser.test_stories import button, scan, stage, stay_after_a_decision, stored
from tests.factories.orders import export_rows, export_xlsx
from tests.factories.returns import add_proofs, make_case

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Page, Route

    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.browser
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"  # a person comes back to the window
FOCUSED = "document.activeElement.id"
ARRIVES_S = 30


class Held:
    """Kept on their way until they are let go: answers the program has given already, or questions not yet put to it."""

    def __init__(self, page: Page, pattern: str, *, answered: bool = True) -> None:
        self.page, self.held, self.answered = page, True, answered
        self.answers: list[tuple[Route, APIResponse | None]] = []
        page.route(pattern, self._keep)

    def _keep(self, route: Route) -> None:
        if self.held:
            self.answers.append((route, route.fetch() if self.answered else None))
        else:
            route.continue_()

    def wait(self) -> None:
        """Wait until one is on its way."""
        until = time.monotonic() + ARRIVES_S
        while not self.answers:
            assert time.monotonic() < until, "nothing was asked for"
            self.page.evaluate("new Promise(requestAnimationFrame)")

    def let_go(self) -> None:
        """Let them arrive, and all that follow."""
        self.held = False
        for route, answer in self.answers:
            with self.page.expect_event(
                "requestfinished", lambda done, at=route.request: done == at
            ):
                if answer is None:
                    route.continue_()
                else:
                    route.fulfill(response=answer)


def open_case(desk: Desk, hand: Hand, **reported: str) -> ReturnRequest:
    """A case that waits for its customer, open at a desk that stays with it."""
    with within_walls_of(desk):
        case = make_case(
            desk.shop,
            desk.by,
            now=desk.now,
            marketplace_due_at=desk.now + timedelta(days=2),
            **reported,
        )
        request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=desk.by, now=utc_now())
    sign_in(hand)
    stay_after_a_decision(hand)
    hand.goto(f"/returns/{case.pk}")
    return case


def proofs_come(desk: Desk, case: ReturnRequest) -> None:
    """The customer's photos come in by themselves: news for whoever has the card open."""
    with within_walls_of(desk):
        add_proofs(
            case, desk.by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=utc_now()
        )


def test_a_row_accepted_up_while_the_new_list_is_on_its_way_stays_in_hand(
    desk: Desk, hand: Hand
) -> None:
    first, *_others = some_cases(desk)
    sign_in(hand)
    on_its_way = Held(hand.page, "**/")
    with within_walls_of(desk):
        make_case(desk.shop, desk.by, "700000009-1", now=utc_now())
    hand.page.evaluate(LOOK)  # no hand is on the list: it is asked for at once
    on_its_way.wait()
    hand.page.keyboard.press("j")
    on_its_way.let_go()
    assert hand.page.evaluate(FOCUSED) == f"open-{first.pk}"
    expect(hand.page.locator("[data-row]")).to_have_count(3)  # nothing moved under the hand
    expect(hand.page.locator("[data-news-show]")).to_contain_text("Новых: 1")
    hand.page.keyboard.press("Enter")
    hand.page.wait_for_url(f"**/returns/{first.pk}")
    assert hand.problems == []


def test_the_hand_goes_to_the_neighbour_of_a_row_that_is_gone(desk: Desk, hand: Hand) -> None:
    first, second, third = some_cases(desk)
    sign_in(hand)
    hand.goto("/?stage=NEW")
    for key in ("j", "j", "x"):
        hand.page.keyboard.press(key)
    assert hand.page.evaluate(FOCUSED) == f"open-{second.pk}"
    with within_walls_of(desk):
        request_act(request_id=second.pk, act=Act.ASK_CUSTOMER, by=desk.by, now=utc_now())
    hand.page.evaluate(LOOK)
    expect(hand.page.locator("[data-news-show]")).to_contain_text("1")
    hand.page.keyboard.press("r")
    expect(hand.page.locator("[data-row]")).to_have_count(2)
    assert hand.page.evaluate(FOCUSED) == f"open-{third.pk}"
    for key in ("k", "x", "j", "Shift+X"):
        hand.page.keyboard.press(key)
    chosen = hand.page.locator("[data-bulk]:checked")
    expect(chosen).to_have_count(2)
    with within_walls_of(desk):
        make_case(desk.shop, desk.by, "700000009-1", now=utc_now())
    hand.page.evaluate(LOOK)
    expect(hand.page.locator("[data-news-show]")).to_be_visible()
    hand.page.keyboard.press("r")
    expect(hand.page.locator("[data-row]")).to_have_count(3)
    assert chosen.evaluate_all("all => all.map(box => box.value)") == [
        str(first.pk),
        str(third.pk),
    ]
    assert hand.problems == []


def test_keys_pressed_before_the_scripts_are_there_are_not_lost(desk: Desk, hand: Hand) -> None:
    case, *_others = some_cases(desk)
    sign_in(hand)
    slow = Held(hand.page, "**/js/keyboard.js")
    hand.page.goto("/", wait_until="commit")
    slow.wait()
    hand.page.locator("[data-row]").first.wait_for()
    hand.page.keyboard.press("j")
    hand.page.keyboard.press("Enter")
    slow.let_go()
    hand.page.wait_for_url(f"**/returns/{case.pk}")
    assert hand.problems == []


def test_a_number_pressed_before_the_scripts_are_there_decides_nothing(
    desk: Desk, hand: Hand
) -> None:
    case, *_others = some_cases(desk)
    sign_in(hand)
    slow = Held(hand.page, "**/js/keyboard.js")
    hand.page.goto(f"/returns/{case.pk}", wait_until="commit")
    slow.wait()
    hand.page.locator("#decision").wait_for()
    hand.page.keyboard.press("1")
    slow.let_go()
    hand.page.wait_for_load_state("load")
    hand.page.keyboard.press("?")  # the scripts hear now
    expect(hand.page.locator("#keys")).to_be_visible()
    assert stored(desk, case.number).stage == "NEW"
    assert hand.problems == []


def test_files_chosen_while_news_come_arrive(desk: Desk, hand: Hand) -> None:
    case = open_case(desk, hand)
    with hand.page.expect_file_chooser() as chooser:
        hand.page.locator("#evidence-file").click()
    proofs_come(desk, case)
    with hand.page.expect_response(lambda a: "/live?" in a.url and a.status == 200):
        hand.page.evaluate(LOOK)
    expect(hand.page.locator(".tile")).to_have_count(0)  # it waits while files are being chosen
    chooser.value.set_files([scan("Акт НРП 118.jpg")])
    expect(hand.page.locator(".tile")).to_have_count(3)
    assert hand.problems == []


def test_the_second_photo_is_not_lost_when_the_first_has_arrived_meanwhile(
    desk: Desk, hand: Hand
) -> None:
    open_case(desk, hand)
    first = Held(hand.page, "**/evidence")
    hand.page.locator("#evidence-file").set_input_files([scan("IMG_0001.jpg")])
    first.wait()
    with hand.page.expect_file_chooser() as chooser:
        hand.page.locator("#evidence-file").click()
    first.let_go()
    chooser.value.set_files([scan("IMG_0002.jpg", "beige")])
    expect(hand.page.locator(".tile")).to_have_count(2)
    assert hand.problems == []


def test_a_photo_that_arrives_late_does_not_bring_back_the_case_that_was_left(
    desk: Desk, hand: Hand
) -> None:
    first, second, _third = some_cases(desk)
    sign_in(hand)
    hand.goto(f"/returns/{first.pk}")
    photo = Held(hand.page, "**/evidence", answered=False)
    hand.page.locator("#evidence-file").set_input_files([scan("IMG_0001.jpg")])
    photo.wait()
    button(hand, "ASK_CUSTOMER").click()
    expect(hand.page.locator("h1")).to_have_text(second.number)
    photo.let_go()
    expect(hand.page.locator(".toast", has_text=first.number)).to_have_count(2)
    assert hand.page.locator("h1").inner_text() == second.number
    assert hand.page.locator("#case").get_attribute("data-url") == f"/returns/{second.pk}"
    assert hand.problems == []


def test_news_that_come_late_do_not_bring_back_the_case_that_was_left(
    desk: Desk, hand: Hand
) -> None:
    first, second, _third = some_cases(desk)
    sign_in(hand)
    hand.goto(f"/returns/{first.pk}")
    with within_walls_of(desk):
        request_comment(request_id=first.pk, text="Позвонил", by=desk.by, now=utc_now())
    late = Held(hand.page, "**/live?*")
    hand.page.evaluate(LOOK)
    late.wait()
    button(hand, "ASK_CUSTOMER").click()
    expect(hand.page.locator("h1")).to_have_text(second.number)
    late.let_go()
    assert hand.page.locator("h1").inner_text() == second.number
    assert hand.problems == []


def test_a_button_held_down_while_news_come_is_pressed_all_the_same(desk: Desk, hand: Hand) -> None:
    case = open_case(desk, hand)
    hand.page.locator("form[action$='/assign'] button").hover()
    hand.page.mouse.down()
    proofs_come(desk, case)
    with hand.page.expect_response(lambda a: "/live?" in a.url and a.status == 200):
        hand.page.evaluate(LOOK)
    hand.page.evaluate("new Promise(done => setTimeout(done, 500))")  # the news have been read
    with hand.page.expect_response("**/assign"):
        hand.page.mouse.up()
    expect(hand.page.locator(".tile")).to_have_count(2)
    assert stored(desk, case.number).assignee_name == "Aigerim"
    assert hand.problems == []


def test_an_open_menu_and_an_open_question_wait_for_their_answer(desk: Desk, hand: Hand) -> None:
    case = open_case(desk, hand)
    menu = hand.page.locator("#decision details[data-menu]")
    menu.locator("> summary").click()
    proofs_come(desk, case)
    with hand.page.expect_response(lambda a: "/live?" in a.url and a.status == 200):
        hand.page.evaluate(LOOK)
    expect(menu).to_have_attribute("open", "")
    expect(hand.page.locator(".tile")).to_have_count(0)
    hand.page.keyboard.press("Escape")
    expect(hand.page.locator(".tile")).to_have_count(2)  # at once, not with the next look
    assert hand.problems == []


def test_the_focus_is_on_the_same_thing_after_the_card_was_drawn_anew(
    desk: Desk, hand: Hand
) -> None:
    case = open_case(desk, hand)
    copy = hand.page.locator("#case header [data-copy]")
    copy.focus()
    hand.page.locator(".case-known > summary").click()  # shut by hand
    folded = hand.page.locator(".case-known:not([open])")
    expect(folded).to_have_count(1)
    copy.focus()
    proofs_come(desk, case)
    hand.page.evaluate(LOOK)
    expect(hand.page.locator(".tile")).to_have_count(2)
    assert copy.evaluate("node => node === document.activeElement")
    expect(folded).to_have_count(1)
    expect(hand.page.locator("#case[data-settling]")).to_have_count(0)
    assert hand.problems == []


def test_two_presses_on_one_number_decide_once(desk: Desk, hand: Hand) -> None:
    """The new state of the case stands where the old one stood: the second press was meant for the old one."""
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    draw_out_the_moment_after_a_swap(hand)
    sign_in(hand)
    stay_after_a_decision(hand)
    hand.goto(f"/returns/{case.pk}")
    with hand.page.expect_response("**/act"):
        hand.page.keyboard.press("1")
    hand.page.locator("#case[data-settling]").wait_for()
    for key in ("1", "2", "Enter"):
        hand.page.keyboard.press(key)
    stage(hand, "Ждём клиента")
    expect(hand.page.locator("#case[data-settling]")).to_have_count(0)
    assert stored(desk, case.number).stage == "WAITING_CUSTOMER"
    assert hand.problems == []


def test_a_file_chosen_to_be_imported_waits_for_the_button_that_says_what_to_do(
    desk: Desk, hand: Hand
) -> None:
    body = export_xlsx(export_rows({"№ заказа": "300000009"}))
    export = {"name": "ACTIVEORDERS.xlsx", "mimeType": "application/zip", "buffer": body}
    sign_in(hand)
    hand.goto("/imports")
    hand.page.locator("#file").set_input_files([export])
    hand.page.wait_for_timeout(500)
    assert hand.page.url.endswith("/imports")
    with within_walls_of(desk):
        assert not ImportRun.objects.exists()
    hand.page.get_by_role("button", name="Только посмотреть").click()
    expect(hand.page.locator("#report .figures")).to_contain_text("1")
    with within_walls_of(desk):
        assert not ImportRun.objects.exists()
        assert not Order.objects.filter(code="300000009").exists()
    hand.page.locator("#file").set_input_files([export])
    hand.page.get_by_role("button", name="Импорт", exact=True).click()
    hand.page.wait_for_url("**/imports/*")
    with within_walls_of(desk):
        assert Order.objects.filter(code="300000009").count() == 1
    assert hand.problems == []
