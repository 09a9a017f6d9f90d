"""The card at a desk: everything needed for a decision above the fold, papers looked at in place."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from playwright.sync_api import expect

from qaitar.foundation.ops.clock import utc_now
from qaitar.returns.vocabulary import EvidenceKind
from tests.browser.conftest import Desk, Hand, sign_in, within_walls_of
from tests.browser.test_stories import scan
from tests.factories.returns import add_proofs, make_case

if TYPE_CHECKING:
    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.browser
ABOVE_THE_FOLD = (
    ".case__head",
    "#decision .verdict",
    "#decision [data-confirm-press] >> nth=0",
    "#evidence .checklist",
    "#evidence form.drop",
    ".case-texts .letter__text >> nth=0",
    ".case-texts .letter > .button >> nth=0",
    ".case-facts .facts >> nth=0",
)


def paper(name: str, pages: int) -> dict[str, object]:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(300, 400)
    written = io.BytesIO()
    document.save(written)
    return {"name": name, "mimeType": "application/pdf", "buffer": written.getvalue()}


def usual_case(desk: Desk) -> ReturnRequest:
    with within_walls_of(desk):
        case = make_case(
            desk.shop,
            desk.by,
            now=desk.now,
            marketplace_due_at=desk.now + timedelta(days=2),
            customer_words="Не подошёл размер, не пользовались",
        )
        add_proofs(
            case, desk.by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=utc_now()
        )
    return case


def test_a_decision_needs_no_scrolling(desk: Desk, hand: Hand) -> None:
    case = usual_case(desk)
    sign_in(hand)
    hand.goto(f"/returns/{case.pk}")
    for part in ABOVE_THE_FOLD:
        box = hand.page.locator(part).bounding_box()
        assert box is not None, part
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= 768, (part, box)
    lit = hand.page.locator("#decision > .offers > details > summary")
    assert lit.count() >= 2
    for n in range(lit.count()):
        box = lit.nth(n).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, (n, box)
    assert hand.problems == []


def test_every_page_of_a_paper_is_looked_at_in_place_and_next_to_another(
    desk: Desk, hand: Hand
) -> None:
    case = usual_case(desk)
    sign_in(hand)
    hand.goto(f"/returns/{case.pk}")
    hand.page.locator("#evidence-file").set_input_files(
        [paper("Акт НРП 7.pdf", 3), scan("упаковка.jpg"), scan("распаковка.jpg")]
    )
    expect(hand.page.locator(".tile")).to_have_count(5)
    tile = hand.page.locator(".tile a", has_text="НРП")
    tile.click()
    title = hand.page.locator("#viewer-title")
    picture = hand.page.locator("#viewer figure:first-child img")
    expect(title).to_contain_text("1 / 3")
    hand.page.keyboard.press("ArrowRight")
    hand.page.keyboard.press("ArrowRight")
    expect(title).to_contain_text("3 / 3")
    expect(picture).to_have_attribute("src", tile.get_attribute("data-view")[:-1] + "3")  # type: ignore[index]  # a tile with pages has it
    assert picture.evaluate("node => node.decode().then(() => node.naturalHeight)") == 1600
    hand.page.keyboard.press("r")
    hand.page.keyboard.press("+")
    assert "rotate(90deg) scale(1." in picture.evaluate("node => node.style.transform")
    hand.page.keyboard.press("Escape")
    expect(hand.page.locator("#viewer")).not_to_be_visible()
    hand.page.locator('[data-view-kind="UNPACKING"]').click()
    hand.page.keyboard.press("c")
    both = hand.page.locator("#viewer img")
    expect(both).to_have_count(2)
    expect(both.nth(1)).to_have_attribute("alt", "Фото упаковки — упаковка.jpg")
    boxes = [both.nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] < boxes[1]["x"]
    assert hand.problems == []
