"""On a phone: from the queue to a decision by thumb, and a network that goes away in the middle."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from qaitar.foundation.models import JournalEntry, User
from qaitar.returns.models import Evidence
from tests.browser.conftest import Desk, Hand, sign_in, within_walls_of
from tests.browser.test_stories import (
    button,
    scan,
    settle_a_defective_case,
    settle_a_proper_quality_case,
    stage,
    stored,
)
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Route

    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.browser
TOUCH_MIN_PX = 44
TARGETS = """all => all.filter(e => e.checkVisibility() && !e.matches('.sr, .pick-file input')).map(e => {
  const box = (e.closest('label') || e).getBoundingClientRect(); return [e.outerHTML.slice(0, 90), Math.round(box.height)]; })"""


class Thumb(Hand):
    """A person with a phone in the hand."""

    def press(self, target: Locator) -> None:
        """Tap once; a request's number stands beside the dot of an unopened case."""
        self.calm()
        if target.get_attribute("data-open") is None:
            target.tap()
        else:
            target.tap(position={"x": 60, "y": 8})


class CutOff(Thumb):
    """The network goes away before each decision and is back after it."""

    def press(self, target: Locator) -> None:
        """Tap once; the press is sent by itself when there is a network again."""
        if target.get_attribute("data-confirm-press") is None:
            super().press(target)
            return
        self.calm()  # without its scripts no page knows of a lost network
        self.context.set_offline(True)
        target.tap()
        expect(self.page.locator('.toast[data-tone="danger"]').last).to_be_visible()
        self.context.set_offline(False)


@pytest.fixture
def phone(chromium: Browser, site: str) -> Iterator[Hand]:
    """A phone's browser, 360 × 740, with touch."""
    context = chromium.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="ru-RU",
        base_url=site,
    )
    context.route(
        "https://kaspi.kz/**", lambda route: route.fulfill(body="Kaspi", content_type="text/html")
    )
    at = Thumb(context.new_page(), context)
    at.ready()
    yield at
    context.close()


def on_screen(desk: Desk, phone: Hand) -> ReturnRequest:
    """Open a new case with two days to its date."""
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    sign_in(phone)
    phone.goto(f"/returns/{case.pk}")
    return case


def evidence(desk: Desk, pk: object) -> list[tuple[str, str]]:
    with within_walls_of(desk):
        return list(
            Evidence.objects.filter(request_id=pk)
            .order_by("added_at")
            .values_list("kind", "file_name")
        )


def lines(desk: Desk, pk: object, act: str) -> int:
    with within_walls_of(desk):
        return JournalEntry.objects.filter(subject_id=pk, act=act).count()


def test_from_the_queue_over_a_photo_to_a_decision(desk: Desk, phone: Hand) -> None:
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    sign_in(phone)
    number = phone.page.get_by_role("link", name=case.number)
    number.tap(
        position={"x": 60, "y": 8}
    )  # on the number itself, not on the dot of an unopened case
    phone.page.wait_for_url(f"**/returns/{case.pk}*")
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 360
    low = [
        (what, height)
        for what, height in phone.page.locator(
            "#case .button, #case summary, #case select, #case input:not([type=hidden])"
        ).evaluate_all(TARGETS)
        if height < TOUCH_MIN_PX
    ]
    assert low == []
    camera = phone.page.locator("#evidence-camera")
    assert camera.get_attribute("capture") == "environment"
    with phone.page.expect_file_chooser() as chooser:
        camera.tap()
    chooser.value.set_files(scan("IMG_0001.jpg"))
    expect(phone.page.locator(".tile")).to_have_count(1)
    camera.set_input_files(
        scan("IMG_0002 упаковка.jpg", "beige")
    )  # the same picture again is the same proof
    expect(phone.page.locator(".tile")).to_have_count(2)
    button(phone, "TAKE_FOR_INSPECTION").tap()
    expect(phone.page.locator("#toasts .toast")).to_contain_text("Получить товар на проверку")
    assert stored(desk, case.number).stage == "IN_DELIVERY"
    assert sorted(kind for kind, _name in evidence(desk, case.pk)) == [
        "PHOTO_GOODS",
        "PHOTO_PACKAGING",
    ]
    assert phone.problems == []


@pytest.mark.parametrize(
    ("language", "hand", "settle"),
    [
        ("ru", Thumb, settle_a_proper_quality_case),
        ("kk", CutOff, settle_a_defective_case),
        pytest.param("kk", CutOff, settle_a_proper_quality_case, marks=pytest.mark.long),
        pytest.param("ru", Thumb, settle_a_defective_case, marks=pytest.mark.long),
    ],
)
def test_both_stories_by_thumb_and_with_the_network_cut_at_each_decision(
    desk: Desk,
    phone: Hand,
    language: str,
    hand: type[Hand],
    settle: Callable[[Desk, Hand, str], None],
) -> None:
    User.objects.filter(username="aigerim").update(language=language)
    settle(desk, hand(phone.page, phone.context), language)
    assert phone.problems == []


