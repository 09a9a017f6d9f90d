"""Every page, in both themes and three languages: nothing axe finds, nothing to scroll sideways, no rule of scripts broken.

`make test` opens every page in one combination of language and theme and lets axe look at one width of it, so that all
are met over the pages; the whole product is a proof (`make prove`).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from qaitar.demo.seed import LOGINS, demo_seed
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from tests.browser import every_page
from tests.browser.every_page import Page
from tests.demo.test_seed import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext
    from playwright.sync_api import Page as Window

pytestmark = pytest.mark.browser
LANGUAGES = ("ru", "kk", "en")
THEMES = ("light", "dark")
WIDTHS = (360, 768, 1366, 1920)
LOOKED_AT = (360, 1366)
COMBINATIONS = list(product(LANGUAGES, THEMES))
# what axe calls a rule; everything it knows of WCAG 2.2 A and AA, and its best practices
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_WATCHING = """
window.qaitarBroken = [];
document.addEventListener("securitypolicyviolation", (e) => window.qaitarBroken.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
"""
_WIDER = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const all = [...document.querySelectorAll("body *")].filter((n) => n.getBoundingClientRect().right > most + 1);
  return all.slice(0, 5).map((n) => `${n.tagName}.${n.className}: ${Math.round(n.getBoundingClientRect().right)}`);
}"""

# Words that run out of a box which hides what does not fit; where the box says so with an ellipsis, it is meant.
_CUT = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()) && found.length < 5; ) {
    const text = node.textContent.trim();
    if (!text || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const words = range.getBoundingClientRect();
    for (let box = node.parentElement; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box), edge = box.getBoundingClientRect();
      if (/auto|scroll/.test(style.overflowX) || style.textOverflow === "ellipsis" || edge.width <= 2) break;
      if (/hidden|clip/.test(style.overflowX) && words.right > edge.right + 1) {
        found.push(`"${text.slice(0, 40)}" in ${box.tagName}.${box.className}`);
        break;
      }
    }
  }
  return found;
}"""


@pytest.fixture
def shop(site: str, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """The demo shop behind the site, and one of everything in it."""
    settings.QAITAR_ENCRYPTION_KEY = "k" * 40
    now = utc_now()
    assert demo_seed(now=now, port=free_ports(4), folder=tmp_path)
    return every_page.things(now)


@pytest.fixture
def windows(chromium: Browser, site: str, shop: object) -> Iterator[dict[str, BrowserContext]]:
    """The owner's signed-in browser, one for each theme."""
    owner = next(login for login in LOGINS if login.role is Role.OWNER)
    opened = {theme: chromium.new_context(base_url=site) for theme in THEMES}
    for theme, context in opened.items():
        context.set_default_timeout(30_000)
        context.add_init_script(_WATCHING)
        context.add_cookies([{"name": "theme", "value": theme, "url": site}])
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=login]", owner.username)
        page.fill("[name=password]", owner.password)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        page.close()
    yield opened
    for context in opened.values():
        context.close()


def findings(window: Window, page: Page, looked_at: Sequence[int] = LOOKED_AT) -> list[str]:
    """Open a page and say what is wrong with it, axe at these widths; empty where nothing is."""
    errors: list[str] = []
    window.on(
        "console", lambda stated: errors.append(stated.text) if stated.type == "error" else None
    )
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.set_viewport_size({"width": WIDTHS[-1], "height": 900})
    answer = window.goto(page.path, wait_until="load")
    assert answer is not None
    expected = {404} if page.name == "nothing here" else {200}
    wrong = [] if answer.status in expected else [f"answered {answer.status}"]
    wrong += [e for e in errors if not (answer.status == 404 and "404" in e)]
    wrong += window.evaluate("window.qaitarBroken")
    for width in WIDTHS:
        window.set_viewport_size({"width": width, "height": 900})
        wrong += [f"at {width} px: {wide}" for wide in window.evaluate(_WIDER)]
        wrong += [f"at {width} px, cut off: {words}" for words in window.evaluate(_CUT)]
    for width in looked_at:
        window.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(window, options=RULES).response["violations"]
        wrong += [
            f"at {width} px: {rule['id']}: {node['target']} {node['html'][:160]}"
            for rule in found
            for node in rule["nodes"][:3]
        ]
    return wrong


def speaks(language: str) -> None:
    User.objects.update(language=language)


def test_every_address_is_sorted() -> None:
    """A new page cannot be forgotten; a page that is gone leaves the list."""
    assert every_page.stale() == set()


UNSOUND = """<!doctype html><html lang="en"><title>Unsound</title><main><h1>Unsound</h1><img src="/favicon.ico">
<p style="color:#aaa;background:#fff">pale</p><table width="3000"><tr><td>wide</td></tr></table><div style="width:9em;overflow:hidden;white-space:nowrap">words that are cut off because the box is far too narrow</div><script>1</script></main></html>"""


def test_the_check_sees_what_is_wrong(chromium: Browser, site: str) -> None:
    """Guard of the tests here: a page with a known fault of each kind is told of all of them."""
    context = chromium.new_context(base_url=site)
    context.add_init_script(_WATCHING)
    rules = {"Content-Security-Policy": "script-src 'self'; style-src 'self' 'unsafe-inline'"}
    context.route(
        "**/unsound",
        lambda route: route.fulfill(body=UNSOUND, content_type="text/html", headers=rules),
    )
    reported = "\n".join(findings(context.new_page(), Page("unsound", "/unsound")))
    context.close()
    for fault in (
        "image-alt",
        "color-contrast",
        "at 360 px: TABLE",
        'cut off: "words that',
        "script-src-elem inline",
    ):
        assert fault in reported, fault


def test_every_page_is_sound(windows: dict[str, BrowserContext], shop: dict[str, Any]) -> None:
    """Each page in one language and theme; strangers' pages too."""
    wrong: dict[str, list[str]] = {}
    pages = every_page.pages(shop)
    assert len(pages) > 25
    for at, (language, theme) in enumerate(COMBINATIONS):
        speaks(language)
        window = windows[theme].new_page()
        for number, page in enumerate(pages[at :: len(COMBINATIONS)]):
            found = findings(window, page, [LOOKED_AT[(at + number) % len(LOOKED_AT)]])
            if found:
                wrong[f"{page.name} ({language}, {theme})"] = found
        window.close()
    assert wrong == {}


def test_pages_of_strangers_are_sound(chromium: Browser, site: str) -> None:
    wrong: dict[str, list[str]] = {}
    for language, theme in COMBINATIONS[:: 1 if len(every_page.STRANGERS) < 3 else 3]:
        context = chromium.new_context(base_url=site, locale=language)
        context.add_init_script(_WATCHING)
        context.add_cookies([{"name": "theme", "value": theme, "url": site}])
        window = context.new_page()
        for name, path in every_page.STRANGERS.items():
            found = findings(window, Page(name, path))
            if found:
                wrong[f"{name} ({language}, {theme})"] = found
        context.close()
    assert wrong == {}
