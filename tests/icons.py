"""Draws the icons of the installed app from the one drawing of the sign: `python -m tests.icons`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HOME = Path(__file__).resolve().parent.parent / "src/qaitar/web/console/static/console"
MASKED_SHARE = 0.72
"""A mask may cut the edge off: the sign stands in the middle, its ground reaches to the edge."""
ICONS = {
    "any-192.png": (192, False),
    "any-512.png": (512, False),
    "maskable-192.png": (192, True),
    "maskable-512.png": (512, True),
    "apple-180.png": (180, True),
}


def page_of(drawing: str, side: int, *, masked: bool) -> str:
    """Write the page that shows the sign at this size; a masked one has its ground drawn to the edges."""
    ground = re.search(r'fill="(#[0-9a-f]{6})"', drawing)
    assert ground is not None
    share = MASKED_SHARE if masked else 1.0
    colour = ground[1] if masked else "transparent"
    return (
        f"<body style='margin:0;width:{side}px;height:{side}px;background:{colour};display:grid;place-items:center'>"
        f"<div style='width:{side * share}px;height:{side * share}px'>{drawing}</div>"
    )


def draw(page: Page, folder: Path) -> None:
    """Take the picture of each icon."""
    drawing = (HOME / "favicon.svg").read_text()
    for name, (side, masked) in ICONS.items():
        page.set_viewport_size({"width": side, "height": side})
        page.set_content(page_of(drawing, side, masked=masked))
        page.screenshot(path=folder / name, omit_background=not masked)
        sys.stdout.write(f"{name}\n")


def main() -> int:
    """Draw all icons into the folder of static files."""
    folder = HOME / "icons"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        draw(browser.new_page(), folder)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
