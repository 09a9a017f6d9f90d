"""A new user's whole path in a real browser: from an empty installation to the first own case, and through the demo shop.

The program runs as a person runs it, by `qaitar up`, on an empty folder; nothing of it is prepared.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import expect

from qaitar.runtime.ports import pick_port
from tests.runtime.programs import newcomers_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

READY_S = 120.0
FIRST_CASE_S = 600.0
DECIDED_S = 180.0


@dataclass
class Fresh:
    """A program just started on nothing, the address and the link it printed."""

    address: str
    link: str
    started: float


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """`qaitar up` on an empty folder, ended with the test."""
    port, reported, lines, addresses = pick_port(), threading.Event(), [], []
    command = [sys.executable, "-m", "qaitar.cli.main", "up", "--data", str(tmp_path / "data")]
    started = time.monotonic()
    program = subprocess.Popen(
        [*command, "--port", str(port)], env=newcomers_environ(), stdout=subprocess.PIPE, text=True
    )

    def listen() -> None:
        assert program.stdout is not None
        for line in program.stdout:
            if "/welcome/owner?code=" in line:
                lines.append(line.strip())
            elif line.startswith("Qaitar is ready: "):
                addresses.append(line.removeprefix("Qaitar is ready: ").strip())
            elif line.startswith("Ctrl-C"):
                reported.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert reported.wait(READY_S), "the program did not become ready"
        assert_without_owner(program.pid)
        yield Fresh(addresses[0], lines[0], started)
    finally:
        program.terminate()
        program.wait(30)
        listener.join(30)
        assert program.stdout is not None
        program.stdout.close()


def assert_without_owner(pid: int) -> None:
    """No process `qaitar up` started for people and jobs was given the address of the database's owner."""
    below = psutil.Process(pid).children(recursive=True)
    served = [each.environ() for each in below if each.name().startswith("python")]
    assert any("QAITAR_DB_APP_DSN" in environ for environ in served)
    assert not any("qaitar_owner" in value for environ in served for value in environ.values())


@pytest.fixture
def page(chromium: Browser, fresh: Fresh) -> Iterator[Page]:
    """A fresh window of a desk that speaks Russian."""
    context = chromium.new_context(
        base_url=fresh.address, viewport={"width": 1366, "height": 768}, locale="ru-RU"
    )
    window = context.new_page()
    window.set_default_timeout(60_000)
    yield window
    context.close()


def become_owner(page: Page, link: str) -> None:
    page.goto(link)
    page.fill("[name=name]", "Сауле Ким")
    page.fill("[name=username]", "saule")
    page.fill("[name=password]", "тауға шығамыз 7")
    page.click("main button[type=submit]")
    page.wait_for_url("**/welcome")


@pytest.mark.long
def test_from_nothing_to_the_first_own_case_and_a_decided_one_in_the_demo_shop(
    fresh: Fresh, page: Page
) -> None:
    """Saule opens the printed link, opens her store, puts the rest off and files her first case; then she looks around the demo shop, and decides one case there."""
    become_owner(page, fresh.link)
    page.fill("[name=merchant]", "ТОО «Начало»")
    page.fill("[name=store]", "Начало на Kaspi")
    page.fill("[name=saturday]", "10:00-15:00")
    page.click("#open button[type=submit]")
    for step in ("kaspi", "import", "people"):
        page.click(f"button[name=skip][value={step}]")
        page.wait_for_selector(f"button[name=skip][value={step}]", state="detached")
    page.click("li[aria-current=step] a.button")
    page.fill("main [name=number]", "704812360-1")
    page.click("main form.panel button[type=submit]")
    page.wait_for_selector("input[name=seen][value$='704812360-1']", state="attached")
    page.click("main form.panel button[type=submit]")
    page.wait_for_url("**/returns/*-*-*")
    assert page.inner_text("h1") == "704812360-1"
    assert time.monotonic() - fresh.started < FIRST_CASE_S

    page.goto("/welcome")
    requested = time.monotonic()
    page.click("button[name=demo][value=add]")
    page.wait_for_selector("button[name=demo][value=remove]", timeout=DECIDED_S * 1000)
    page.goto("/")
    page.locator("tr, li", has_text="Получить товар на проверку").locator(
        "a[href^='/returns/']"
    ).first.click()
    page.wait_for_selector(".offer--best")
    number = page.inner_text("h1")
    page.locator(".offer--best[open] [data-confirm-press]").click()
    page.wait_for_function(
        "number => document.querySelector('h1').innerText !== number", arg=number
    )
    assert time.monotonic() - requested < DECIDED_S


def test_whoever_only_finds_the_page_takes_nothing(fresh: Fresh, page: Page) -> None:
    """A stranger who reaches the port before the owner sees a page that asks for what only the console knows."""
    page.goto("/")
    page.click("a[href='/welcome/owner']")
    page.fill("[name=code]", "AAAA-BBBB-CCCC-DDDD")
    page.fill("[name=name]", "Тимур")
    page.fill("[name=username]", "timur")
    page.fill("[name=password]", "тауға шығамыз 7")
    page.click("main button[type=submit]")
    expect(page.locator(".errorlist")).to_have_count(1)
    become_owner(page, fresh.link)


def with_a_key(page: Page) -> None:
    """Put a key with a fingerprint reader into this window's machine (WebAuthn's virtual authenticator)."""
    machine = page.context.new_cdp_session(page)
    machine.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    machine.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_made_at_the_printed_address_and_lets_in(fresh: Fresh, page: Page) -> None:
    """Saule adds her fingerprint at the address the program printed, signs out, and is let in by it alone."""
    assert fresh.address.startswith("http://localhost:")
    assert fresh.link.startswith(f"{fresh.address}/welcome/owner?code=")
    with_a_key(page)
    become_owner(page, fresh.link)
    page.goto("/accounts/2fa/webauthn/add/")
    if page.locator("main input[name=password]").count():
        page.fill("main input[name=password]", "тауға шығамыз 7")
        page.click("main button[type=submit]")
    page.check("input[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/2fa/recovery-codes/**")
    page.context.clear_cookies()
    page.goto("/welcome")
    page.wait_for_url("**/accounts/login/**")
    page.click("#passkey_login")
    page.wait_for_url("**/welcome")
    expect(page.locator("#open")).to_be_visible()
