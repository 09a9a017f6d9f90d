"""A newcomer practises, with a real mouse: one right decision, one wrong, one date missed; the result explains each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.training.cases import cases_drawn
from qaitar.training.models import Practice
from qaitar.training.services.opening import practice_prepare
from tests.browser.conftest import Desk, Hand, sign_in, within_walls_of
from tests.browser.test_stories import button

pytestmark = pytest.mark.browser
SEED = 7
LATE = timedelta(minutes=40)


def test_a_newcomer_practises(desk: Desk, hand: Hand, practice_files: None) -> None:
    numbers = {each.story.name: each.number for each in cases_drawn(SEED)}
    sign_in(hand)
    hand.press(hand.page.get_by_role("link", name="Учёба"))
    hand.page.fill("#seed", str(SEED))
    hand.press(hand.page.get_by_role("button", name="Начать"))
    expect(hand.page.get_by_role("heading", name="Ваша лавка готовится")).to_be_visible()
    with within_walls_of(desk):
        practice = Practice.objects.get()
    practice_prepare(desk.shop.id, utc_now(), practice_id=practice.pk)
    expect(hand.page.get_by_role("note")).to_contain_text("Учебная лавка.")  # the queue, by itself

    for story, act in (("not_returnable", "REFUSE"), ("worn", "TAKE_FOR_INSPECTION")):
        hand.goto("/")
        hand.press(hand.page.get_by_role("link", name=numbers[story]))
        expect(hand.page.get_by_role("note")).to_contain_text("Учебная лавка.")
        hand.press(button(hand, act))
        hand.page.wait_for_timeout(500)
    with within_walls(practice.shop_id):
        silent = ReturnRequest.objects.filter(number=numbers["silent"])
        silent.update(control_at=utc_now() - LATE)

    hand.press(hand.page.get_by_role("link", name="Итог и завершение"))
    expect(hand.page.get_by_role("heading", name="Итог на эту минуту")).to_be_visible()
    hand.press(hand.page.get_by_role("button", name="Закончить и посмотреть итог"))
    expect(hand.page.get_by_role("heading", name="Итог учёбы")).to_be_visible()
    expect(hand.page.get_by_role("note")).to_have_count(0)
    right = hand.page.locator(f"#case-{numbers['not_returnable']}")
    expect(right).to_have_attribute("data-points", "100")
    wrong = hand.page.locator(f"#case-{numbers['worn']}")
    expect(wrong).to_contain_text("−50 Верным было другое решение.")
    expect(wrong).to_contain_text("Верно было: Отказать в возврате")
    expect(wrong).to_contain_text("Закон 274-IV, ст. 30")
    missed = hand.page.locator(f"#case-{numbers['silent']}")
    expect(missed).to_have_attribute("data-points", "20")
    expect(missed).to_contain_text("−30 Дата контроля прошла раньше решения.")
    hand.press(missed.get_by_role("link", name="В руководстве").first)
    hand.page.wait_for_url("**/guide/**")
    assert hand.problems == []
