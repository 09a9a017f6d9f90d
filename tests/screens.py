"""Pictures of every page, taken of a demo shop that really runs: `python -m tests.screens`, or `make screens`.

They go to var/screens; with `--docs` also those the README shows, to docs/pictures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from qaitar.runtime.ports import pick_port
from qaitar.runtime.processes import wait_ready

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 180.0
WIDE, PHONE = (1440, 900), (360, 740)
TELLING = "Получить товар на проверку"  # the picture of a case shows one that may be taken
PICTURES = {"queue": "queue.png", "case": "case.png"}
"""Page → file in docs/pictures."""


@dataclass
class Shop:
    """The running demo shop: its address, and login names with passwords as it printed them, by role."""

    address: str
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)


@contextmanager
def demo_shop() -> Iterator[Shop]:
    """Run the program with its demo shop in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="qaitar-screens-"))
    port = pick_port()
    command = [sys.executable, "-m", "qaitar.cli.main", "up", "--demo", "--data", str(folder)]
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    program = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    shop, told = Shop(f"http://127.0.0.1:{port}"), threading.Event()
    threading.Thread(target=_listen, args=(program, shop, told), daemon=True).start()
    try:
        wait_ready(f"{shop.address}/readyz", READY_SECONDS, alive=lambda: program.poll() is None)
        assert told.wait(30), "the program did not say its logins"
        yield shop
    finally:
        program.terminate()
        program.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _listen(program: subprocess.Popen[str], shop: Shop, told: threading.Event) -> None:
    assert program.stdout is not None
    for line in program.stdout:
        words = line.split()
        if line.startswith("  ") and len(words) == 3 and words[2].isupper():
            shop.logins[words[2]] = words[0], words[1]
        elif line.startswith("Ctrl-C"):
            told.set()


def signed_in(browser: Browser, shop: Shop, size: tuple[int, int], scheme: str) -> BrowserContext:
    """Open a window of the owner, who sees every page."""
    width, height = size
    context = browser.new_context(
        base_url=shop.address,
        viewport={"width": width, "height": height},
        locale="ru-RU",
        timezone_id="Asia/Almaty",
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, (name, password) = context.new_page(), shop.logins["OWNER"]
    page.goto("/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    page.close()
    return context


def places(page: Page) -> dict[str, str]:
    """Find the pages to take: what the menu names, a case, its journal, a search, a form."""
    page.goto("/")
    links = page.locator("nav a[href^='/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    found = {"queue": "/"}
    found |= {
        link.strip("/").replace("/", "-"): link for link in links if "?" not in link and link != "/"
    }
    rows = page.locator("a[href^='/returns/']").evaluate_all(
        "all => all.map(a => [a.getAttribute('href'), (a.closest('tr') || a).innerText])"
    )
    cases = {href: text for href, text in rows if "new" not in href}
    case = next((href for href, text in cases.items() if TELLING in text), next(iter(cases)))
    return found | {
        "case": case,
        "journal": f"{case}/journal",
        "new": "/returns/new",
        "search": "/search?q=7",
        "nothing": "/returns/00000000-0000-7000-8000-000000000000",
        "keys": "/",
    }


def shoot(context: BrowserContext, folder: Path, where: dict[str, str]) -> None:
    """Take one picture a page."""
    folder.mkdir(parents=True, exist_ok=True)
    page = context.new_page()
    for name, path in where.items():
        page.goto(path, wait_until="networkidle")
        if name == "keys":
            page.keyboard.press("?")
        page.screenshot(path=folder / f"{name}.png", full_page=name not in PICTURES)
        sys.stdout.write(f"{folder.name:<12} {name}\n")
    page.close()


def main() -> int:
    """Run the shop, take the pictures, end the shop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="renew the pictures of the README too")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "")
    options = parser.parse_args()
    out = ROOT / "var" / "screens"
    with demo_shop() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium or None, args=["--no-sandbox"]
        )
        for name, size, scheme in (
            ("wide", WIDE, "light"),
            ("dark", WIDE, "dark"),
            ("phone", PHONE, "light"),
        ):
            context = signed_in(browser, shop, size, scheme)
            where = places(context.new_page())
            shoot(context, out / name, where)
            context.close()
        browser.close()
    if options.docs:
        for name, file in PICTURES.items():
            (ROOT / "docs" / "pictures").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out / "wide" / f"{name}.png", ROOT / "docs" / "pictures" / file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
