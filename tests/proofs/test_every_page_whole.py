"""Every page in each of the three languages and both themes, at every width: what `make test` samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import every_page
from tests.browser.conftest import chromium, driver, folders, site
from tests.browser.test_every_page import COMBINATIONS, findings, shop, speaks, windows

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["chromium", "driver", "folders", "shop", "site", "windows"]
pytestmark = pytest.mark.browser


def test_every_page_in_every_dress(
    windows: dict[str, BrowserContext],
    shop: dict[str, Any],
) -> None:
    wrong: dict[str, list[str]] = {}
    pages = every_page.pages(shop)
    for language, theme in COMBINATIONS:
        speaks(language)
        window = windows[theme].new_page()
        for page in pages:
            found = findings(window, page)
            if found:
                wrong[f"{page.name} ({language}, {theme})"] = found
        window.close()
    print(f"\n{len(pages)} pages, {len(COMBINATIONS)} combinations: {len(wrong)} with findings")  # noqa: T201  the figures are what a proof is for
    assert wrong == {}
