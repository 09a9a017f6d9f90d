"""The companion's whole story in a real Chromium: pairing, readings, a moved date, press and proof, an ended session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from qaitar.foundation.identity.companions import code_create
from qaitar.foundation.models import CabinetWatch, RawIntake
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.ids import new_id
from qaitar.orders.models import Store
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act
from qaitar.sandbox.kaspi.behaviour import Behaviour, ClosedOrder, DetailShape, Total
from qaitar.sandbox.kaspi.faults import FaultKind, KaspiFault
from qaitar.sandbox.serving import Serving
from tests.browser.companion_world import (
    Cabinet,
    Sight,
    certificate,
    five_tabs,
    hosts_requested,
    new_cabinet,
    open_sight,
    sold,
    work,
)
from tests.browser.conftest import Desk, within_walls_of
from tests.factories.returns import take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Playwright

pytestmark = pytest.mark.browser


@pytest.fixture
def cabinet() -> Cabinet:
    return new_cabinet()


@pytest.fixture
def stands(tmp_path: Path, cabinet: Cabinet, desk: Desk) -> Iterator[Serving]:
    with within_walls_of(desk):
        Store.objects.filter(pk=desk.shop.store.pk).update(external_id="30000001")
    with Serving(cabinet, tls=certificate(tmp_path)) as serving:
        yield serving


def line_for(desk: Desk, site: str) -> str:
    with transaction.atomic():
        return f"{site}/#{code_create(user=desk.aigerim, now=utc_now())}"


def cases(desk: Desk) -> dict[str, ReturnRequest]:
    with within_walls_of(desk):
        return {each.number: each for each in ReturnRequest.objects.all()}


def watch(desk: Desk) -> CabinetWatch:
    with within_walls_of(desk):
        return CabinetWatch.objects.get(store_id=desk.shop.store.pk)


@pytest.fixture
def sight(
    driver: Playwright, stands: Serving, tmp_path: Path, cabinet: Cabinet, site: str
) -> Iterator[Sight]:
    opened = open_sight(driver, tmp_path, cabinet, stands, site)
    yield opened
    opened.context.close()


def read(at: dict[str, Any] | None, shop: str = "30000001") -> bool:
    return bool(at and at.get(shop, {}).get("complete"))


def pair_and_read(sight: Sight, desk: Desk) -> Any:
    page = sight.sign_in()
    own = sight.pair(line_for(desk, sight.site))
    expect(own.locator("#paired")).to_be_visible()
    sight.until("shops", read)
    sight.until("readAt", bool)  # the reading is over: what is asked from here on is asked anew
    assert sight.state("session") == "OPEN"
    work(desk.shop.id)
    return page


def inside(page: Any, name: str) -> Any:
    return page.locator(f"qaitar-{name}")


@pytest.mark.long
def test_three_hundred_requests_over_five_tabs_then_only_what_moved(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    numbers = five_tabs(cabinet.kaspi, 300)
    page = pair_and_read(sight, desk)
    first = cabinet.requested()
    assert len([path for path in first if "load-refund-details" in path]) == 300
    found = cases(desk)
    assert set(found) == set(numbers)
    assert {found[n].section for n in numbers} == {
        "NEW",
        "IN_DELIVERY",
        "AWAITING_DECISION",
        "DISPUTE",
        "CLOSED",
    }
    moved = cabinet.kaspi.ledger.filings[numbers[0]]
    moved.control += timedelta(days=1)
    sight.read_now()
    again = cabinet.requested()
    assert len(again) <= 60
    assert [path.split("code=")[1] for path in again if "load-refund-details" in path] == [
        numbers[0]
    ]
    work(desk.shop.id)
    assert cases(desk)[numbers[0]].marketplace_due_at == moved.control
    assert watch(desk).session == "OPEN"
    page.close()


@pytest.mark.parametrize("total", [20, pytest.param(300, marks=pytest.mark.long)])
def test_a_cabinet_as_it_was_captured_is_read_whole_and_what_fails_is_reported(
    sight: Sight, cabinet: Cabinet, desk: Desk, total: int
) -> None:
    """Details of their own shape, the closed in no order, pages of seven whose total is the page's, errors no page can read."""
    kaspi = cabinet.kaspi
    kaspi.behaviour = Behaviour(
        detail_shape=DetailShape.CAPTURED,
        closed_order=ClosedOrder.BY_ID,
        total=Total.THIS_PAGE,
        page_size=7,
        cors_on_errors=False,
    )
    numbers = five_tabs(kaspi, total)
    closing, bad = numbers[0], numbers[5]
    kaspi.faults.fail_detail(bad, KaspiFault(FaultKind.SERVER_ERROR))
    page = pair_and_read(sight, desk)
    requested = cabinet.requested()
    details = [path.split("code=")[1] for path in requested if "load-refund-details" in path]
    assert sorted(details) == sorted(numbers), "each detail once"
    assert "load-refunds-count" in requested[0]
    assert set(cases(desk)) == set(numbers)
    unread = (
        f"{desk.shop.store.name}: кабинет не показал подробности заявок {bad}. Запросим их снова."
    )
    expect(inside(page, "notice").locator("p")).to_have_text([unread])
    failed = watch(desk).failed
    assert [(each["number"], each["why"], each["tries"]) for each in failed] == [
        (bad, "NO_ANSWER", 1)
    ]
    kaspi.press(closing, "GRANT")
    sight.read_now()
    again = cabinet.requested()
    assert (
        next(path.split("code=")[1] for path in again if "load-refund-details" in path) == closing
    )
    assert len(again) <= 60
    work(desk.shop.id)
    closed = cases(desk)[closing]
    assert (closed.section, closed.stage) == ("CLOSED", "CLOSED")
    assert watch(desk).session == "OPEN"
    kaspi.behaviour.gateway = 401
    sight.read_now()
    assert len(cabinet.requested()) == 3, "the counts, and nothing else"
    expect(inside(page, "notice").locator("p").first).to_contain_text(
        "Кабинет не отвечает Qaitar с"
    )
    assert (watch(desk).session, sight.state("session")) == ("NO_ANSWER", "NO_ANSWER")
    kaspi.behaviour.gateway = None
    page.reload()
    sight.until("session", lambda stated: stated == "OPEN")
    expect(inside(page, "notice").locator("p")).to_have_text([unread])
    assert watch(desk).session == "OPEN"


