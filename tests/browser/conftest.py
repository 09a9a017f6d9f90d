"""A real Chromium before a real server: the program as its role, walls up, real commits, the clock of this machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import transaction
from django.test.testcases import LiveServerThread
from playwright.sync_api import expect, sync_playwright

from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from tests.factories.accounts import Shop, actor, make_person, make_shop, open_walls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
BUILDS = ("chromium-headless-shell", "chromium", "chromium-browser")
WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)  # a busy machine draws late, and no story is about that


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads land in the test's own folder; the driver's event loop must not stop Django's database calls."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = False
    stored = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": stored}


@pytest.fixture
def site(committed: object, folders: None) -> Iterator[str]:
    """The program behind a port of this machine."""
    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    assert server.error is None, server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture(scope="module")
def driver(django_db_setup: None) -> Iterator[Playwright]:
    """The driver of browsers of one file of tests: its event loop, while it runs, would stop Django's calls in all others."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(driver: Playwright) -> Iterator[Browser]:
    """One browser for all tests of a file; `make browser` installs it.

    The build without windows, where there is one: the same pages for a quarter less of the processors.
    """
    path = next(filter(None, map(shutil.which, BUILDS)), None)
    assert path, "no Chromium here: run `make browser`"
    browser = driver.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@dataclass
class Hand:
    """A person at the browser: every press and every typed letter is counted by the page itself."""

    page: Page
    context: BrowserContext
    presses: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def ready(self) -> None:
        """Give the page time, and have choosers of files caught before the first is opened, not while it is."""
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("filechooser", lambda _chooser: None)
        self.page.on("pageerror", lambda error: self.went_wrong(str(error)))

    def went_wrong(self, what: str) -> None:
        """The page tells of an error; a fade between two pages cut short by the next press is none."""
        if not what.startswith("Transition was"):
            self.problems.append(what)

    def calm(self) -> None:
        """Wait until the page is whole and the card stands still, as a person does; what is pressed sooner decides nothing."""
        self.page.wait_for_load_state()
        expect(self.page.locator("#case[data-settling]")).to_have_count(0)

    def press(self, target: Locator) -> None:
        """Press once, the way a person does."""
        self.calm()
        target.click(timeout=WAIT_MS)

    def pressed(self, what: str) -> None:
        """The page tells of a press by a real pointer or key."""
        self.presses.append(what)

    def wrote(self, name: str) -> None:
        """The page tells of a letter typed into a field."""
        self.typed.append(name)

    def goto(self, path: str) -> None:
        self.page.goto(path, wait_until="load")


_COUNTING = """
document.addEventListener("click", (e) => { if (e.isTrusted) qaitarPressed(e.target.closest("a,button,summary,label,input,select")?.textContent?.trim().slice(0, 60) || e.target.tagName); }, true);
document.addEventListener("input", (e) => { if (e.isTrusted && /^(text|search|date|datetime-local|textarea|tel|number)$/.test(e.target.type)) qaitarTyped(e.target.name); }, true);
"""


@pytest.fixture
def hand(chromium: Browser, site: str) -> Iterator[Hand]:
    """A fresh browser window of a desk, 1366 × 768, speaking Russian; the marketplace's own site is a blank page."""
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, locale="ru-RU", base_url=site
    )
    context.route(
        "https://kaspi.kz/**", lambda route: route.fulfill(body="Kaspi", content_type="text/html")
    )
    at = Hand(context.new_page(), context)
    at.ready()
    at.page.expose_function("qaitarPressed", at.pressed)
    at.page.expose_function("qaitarTyped", at.wrote)
    at.page.add_init_script(_COUNTING)
    at.page.on(
        "console",
        lambda stated: at.problems.append(stated.text) if stated.type == "error" else None,
    )
    yield at
    context.close()


@dataclass(frozen=True)
class Desk:
    """A shop with its people, and the moment the test began."""

    shop: Shop
    aigerim: User
    by: Actor
    now: datetime


@pytest.fixture
def desk(site: str) -> Desk:
    """A shop with an operator and a senior, committed."""
    with transaction.atomic():
        now = utc_now()
        shop = make_shop(now=now)
        aigerim = make_person("aigerim", (shop.id, Role.OPERATOR), now=now)
        make_person("daulet", (shop.id, Role.SENIOR), now=now)
        return Desk(shop, aigerim, actor(aigerim, shop.id), now)


def sign_in(hand: Hand, username: str = "aigerim") -> None:
    """Sign in through the login page; these presses are not part of any story."""
    hand.goto("/accounts/login/")
    hand.page.fill("[name=login]", username)
    hand.page.fill("[name=password]", username * 2)
    hand.page.click("button[type=submit]")
    hand.page.wait_for_url(lambda url: "/accounts/login" not in url)  # "**/" would fit it too
    hand.presses.clear()
    hand.typed.clear()


def draw_out_the_moment_after_a_swap(hand: Hand) -> None:
    """Make the moment in which no key decides long enough for a busy machine to press within it."""
    hand.page.add_init_script(
        "const soon = setTimeout; setTimeout = (then, ms, ...rest) => soon(then, ms === 600 ? 8000 : ms, ...rest);"
    )


def within_walls_of(desk: Desk) -> transaction.Atomic:
    """Open one transaction behind the shop's walls, for what the program or the marketplace does meanwhile."""
    return _WithinWalls(desk.shop.id)


class _WithinWalls(transaction.Atomic):
    def __init__(self, merchant_id: Any) -> None:
        super().__init__(using=None, savepoint=True, durable=False)
        self.merchant_id = merchant_id

    def __enter__(self) -> None:
        super().__enter__()
        open_walls(self.merchant_id)