def test_a_lost_network_loses_nothing_and_does_nothing_twice(desk: Desk, phone: Hand) -> None:
    case = on_screen(desk, phone)
    phone.context.set_offline(True)
    phone.page.locator("#note").fill("Коробка вскрыта, пломба цела")
    phone.page.locator(".case-timeline form button").tap()
    phone.page.locator("#evidence-camera").set_input_files(scan("IMG_0001.jpg"))
    expect(phone.page.locator("[data-job]")).to_have_attribute("data-state", "waiting")
    assert lines(desk, case.pk, "COMMENT") == 0
    phone.context.set_offline(False)
    expect(phone.page.locator(".tile")).to_have_count(1)
    expect(phone.page.locator(".timeline")).to_contain_text("Коробка вскрыта, пломба цела")
    expect(phone.page.locator("[data-job]")).to_have_count(0)
    assert lines(desk, case.pk, "COMMENT") == 1
    assert lines(desk, case.pk, "ADD_EVIDENCE") == 1
    assert (
        phone.page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('qaitar-draft'))")
        == []
    )


def test_an_answer_lost_on_the_way_back_does_nothing_twice(desk: Desk, phone: Hand) -> None:
    """The server has done it, its answer never comes; the press and the photo are sent again."""
    case = on_screen(desk, phone)
    eaten: list[str] = []

    def eat(route: object) -> None:
        if len(eaten) < 2:  # the first of each
            route.fetch()  # type: ignore[attr-defined]  # it arrives and is done
            eaten.append(route.request.url)  # type: ignore[attr-defined]
            route.abort("connectionreset")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    phone.context.route("**/evidence", eat)
    phone.page.locator("#evidence-camera").set_input_files(scan("IMG_0001.jpg"))
    expect(phone.page.locator("[data-job]")).to_have_attribute("data-state", "waiting")
    phone.page.locator("[data-upload-again]").tap()
    expect(phone.page.locator("[data-job]")).to_have_attribute("data-state", "waiting")
    phone.page.locator("[data-upload-again]").tap()
    expect(phone.page.locator(".tile")).to_have_count(1)
    assert evidence(desk, case.pk) == [("PHOTO_GOODS", "IMG_0001.jpg")]
    eaten.clear()
    phone.context.route("**/act", eat)
    phone.press(button(phone, "ASK_CUSTOMER"))
    expect(phone.page.locator("#toasts .toast")).to_have_count(1)
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    expect(phone.page.locator("#toasts .toast")).to_have_count(2)
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    stage(phone, "Ждём клиента")
    assert lines(desk, case.pk, "ASK_CUSTOMER") == 1


def test_a_network_back_before_the_press_is_known_to_have_failed(desk: Desk, phone: Hand) -> None:
    case = on_screen(desk, phone)
    held: list[Route] = []
    phone.context.route("**/act", lambda route: route.continue_() if held else held.append(route))
    with phone.page.expect_request("**/act"):
        phone.press(button(phone, "ASK_CUSTOMER"))
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    held[0].abort("connectionreset")
    stage(phone, "Ждём клиента")
    assert lines(desk, case.pk, "ASK_CUSTOMER") == 1


def test_news_that_cannot_come_alarm_nobody(desk: Desk, phone: Hand) -> None:
    case = on_screen(desk, phone)
    phone.context.set_offline(True)
    with phone.page.expect_event("requestfailed", lambda call: "/live?" in call.url):
        pass
    expect(phone.page.locator("[data-offline]")).to_be_visible()
    expect(phone.page.locator("#toasts .toast")).to_have_count(0)
    button(phone, "ASK_CUSTOMER").tap()
    expect(phone.page.locator("#toasts .toast")).to_have_count(1)
    assert stored(desk, case.number).stage == "NEW"


def test_what_was_typed_comes_back_after_the_page_was_closed(desk: Desk, phone: Hand) -> None:
    case = on_screen(desk, phone)
    phone.page.locator("#note").fill("Не отправлено")
    phone.goto("/")
    phone.goto(f"/returns/{case.pk}")
    expect(phone.page.locator("#note")).to_have_value("Не отправлено")
    expect(phone.page.locator(".draft")).to_be_visible()
    phone.page.locator("[data-draft-drop]").tap()
    expect(phone.page.locator("#note")).to_have_value("")
    phone.goto(f"/returns/{case.pk}")
    expect(phone.page.locator(".draft")).to_have_count(0)


@pytest.mark.parametrize(("language", "stated"), [("ru", "Нет сети"), ("kk", "Желі жоқ")])
def test_without_a_network_our_own_page_is_displayed_and_nothing_of_anybody(
    desk: Desk, phone: Hand, language: str, stated: str
) -> None:
    User.objects.filter(username="aigerim").update(language=language)
    with within_walls_of(desk):
        case = make_case(
            desk.shop, desk.by, now=desk.now, marketplace_due_at=desk.now + timedelta(days=2)
        )
    sign_in(phone)
    phone.goto("/")
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.goto(f"/returns/{case.pk}")
    phone.context.set_offline(True)
    phone.page.reload()
    expect(phone.page.locator("h1")).to_have_text(stated)
    stored = phone.page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(n => caches.open(n).then(c => c.keys()))))"
        ".then(all => all.flat().map(r => new URL(r.url).pathname).sort())"
    )
    assert stored[:4] == ["/language", *["/offline"] * 3]
    assert all(path.startswith("/static/console/") for path in stored[4:])
    phone.context.set_offline(False)
    expect(phone.page.locator("h1")).to_have_text(case.number)