@pytest.mark.long
def test_a_hundred_requests_are_read_again_within_sixty_questions(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    """After the first reading: nothing moved, one moved, and every one moved, which takes as many readings as it needs."""
    numbers = five_tabs(cabinet.kaspi, 100)
    pair_and_read(sight, desk)
    cabinet.requested()
    sight.read_now()
    assert len(cabinet.requested()) == 1 + 2 * 4 + 2, (
        "counts, two pages of each open section, two of the closed"
    )
    filings = cabinet.kaspi.ledger.filings
    filings[numbers[7]].control += timedelta(days=1)
    sight.read_now()
    assert len(cabinet.requested()) == 1 + 2 * 4 + 2 + 1
    for number in numbers:
        filings[number].control += timedelta(hours=1)
    details: list[str] = []
    for _reading in range(3):
        sight.read_now()
        requested = cabinet.requested()
        assert len(requested) <= 60
        details += [path.split("code=")[1] for path in requested if "load-refund-details" in path]
    assert sorted(details) == sorted(numbers), "each once, none forgotten"


def test_a_decision_is_displayed_pressed_by_the_person_proved_and_closed(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    number = sold(cabinet.kaspi, "700000001", photos=2)
    page = pair_and_read(sight, desk)
    assert len(pictures_requested(cabinet)) == 2
    buyer_changes_a_picture(cabinet, number)
    sight.read_now()
    work(desk.shop.id)
    assert len(pictures_requested(cabinet)) == 1, "the picture kept is not asked for again"
    seen = [each["sha256"] for each in cases(desk)[number].mirror["pictures"]]
    assert len(set(seen)) == 3, "the changed picture is a new one, the old is not forgotten"
    with within_walls_of(desk):
        take(ReturnRequest.objects.get(number=number), desk.by, now=utc_now())
    page.goto("https://kaspi.kz/mc/?status=REFUND_NEW")
    badge = inside(page, "badge").locator("a")
    expect(badge).to_contain_text("нажать в кабинете")
    assert badge.get_attribute("href") == f"{sight.site}/returns/{cases(desk)[number].pk}"
    page.click(f"a[href='/mc/refunds/{number}']")
    panel = inside(page, "panel")
    expect(panel.locator(".press")).to_have_text("Нажмите здесь: «Получить товар на проверку»")
    expect(panel.locator("li a")).to_have_text(["PHOTO_GOODS.jpg", "PHOTO_PACKAGING.jpg"])
    assert cabinet.kaspi.ledger.deeds[-1].what == "FILE", "the companion has pressed nothing"
    pressed(desk, page, "TAKE")
    assert cases(desk)[number].pending_press == ""
    cabinet.kaspi.goods_arrive(number)
    sight.read_now()
    work(desk.shop.id)
    with within_walls_of(desk):
        case = ReturnRequest.objects.get(number=number)
        assert case.stage == "ARRIVED"
        request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=desk.by, now=utc_now())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it comes to the front
    expect(panel.locator(".press")).to_have_text("Нажмите здесь: «Оформить возврат»")
    pressed(desk, page, "GRANT")
    stored = cases(desk)[number]
    assert (stored.pending_press, stored.section, stored.stage) == ("", "CLOSED", "CLOSED")
    expect(inside(page, "panel")).to_have_count(0)


def buyer_changes_a_picture(cabinet: Cabinet, number: str) -> None:
    filing = cabinet.kaspi.ledger.filings[number]
    filing.claim = replace(filing.claim, photos=(filing.claim.photos[0], b"\x89PNG another"))
    filing.control += timedelta(hours=1)


def test_a_refusal_is_pasted_by_the_person_proved_and_closed(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    """Decided in the console, with reason and text; pressed in the cabinet, in the same browser, by the same person."""
    number = sold(cabinet.kaspi, "700000001", why="Брак, не включается")
    page = pair_and_read(sight, desk)
    console = sight.context.new_page()
    console.goto(f"{sight.site}/accounts/login/")
    console.fill("[name=login]", "aigerim")
    console.fill("[name=password]", "aigerim" * 2)
    console.click("button[type=submit]")
    stay = {"name": "after-act", "value": "stay", "url": sight.site}
    sight.context.add_cookies([stay])  # the case stays open after a decision
    console.goto(f"{sight.site}/returns/{cases(desk)[number].pk}")
    act = 'form:has(input[name=act][value="{}"]) button[type=submit]'
    console.click(act.format("ASK_CUSTOMER"))
    with sight.context.expect_page():  # the console opens the cabinet for the press
        console.click(act.format("REFUSE"))
    decided = cases(desk)[number]
    assert (decided.refusal_reason, decided.pending_press) == ("SENT_FOR_ACT", "PRESS_REFUSE")
    text = decided.pending_text
    page.goto(f"https://kaspi.kz/mc/refunds/{number}")
    panel = inside(page, "panel")
    expect(panel.locator("h2")).to_have_text("Решено: Отказать в возврате")
    expect(panel.locator(".press")).to_have_text("Нажмите здесь: «Отказать в возврате»")
    expect(panel.locator(".text")).to_have_text(text)
    sight.context.grant_permissions(
        ["clipboard-read", "clipboard-write"], origin="https://kaspi.kz"
    )
    panel.get_by_role("button", name="Скопировать").click()
    expect(panel.get_by_role("button", name="Скопировано")).to_be_visible()
    assert page.input_value("[name=text]") == "", "the companion fills nothing in"
    page.focus("[name=text]")
    page.keyboard.press("Control+V")
    pressed(desk, page, "REFUSE")
    deed = cabinet.kaspi.ledger.filings[number]
    assert (deed.tab, deed.reject_text) == ("CLOSED", text)
    stored = cases(desk)[number]
    assert (stored.pending_press, stored.section, stored.stage) == ("", "CLOSED", "REFUSED")
    expect(inside(page, "panel")).to_have_count(0)


def pictures_requested(cabinet: Cabinet) -> list[str]:
    """The companion's own questions for pictures: the page's are without the mark."""
    return [path for path in cabinet.requested() if path.startswith("/photos/") and "v=" in path]


def pressed(desk: Desk, page: Any, button: str) -> None:
    """The person presses; the companion looks at this request again by itself, and the worker reads it."""
    page.click(f"form:has([value={button}]) button")
    page.wait_for_url("**notice=**")
    expect(inside(page, "panel").locator(".waits")).to_contain_text("Ждём, пока Qaitar увидит")
    for _try in range(200):
        work(desk.shop.id)
        if not any(case.pending_press for case in cases(desk).values()):
            break
        page.wait_for_timeout(100)
    expect(inside(page, "panel")).to_have_count(0)  # it asks again by itself


def test_an_ended_session_stops_everything_is_stated_and_mends_itself(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    sold(cabinet.kaspi, "700000001")
    page = pair_and_read(sight, desk)
    cabinet.kaspi.shops[0].session = cabinet.kaspi.shops[1].session = ""
    cabinet.requested()
    sight.read_now()
    assert len(cabinet.requested()) == 1, "the first refusal is the last question"
    expect(inside(page, "notice").locator("p")).to_contain_text("просит войти заново")
    assert watch(desk).session == "ENDED"
    sight.worker.evaluate("chrome.storage.local.set({readAt: 0})")
    cabinet.kaspi.shops[0].session = "the-next-session"
    page.goto("https://kaspi.kz/mc/")
    page.click("button")
    page.wait_for_url("**/mc/")
    sight.until("session", lambda stated: stated == "OPEN")
    assert watch(desk).session == "OPEN"
    expect(inside(page, "notice")).to_have_count(0)


@pytest.mark.long
def test_two_shops_of_a_login_are_read_and_one_not_displayed_is_left_alone(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    with within_walls_of(desk):
        for name, number in (("Второй", "30000002"), ("Чужой", "39999999"), ("Без номера", "")):
            Store.objects.create(
                id=new_id(),
                merchant_id=desk.shop.id,
                name=name,
                external_id=number,
                created_at=desk.now,
            )
    first = sold(cabinet.kaspi, "700000001")
    second = sold(cabinet.kaspi, "700000002", shop="30000002")
    pair_and_read(sight, desk)
    sight.until("readAt", bool)
    work(desk.shop.id)
    found = cases(desk)
    assert found[first].store_id == desk.shop.store.pk
    assert found[second].store_name == "Второй"
    requested = cabinet.requested()
    assert len([path for path in requested if "39999999" in path]) == 1
    own = sight.options()
    own.click("#unpair")
    expect(own.locator("#unpaired")).to_be_visible()
    expect(own.locator("#log")).to_contain_text("Отвязан; всё, кроме журнала, забыто")
    for _try in range(100):
        with within_walls_of(desk):
            ended = desk.aigerim.companions.get().token.revoked_at
        if ended:
            break
        own.wait_for_timeout(100)
    assert ended, "unpaired in the browser, the token is dead in Qaitar too"


@pytest.mark.long
def test_paused_in_mid_reading_it_asks_nothing_more(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    five_tabs(cabinet.kaspi, 60)
    sight.sign_in()
    own = sight.pair(line_for(desk, sight.site))
    expect(own.locator("#read")).to_have_text("Читает…")
    expect(own.locator("#read")).to_be_disabled()
    sight.until("shops", lambda at: bool(at and at["30000001"]["prints"]))
    own.check("#paused")
    expect(own.locator("#read")).to_have_text("Прочитать сейчас")
    cabinet.requested()
    own.wait_for_timeout(500)
    assert cabinet.requested() == []
    assert len(sight.state("shops")["30000001"]["prints"]) < 60
    own.uncheck("#paused")
    sight.read_now()
    work(desk.shop.id)
    assert len(cases(desk)) == 60, "what was left is read when it goes on"


@pytest.mark.long
def test_a_slow_a_broken_and_a_changed_cabinet_lose_nothing(
    sight: Sight, cabinet: Cabinet, desk: Desk
) -> None:
    number = sold(cabinet.kaspi, "700000001")
    page = pair_and_read(sight, desk)
    for fault in (
        KaspiFault(FaultKind.SLOW, seconds=1.0),
        KaspiFault(FaultKind.SERVER_ERROR),
        KaspiFault(FaultKind.TRUNCATED),
        KaspiFault(FaultKind.DROP),
        KaspiFault(FaultKind.RESHAPED),
    ):
        cabinet.kaspi.faults.add("list", fault)
        sight.read_now()
    with within_walls_of(desk):
        bodies = b"".join(bytes(row.body) for row in RawIntake.objects.all())
    assert b"result" in bodies, "what has an unknown shape is handed over all the same"
    work(desk.shop.id)
    assert cases(desk)[number].section == "NEW"
    stated = [line["what"] for line in sight.state("log")]
    assert {"log_changed", "log_open"} <= set(stated)
    page.goto("https://kaspi.kz/mc/")
    expect(inside(page, "badge")).to_have_count(1)
    cabinet.kaspi.reshaped = True
    page.reload()
    expect(page.locator("section")).to_have_count(1)
    page.wait_for_timeout(1000)
    expect(inside(page, "badge")).to_have_count(0)
    cabinet.kaspi.reshaped = False


def test_revoked_in_qaitar_it_forgets_the_shop(sight: Sight, cabinet: Cabinet, desk: Desk) -> None:
    sold(cabinet.kaspi, "700000001")
    pair_and_read(sight, desk)
    with within_walls_of(desk):
        row = desk.aigerim.companions.get()
        row.token.revoked_at = utc_now()
        row.token.save()
    page = sight.options()
    page.click("#read")
    expect(page.locator("#unpaired")).to_be_visible()
    assert sight.state("pair") is None
    assert sight.state("shops") is None


@pytest.mark.long
def test_at_its_shipped_pace_it_asks_once_a_second_and_nobody_else(
    driver: Playwright, stands: Serving, tmp_path: Path, cabinet: Cabinet, desk: Desk, site: str
) -> None:
    sold(cabinet.kaspi, "700000001")
    sight = open_sight(driver, tmp_path, cabinet, stands, site, pace="")
    pair_and_read(sight, desk)
    extension = sight.extension
    sight.context.close()
    times = [at for at, _path in cabinet.calls]
    gaps = [after - before for before, after in pairwise(times)]
    assert len(gaps) >= 6
    assert min(gaps) >= 1.0, gaps
    assert hosts_requested(sight.netlog, extension) == {"127.0.0.1", "kaspi.kz", "mc.shop.kaspi.kz"}


def test_only_https_or_this_machine_may_be_paired(sight: Sight, desk: Desk) -> None:
    page = sight.pair("http://qaitar.example.kz/#ABCDEFGHJKMNPQRS")
    expect(page.locator("#refused")).to_have_text("Адрес должен начинаться с https.")
    page.fill("[name=line]", "что-то не то")
    page.click("#pair button")
    expect(page.locator("#refused")).to_contain_text("не строка из Qaitar")
    assert sight.state("pair") is None
