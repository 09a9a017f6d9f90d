"""The two stories the console is measured by, with a real mouse: four presses and nothing typed; nine over two filings."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from PIL import Image
from playwright.sync_api import expect

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.ops.clock import utc_now
from qaitar.returns.models import ReturnRequest
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import EvidenceKind, Stage
from tests.browser.conftest import Desk, Hand, sign_in, within_walls_of
from tests.factories.returns import add_proofs, look, make_case

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
REFUNDED = "Возврат оформлен"


def shows(desk: Desk, number: str, section: Section, **reported: object) -> None:
    """The cabinet is read: it shows the request in this section."""
    reading = ReturnReading(number=number, section=section, **reported)  # type: ignore[arg-type]  # fields of the record
    with within_walls_of(desk):
        look(desk.shop, utc_now(), reading)


def button(hand: Hand, act: str) -> Locator:
    """The button that does an act, lit and ready."""
    return hand.page.locator(f'form:has(input[name=act][value="{act}"]) button[type=submit]')


def stage(hand: Hand, name: str) -> None:
    """The card shows this stage, after a press or by itself."""
    expect(hand.page.locator(".case__title .chip", has_text=name)).to_be_visible(timeout=40_000)


def stored(desk: Desk, number: str) -> ReturnRequest:
    with within_walls_of(desk):
        request = ReturnRequest.objects.get(number=number)
        entries = JournalEntry.objects.filter(subject_id=request.pk).order_by("seq")
        assert first_break(entries) is None
        return request


def scan(name: str, colour: str = "white") -> dict[str, object]:
    picture = io.BytesIO()
    Image.new("RGB", (800, 1100), colour).save(picture, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": picture.getvalue()}


def stay_after_a_decision(hand: Hand) -> None:
    """The person wants the case to stay open after a decision: a story follows one case through days."""
    hand.context.add_cookies([{"name": "after-act", "value": "stay", "url": hand.page.url}])


def reaches(hand: Hand, stage_: Stage, language: str) -> None:
    """The card shows this stage in this language."""
    with translation.override(language):
        stage(hand, str(word_for(stage_)))


def settle_a_proper_quality_case(desk: Desk, hand: Hand, language: str = "ru") -> None:
    """From the queue to the money given back, over all the acts of the marketplace and the customer in between."""
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    sign_in(hand)
    hand.press(hand.page.get_by_role("link", name=case.number))
    hand.press(button(hand, "ASK_CUSTOMER"))
    reaches(hand, Stage.WAITING_CUSTOMER, language)
    with within_walls_of(
        desk
    ):  # the customer answers the call centre; the photos come in by themselves
        add_proofs(
            case, desk.by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=utc_now()
        )
    with hand.context.expect_page() as cabinet:
        hand.press(button(hand, "TAKE_FOR_INSPECTION"))
    assert cabinet.value.url.startswith("https://kaspi.kz/mc/")
    reaches(hand, Stage.IN_DELIVERY, language)
    shows(desk, case.number, Section.IN_DELIVERY)
    shows(desk, case.number, Section.AWAITING_DECISION)
    reaches(hand, Stage.ARRIVED, language)
    hand.press(button(hand, "GRANT_REFUND"))
    reaches(hand, Stage.REFUND_GRANTED, language)
    shows(desk, case.number, Section.CLOSED, status_text=REFUNDED)
    reaches(hand, Stage.CLOSED, language)
    done = stored(desk, case.number)
    assert (done.stage, done.outcome) == ("CLOSED", "REFUNDED")


def settle_a_defective_case(desk: Desk, hand: Hand, language: str = "ru") -> None:
    """Refused for an act, filed a second time with the acts, taken, granted: two filings, one story."""
    reported = {"reason_code": "", "reason_text": "Брак, не включается"}
    due = desk.now + timedelta(days=2)
    with within_walls_of(desk):
        first = make_case(desk.shop, desk.by, now=desk.now, marketplace_due_at=due, **reported)
    sign_in(hand)
    stay_after_a_decision(hand)
    hand.press(hand.page.get_by_role("link", name=first.number))
    hand.press(button(hand, "ASK_CUSTOMER"))
    reaches(hand, Stage.WAITING_CUSTOMER, language)
    hand.press(button(hand, "REFUSE"))  # reason and text are chosen: sent for an act
    reaches(hand, Stage.REFUSED, language)
    refused = stored(desk, first.number)
    assert refused.refusal_reason == "SENT_FOR_ACT"
    assert "сервисный центр" in refused.pending_text
    shows(desk, first.number, Section.CLOSED, status_text="Возврат отменён", reject_text="Отказ")
    shows(desk, "700000001-2", Section.NEW, planned_at=due, **reported)
    hand.press(hand.page.locator("[data-back]"))
    hand.press(hand.page.get_by_role("link", name="700000001-2"))
    expect(hand.page.locator(".story li")).to_have_count(2)  # the earlier filing comes first
    with hand.page.expect_file_chooser() as chooser:
        hand.press(hand.page.locator("#evidence-file"))
    chooser.value.set_files([scan("Акт НРП 118.jpg"), scan("Акт технического состояния.jpg")])
    stamped = hand.page.locator("#evidence form:has(input[type=hidden][name=stamp]) button")
    hand.press(stamped)
    expect(stamped).to_have_count(0)
    hand.press(button(hand, "TAKE_FOR_INSPECTION"))
    reaches(hand, Stage.IN_DELIVERY, language)
    shows(desk, "700000001-2", Section.AWAITING_DECISION)
    reaches(hand, Stage.ARRIVED, language)
    hand.press(button(hand, "GRANT_REFUND"))
    reaches(hand, Stage.REFUND_GRANTED, language)
    shows(desk, "700000001-2", Section.CLOSED, status_text=REFUNDED)
    reaches(hand, Stage.CLOSED, language)
    done = stored(desk, "700000001-2")
    assert (done.stage, done.outcome, done.counts_as_quality) == ("CLOSED", "REFUNDED", True)


def test_a_proper_quality_case_takes_four_presses_and_nothing_typed(desk: Desk, hand: Hand) -> None:
    settle_a_proper_quality_case(desk, hand)
    assert len(hand.presses) == 4, hand.presses
    assert hand.typed == []
    assert hand.problems == []


def test_a_defective_case_over_two_filings_takes_nine_presses_and_nothing_typed(
    desk: Desk, hand: Hand
) -> None:
    settle_a_defective_case(desk, hand)
    assert len(hand.presses) == 9, hand.presses
    assert hand.typed == []
    assert hand.problems == []


def test_the_keyboard_alone_is_enough(desk: Desk, hand: Hand) -> None:
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    sign_in(hand)
    hand.page.keyboard.press("j")
    hand.page.keyboard.press("Enter")
    hand.page.wait_for_url(f"**/returns/{case.pk}")
    hand.page.keyboard.press("1")
    hand.page.keyboard.press("Enter")
    stage(hand, "Ждём клиента")
    hand.page.keyboard.press("u")
    hand.page.wait_for_url(lambda url: "/returns/" not in url)
    assert stored(desk, case.number).stage == "WAITING_CUSTOMER"
    assert hand.problems == []


def test_without_scripts_everything_still_works(desk: Desk, hand: Hand) -> None:
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    browser = hand.context.browser
    assert browser is not None
    base = hand.page.url
    sign_in(hand)
    base = hand.page.url
    plain = browser.new_context(
        java_script_enabled=False, base_url=base, storage_state=hand.context.storage_state()
    )
    page = plain.new_page()
    page.goto("/")
    page.get_by_role("link", name=case.number).click()
    page.locator('form:has(input[name=act][value="ASK_CUSTOMER"]) button[type=submit]').click()
    expect(page.locator(".toast", has_text="Спросить клиента")).to_be_visible()
    page.locator("#evidence-file").set_input_files([scan("photo 1.jpg")])
    page.locator("#evidence form.drop button[type=submit]").click()
    expect(page.locator(".tile")).to_have_count(1)
    page.goto("/")
    page.locator('input[name="id"]').first.check()
    page.locator('.bulk button[value="TAKE_FOR_INSPECTION"]').click()
    expect(page.locator("tbody tr")).to_have_count(1)
    plain.close()
    assert stored(desk, case.number).stage == "WAITING_CUSTOMER"


def test_news_do_not_wipe_out_what_is_being_typed(desk: Desk, hand: Hand) -> None:
    reported = {"reason_code": "", "reason_text": "Брак"}
    with within_walls_of(desk):
        case = make_case(
            desk.shop,
            desk.by,
            now=desk.now,
            marketplace_due_at=desk.now + timedelta(days=2),
            **reported,
        )
    sign_in(hand)
    hand.goto(f"/returns/{case.pk}")
    button(hand, "ASK_CUSTOMER").click()
    stage(hand, "Ждём клиента")
    text = hand.page.locator('textarea[name="text_SENT_FOR_ACT"]')
    text.fill("Своими словами.")
    with within_walls_of(desk):
        add_proofs(case, desk.by, EvidenceKind.OTHER, now=utc_now())
    with hand.page.expect_response(lambda answer: "/live?" in answer.url and answer.status == 200):
        pass
    expect(text).to_have_value("Своими словами.")
    assert hand.problems == []


def test_the_queue_tells_of_news_by_itself(desk: Desk, hand: Hand) -> None:
    with within_walls_of(desk):
        make_case(desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2))
    sign_in(hand)
    expect(hand.page.locator("[data-row]")).to_have_count(1)
    with within_walls_of(desk):
        make_case(desk.shop, desk.by, "700000002-1", now=desk.now)
    expect(hand.page.locator("[data-row]")).to_have_count(2, timeout=40_000)
    assert hand.problems == []


@pytest.mark.parametrize("width", [360, 1366])
def test_pages_fit_the_screen(desk: Desk, hand: Hand, width: int) -> None:
    with within_walls_of(desk):
        case = make_case(
            desk.shop,
            desk.by,
            now=desk.now,
            marketplace_due_at=desk.now - timedelta(hours=3),
            filed_at=desk.now - timedelta(days=1),
        )
        add_proofs(case, desk.by, EvidenceKind.TECHNICAL_ACT, now=desk.now)
    sign_in(hand)
    hand.page.set_viewport_size({"width": width, "height": 740})
    for path in (
        "/",
        f"/returns/{case.pk}",
        f"/returns/{case.pk}/journal",
        "/search?q=7000",
        "/returns/new?number=700000001",
        "/approvals",
        "/views/new?due=late",
    ):
        hand.goto(path)
        assert hand.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert hand.page.locator("h1").count() >= 1, path
    assert hand.problems == []
