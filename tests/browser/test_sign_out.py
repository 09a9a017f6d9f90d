"""Signing out takes along what a person left in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import sign_in

if TYPE_CHECKING:
    from tests.browser.conftest import Desk, Hand

pytestmark = pytest.mark.browser

FILL = """new Promise((done) => {
  localStorage.setItem("qaitar-draft:/returns/x", '{"at": 1e15, "values": ["+7 701 000 00 00"]}');
  indexedDB.open("qaitar-uploads", 1).onsuccess = (event) => { event.target.result.close(); done(); };
})"""
LEFT = """indexedDB.databases().then((each) => [
  ...Object.keys(localStorage).filter((name) => name.startsWith("qaitar-draft:")), ...each.map((base) => base.name)])"""
SIGN_OUT = "form[action$='/accounts/logout/']"


def test_drafts_and_waiting_photos_go_with_the_press(desk: Desk, hand: Hand) -> None:
    sign_in(hand)
    hand.page.evaluate(FILL)
    assert hand.page.evaluate(LEFT) == ["qaitar-draft:/returns/x", "qaitar-uploads"]
    with hand.page.expect_navigation():
        hand.page.locator(SIGN_OUT).first.evaluate("form => form.requestSubmit()")
    assert hand.page.locator("input[name=login]").count() == 1
    assert hand.page.evaluate(LEFT) == []
