"""Pictures of every page, taken of a demo shop that really runs: `python -m tests.screens`, or `make screens`.

They go to var/screens, with one page (index.html) that shows them all.  Those of README and guide: `tests/pictures.py`.
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
from html import escape
from importlib import import_module
from itertools import product
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from qaitar.cli.environment import prepare
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.database import release_database
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.ports import pick_port
from qaitar.runtime.processes import wait_ready

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 180.0
PATIENCE_MS = 120_000  # a busy machine draws slowly
HEIGHTS = {1366: 768, 360: 740}
THEMES = ("light", "dark")
LANGUAGES = ("ru", "kk")
WINDOW_ONLY = frozenset({"queue", "case"})
"""Pages a desk shows as its window does, not whole: what matters has to be in it.  A phone scrolls, so it is shown whole."""
PHONE = 360
KEYS = "keys"
"""The queue with the dialog of its keys."""
FIRST = {"first owner": "/welcome/owner"}
"""What an empty installation shows."""


@dataclass
class Shop:
    """The running demo shop: its address, and login names with passwords as it printed them, by role."""

    address: str
    folder: Path
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)


@contextmanager
def running(*, demo: bool) -> Iterator[Shop]:
    """Run the program in a folder of its own, with its demo shop or empty."""
    folder = Path(tempfile.mkdtemp(prefix="qaitar-screens-"))
    port = pick_port()
    command = [sys.executable, "-m", "qaitar.cli.main", "up", "--data", str(folder)]
    command += ["--demo"] if demo else []
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    program = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    shop, reported = Shop(f"http://127.0.0.1:{port}", folder), threading.Event()
    listener = threading.Thread(target=_listen, args=(program, shop, reported), daemon=True)
    listener.start()
    try:
        wait_ready(f"{shop.address}/readyz", READY_SECONDS, alive=lambda: program.poll() is None)
        assert reported.wait(30), "the program did not say its logins"
        yield shop
    finally:
        program.terminate()
        program.wait(30)
        listener.join(30)
        shutil.rmtree(folder, ignore_errors=True)


def _listen(program: subprocess.Popen[str], shop: Shop, reported: threading.Event) -> None:
    assert program.stdout is not None
    with program.stdout as lines:
        for line in lines:
            words = line.split()
            if line.startswith("  ") and len(words) == 3 and words[2].isupper():
                shop.logins[words[2]] = words[0], words[1]
            elif line.startswith("Ctrl-C"):
                reported.set()


def stranger(browser: Browser, shop: Shop, width: int, theme: str, language: str) -> BrowserContext:
    """Open a window of somebody nobody knows yet, whose browser tells the language."""
    context = browser.new_context(
        base_url=shop.address,
        viewport={"width": width, "height": HEIGHTS[width]},
        locale=language,
        timezone_id="Asia/Almaty",
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.add_cookies([{"name": "theme", "value": theme, "url": shop.address}])
    return context


def signed_in(browser: Browser, shop: Shop, width: int, theme: str) -> BrowserContext:
    """Open a window of the owner, who sees every page."""
    context = stranger(browser, shop, width, theme, "ru-RU")
    page, (name, password) = context.new_page(), shop.logins["OWNER"]
    page.goto("/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    page.close()
    return context


def shoot(context: BrowserContext, folder: Path, pages: dict[str, str], width: int) -> None:
    """Take one picture a page, whole."""
    folder.mkdir(parents=True, exist_ok=True)
    window = context.new_page()
    window.set_default_navigation_timeout(PATIENCE_MS)
    for name, path in pages.items():
        window.goto(path, wait_until="load")
        if name == KEYS:
            window.keyboard.press("?")
        whole = name != KEYS and (width == PHONE or name not in WINDOW_ONLY)
        window.screenshot(path=folder / f"{name}.png", full_page=whole)
    window.close()
    sys.stdout.write(f"{folder.name}: {len(pages)} pages\n")


def sheet(out: Path) -> None:
    """Write one page that shows all pictures side by side, to look through."""
    folders = sorted(each for each in out.iterdir() if each.is_dir())
    names = sorted({picture.name for folder in folders for picture in folder.glob("*.png")})
    rows = [
        f"<h2>{escape(name)}</h2><p>"
        + "".join(
            f'<a href="{f.name}/{name}" title="{f.name}"><img loading="lazy" height="300" alt="{f.name}" src="{f.name}/{name}"></a> '
            for f in folders
            if (f / name).exists()
        )
        for name in names
    ]
    (out / "index.html").write_text(
        f"<!doctype html><meta charset=utf-8><title>Qaitar: every page</title>{''.join(rows)}",
        encoding="utf-8",
    )


def opened(shop: Shop) -> dict[str, str]:
    """Look into the shop's own database for one of everything; gives file name → address of every page."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser's driver runs an event loop here
    prepare(str(shop.folder), os.environ)
    every_page = import_module("tests.browser.every_page")  # its models need the database first
    pages = every_page.pages(every_page.things(utc_now()))
    return {every_page.file_name(page.name): page.path for page in pages} | {KEYS: "/"}


def dressed(browser: Browser, shop: Shop, out: Path, pages: dict[str, str]) -> None:
    """Take every page at two widths, in two themes and two languages."""
    people = get_user_model().objects
    unsigned(browser, shop, out, import_module("tests.browser.every_page").STRANGERS)
    for language, theme, width in product(LANGUAGES, THEMES, HEIGHTS):
        people.update(language=language)
        context = signed_in(browser, shop, width, theme)
        shoot(context, out / f"{language}-{theme}-{width}", pages, width)
        context.close()


def unsigned(browser: Browser, shop: Shop, out: Path, pages: dict[str, str]) -> None:
    """Take the pages of somebody who is not signed in."""
    for language, theme, width in product(LANGUAGES, THEMES, HEIGHTS):
        named = {
            name.replace(" ", "-"): path.replace("l=ru", f"l={language}")
            for name, path in pages.items()
        }
        context = stranger(browser, shop, width, theme, language)
        shoot(context, out / f"{language}-{theme}-{width}", named, width)
        context.close()


def main() -> int:
    """Run the shop, take the pictures, end the shop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "")
    options = parser.parse_args()
    out = ROOT / "var" / "screens"
    shutil.rmtree(out, ignore_errors=True)
    with running(demo=True) as shop, running(demo=False) as empty, sync_playwright() as playwright:
        pages = opened(shop)
        browser = playwright.chromium.launch(
            executable_path=options.chromium or None,
            args=["--no-sandbox"],
            env={
                **os.environ,
                "LANGUAGE": "ru",
            },  # the browser's own words: fields of dates and files
        )
        unsigned(browser, empty, out, FIRST)
        dressed(browser, shop, out, pages)
        browser.close()
        connections.close_all()
        release_database(DataFolder(shop.folder))
    sheet(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
