"""The pictures of README and guide, taken of a demo shop that really runs: `python -m tests.pictures`, or `make pictures`.

Small WebP files in docs/pictures; a page of the guide shows each, and a test fails where one is missing or unused.
"""

from __future__ import annotations

import io
import shutil
import sys

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.screens import ROOT, running, signed_in

FOLDER = ROOT / "docs" / "pictures"
QUALITY = 80
TELLING = "Получить товар на проверку"  # the picture of a case shows one that may be taken
PLACES = {
    "queue": "/",
    "connections": "/connections",
    "import": "/imports",
    "register": "/register",
    "people": "/people",
    "rules": "/rules",
    "first-steps": "/welcome",
    "guide": "/guide?q=согласования",
}


def keep(page: Page, name: str) -> None:
    """Write what the window shows as a small file."""
    shot = Image.open(io.BytesIO(page.screenshot()))
    shot.save(FOLDER / f"{name}.webp", "WEBP", quality=QUALITY, method=6)
    sys.stdout.write(f"{name}: {(FOLDER / f'{name}.webp').stat().st_size >> 10} KB\n")


def case_path(page: Page) -> str:
    """Find a case whose goods may be taken; any case where there is none."""
    rows = page.locator("a[href^='/returns/']").evaluate_all(
        "all => all.map(a => [a.getAttribute('href'), (a.closest('tr,li,article') || a).innerText])"
    )
    cases = [(href, text) for href, text in rows if "new" not in href]
    return str(next((href for href, text in cases if TELLING in text), cases[0][0]))


def main() -> int:
    """Run the shop, take the pictures, end the shop."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running(demo=True) as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = signed_in(browser, shop, 1366, "light").new_page()
        for name, path in PLACES.items():
            page.goto(path, wait_until="load")
            keep(page, name)
        page.goto("/")
        page.goto(case_path(page), wait_until="load")
        keep(page, "case")
        page.locator(".offer[open] .term").first.click()
        page.wait_for_timeout(300)
        keep(page, "step")
        phone = signed_in(browser, shop, 360, "light").new_page()
        phone.goto("/", wait_until="load")
        keep(phone, "phone")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
