"""Several hands on one desk: the palette, two people at one case, news that do not move the list under the hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.records.models import SavedView
from qaitar.kernel.ids import new_id
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from tests.browser.conftest import Desk, Hand, sign_in, within_walls_of
from tests.browser.test_stories import stored
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.browser


def some_cases(desk: Desk, many: int = 3) -> list[ReturnRequest]:
    with within_walls_of(desk):
        return [
            make_case(
                desk.shop,
                desk.by,
                f"70000000{n}-1",
                now=desk.now,
                marketplace_due_at=desk.now + timedelta(days=n),
            )
            for n in range(1, many + 1)
        ]


def palette(page: Page, query: str = "") -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    if query:
        page.keyboard.type(query)


def chosen(page: Page) -> str:
    """The option a screen reader hears: the one the field points at."""
    pointed = page.locator("#palette input").get_attribute("aria-activedescendant")
    option = page.locator(f"#{pointed}")
    expect(option).to_have_attribute("aria-selected", "true")
    return option.inner_text()


def test_the_palette_does_everything_by_its_name(desk: Desk, hand: Hand) -> None:
    first, second, _third = some_cases(desk)
    with within_walls_of(desk):
        SavedView.objects.create(
            id=new_id(),
            user=desk.aigerim,
            merchant_id=desk.shop.id,
            name="Утро",
            query="stage=NEW",
            created_at=desk.now,
        )
    sign_in(hand)
    page = hand.page
    palette(page, "700000002")  # a request by its number
    expect(page.locator("#palette [role=option]").first).to_contain_text("700000002-1")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/returns/{second.pk}")
    palette(page, "спросить")  # an act of the open case: what it will do shows first
    assert "Спросить клиента" in chosen(page)
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("details[open] button[data-confirm-press]:focus")).to_have_count(1)
    assert stored(desk, "700000002-1").stage == "NEW"
    palette(page, "htt")  # «рее» typed in the other layout
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Реестр")
    page.keyboard.press("Enter")
    page.wait_for_url("**/register")
    palette(page, "утро")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Утро")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?stage=NEW")
    palette(page, "тёмн")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    palette(page, "english")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert first.number == "700000001-1"
    assert hand.problems == []


def test_the_palette_is_walked_by_arrows_and_left_by_escape(desk: Desk, hand: Hand) -> None:
    some_cases(desk)
    sign_in(hand)
    page = hand.page
    with page.expect_response("**/palette*"):
        palette(page)
    expect(page.locator("#palette [role=option]", has_text="Закрыта")).to_have_count(1)
    first = chosen(page)
    page.keyboard.press("ArrowDown")
    assert chosen(page) != first
    page.keyboard.press("ArrowUp")
    assert chosen(page) == first
    page.keyboard.press("ArrowUp")  # round to the last
    assert chosen(page) != first
    page.keyboard.type("рее")
    page.keyboard.press("Escape")  # once is enough, also with something typed
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("[data-open]:focus")).to_have_count(1)
    assert hand.problems == []


def test_two_people_at_one_case_see_each_other_and_the_second_is_reported(
    desk: Desk, hand: Hand
) -> None:
    first, *_others = some_cases(desk)
    sign_in(hand)
    browser = hand.context.browser
    assert browser is not None
    theirs = browser.new_context(base_url=hand.page.url, locale="ru-RU")
    senior = Hand(theirs.new_page(), theirs)
    sign_in(senior, "daulet")
    senior.goto(f"/returns/{first.pk}")
    hand.goto(f"/returns/{first.pk}")
    expect(hand.page.locator("[data-present]")).to_contain_text("Daulet")
    expect(senior.page.locator("[data-present]")).to_contain_text("Aigerim", timeout=40_000)
    hand.page.evaluate("document.getElementById('case-live').remove()")  # no news come meanwhile
    senior.page.locator('form:has(input[value="ASK_CUSTOMER"]) button[type=submit]').click()
    expect(senior.page.locator(".toast")).to_contain_text("700000001-1")
    hand.page.keyboard.press("1")
    reported = hand.page.locator("#case .callout", has_text="Daulet")
    expect(reported).to_be_visible()
    expect(reported).to_contain_text("Спросить клиента")
    theirs.close()
    expect(hand.page.locator("[data-present]")).not_to_contain_text("Daulet", timeout=60_000)
    assert len([p for p in hand.problems if "409" not in p]) == 0


def test_news_wait_in_a_line_while_a_hand_is_on_the_list(desk: Desk, hand: Hand) -> None:
    first, second, _third = some_cases(desk)
    sign_in(hand)
    page = hand.page
    page.keyboard.press("j")
    expect(page.locator("[data-open]:focus")).to_have_count(1)
    with within_walls_of(desk):
        make_case(desk.shop, desk.by, "700000009-1", now=utc_now())
        request_act(request_id=second.pk, act=Act.ASK_CUSTOMER, by=desk.by, now=utc_now())
    line = page.locator("[data-news-show]")
    expect(line).to_be_visible(timeout=40_000)
    expect(line).to_contain_text("Новых: 1")
    expect(page.locator("[data-row]")).to_have_count(3)  # nothing moved
    page.keyboard.press("r")
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(line).to_be_hidden()
    focused = page.locator("[data-open]:focus")
    expect(focused).to_have_attribute("href", f"/returns/{first.pk}")  # the hand is where it was
    assert hand.problems == []


def test_views_above_the_queue_tell_how_much_stands_in_them(desk: Desk, hand: Hand) -> None:
    some_cases(desk)
    sign_in(hand)
    expect(hand.page.locator(".pills a.pill").first.locator(".num")).to_have_text("0")
    expect(hand.page.locator(".pills a.pill", has_text="Сегодня").locator(".num")).to_have_count(1)
    assert hand.problems == []


def test_shift_chooses_everything_in_between_by_key_too(desk: Desk, hand: Hand) -> None:
    some_cases(desk)
    sign_in(hand)
    for key in ("j", "x", "j", "j", "Shift+X"):
        hand.page.keyboard.press(key)
    expect(hand.page.locator("[data-bulk]:checked")).to_have_count(3)
    expect(hand.page.locator("[data-bulk-count]")).to_contain_text("3")
    assert hand.problems == []
