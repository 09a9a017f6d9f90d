"""The console stays small, readable and safe: budgets, contrast, words, no inline code, forms without scripts."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from qaitar.returns.texts.words import WORDED, word_for
from qaitar.web import console
from qaitar.web.console.templatetags.console import left_text, phone_mask, span_text
from tests.web import office_samples

HOME = Path(console.__file__).parent
STATIC = HOME / "static" / "console"
TEMPLATES = sorted((HOME / "templates").rglob("*.html"))
PAGE_TEMPLATES = {
    path.stem: str(path.relative_to(HOME / "templates"))
    for path in TEMPLATES
    if path.parent.parent.name == "console"
}
NOW = datetime(2026, 10, 24, 5, 20, tzinfo=UTC)
STYLE_BYTES_MAX = 40_000  # compressed, all sheets together
SCRIPT_BYTES_MAX = 60_000  # compressed, the borrowed script included
TEMPLATE_LINES_MAX = 200
PARTIAL_LINES_MAX = 120
CONTRAST_TEXT_MIN = 4.5
CONTRAST_EDGE_MIN = 3.0
PAGES = sorted(office_samples.pages(NOW))

TEXT_PAIRS = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3")
        for ground in ("bg", "side", "surface", "sunken", "hover")
    ),
    *((ink, "accent-soft") for ink in ("ink", "ink-2", "ink-3", "accent-ink")),
    *(("accent-ink", ground) for ground in ("bg", "surface", "side", "sunken", "hover")),
    *(
        (f"{tone}-ink", f"{tone}-soft")
        for tone in ("danger", "warn", "ok", "info", "dispute", "neutral")
    ),
    *((f"{tone}-ink", "surface") for tone in ("danger", "warn", "ok", "info")),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-danger", "danger"),
]
EDGE_PAIRS = [
    ("line-strong", "surface"),
    ("line-strong", "bg"),
    ("focus", "surface"),
    ("focus", "bg"),
    ("accent", "surface"),
]


def _tokens() -> dict[str, tuple[str, str]]:
    css = (STATIC / "css" / "tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: (light, dark) for name, light, dark in found}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2 for two colours."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_counted_as_the_guideline_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_is_readable(ink: str, ground: str, theme: int) -> None:
    tokens = _tokens()
    assert contrast(tokens[ink][theme], tokens[ground][theme]) >= CONTRAST_TEXT_MIN


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_of_controls_are_seen(edge: str, ground: str, theme: int) -> None:
    tokens = _tokens()
    assert contrast(tokens[edge][theme], tokens[ground][theme]) >= CONTRAST_EDGE_MIN


def test_every_colour_stands_in_the_tokens() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        if sheet.name != "tokens.css":
            assert (
                re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])|rgba?\(|hsl\(", sheet.read_text())
                == []
            ), sheet.name


def test_every_used_token_exists() -> None:
    sheets = "".join(sheet.read_text() for sheet in (STATIC / "css").glob("*.css"))
    assert set(re.findall(r"var\((--[\w-]+)", sheets)) <= set(re.findall(r"(--[\w-]+):", sheets))


def test_styles_and_scripts_stay_small() -> None:
    """What a browser has to fetch once, as it is sent: compressed."""
    styles, scripts = list(STATIC.rglob("*.css")), list(STATIC.rglob("*.js"))
    scripts.remove(STATIC / "vendor" / "zxing.min.js")  # fetched by a press, see below
    assert len(styles) >= 7
    assert len(scripts) >= 12
    assert sum(_sent(sheet) for sheet in styles) < STYLE_BYTES_MAX
    assert sum(_sent(script) for script in scripts) < SCRIPT_BYTES_MAX


def _sent(file: Path) -> int:
    return len(gzip.compress(file.read_bytes()))


def test_the_scanners_library_is_fetched_only_by_a_press() -> None:
    assert [page.name for page in TEMPLATES if "zxing" in page.read_text()] == []
    asking = [f.name for f in (STATIC / "js").glob("*.js") if "zxing" in f.read_text()]
    assert asking == ["scan.js"]
    script = (STATIC / "vendor" / "zxing.min.js").read_text()
    assert script.startswith("!function(t,e){")
    assert re.findall(r"\beval\(|new Function", script) == []
    assert "Apache License" in (STATIC / "vendor" / "zxing.LICENSE.txt").read_text()


def test_the_borrowed_script_keeps_its_licence() -> None:
    assert (STATIC / "vendor" / "htmx.min.js").read_text().startswith("var htmx=")
    assert "Zero-Clause BSD" in (STATIC / "vendor" / "htmx.LICENSE.txt").read_text()


def test_scripts_write_no_markup_and_evaluate_nothing() -> None:
    for script in (STATIC / "js").glob("*.js"):
        assert (
            re.findall(
                r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
                script.read_text(),
            )
            == []
        )


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(HOME / "templates"))
)
def test_template_has_nothing_inline_and_is_short(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= (PARTIAL_LINES_MAX if path.parent.name == "partials" else TEMPLATE_LINES_MAX)
    assert re.findall(r"<style\b|\sstyle=|\son[a-z]+=|\shx-on|javascript:|\|safe\b", text) == []
    assert [tag for tag in re.findall(r"<script\b[^>]*>", text) if " src=" not in tag] == []


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(HOME / "templates"))
)
def test_every_post_carries_its_token(path: Path) -> None:
    for form in re.findall(r'<form\b[^>]*method="post".*?</form>', path.read_text(), re.DOTALL):
        assert "{% csrf_token %}" in form


def test_every_icon_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text()))
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r'\{% icon "(\w+)"', path.read_text()))
    tags = (HOME / "templatetags" / "console.py").read_text()
    used |= set(re.findall(r'(?:Stage|Act|Tone)\.\w+: "(\w+)",', tags)) - {
        "info",
        "warn",
        "ok",
        "dispute",
    }
    used |= set(re.findall(r'Progress\.\w+: \(Tone\.\w+, "(\w+)"\)', tags))
    assert used <= drawn


@pytest.mark.parametrize("kind", WORDED, ids=lambda kind: kind.__name__)
def test_every_code_has_its_own_word(kind: type) -> None:
    with translation.override("en"):
        words = [str(word_for(code)) for code in kind]
    assert len(set(words)) == len(words)
    assert all(words)


class _Reader(HTMLParser):
    """Collects what has to be unique, labelled or usable without scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.named: list[str] = []
        self.posts: list[dict[str, str | None]] = []
        self.headings: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.empty_links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        if given.get("id"):
            self.ids[str(given["id"])] += 1
        if tag == "label" and given.get("for"):
            self.labelled.add(str(given["for"]))
        if (
            tag in {"input", "select", "textarea"}
            and given.get("id")
            and given.get("type") not in {"hidden", "checkbox"}
        ):
            self.named.append(str(given["id"]))
        if given.get("hx-post") and tag == "form":
            self.posts.append(given)
        if tag == "a" and not given.get("href") and "data-viewer-file" not in given:
            self.empty_links.append(str(given))


def _draw(name: str, language: str = "en") -> str:
    template = name.removesuffix("_empty").removesuffix("_proof")
    context = {**office_samples.pages(NOW)[name], "shell": office_samples.shell(NOW)}
    with translation.override(language), timezone.override("Asia/Almaty"):
        return render_to_string(
            PAGE_TEMPLATES[template], context, request=RequestFactory().get("/")
        )


def _draw_alone(name: str) -> str:
    with translation.override("en"):
        return render_to_string(name, {})


@pytest.mark.parametrize("name", PAGES)
def test_page_is_well_formed_and_works_without_scripts(name: str) -> None:
    page = _Reader()
    page.feed(_draw(name))
    assert [key for key, times in page.ids.items() if times > 1] == []
    assert page.tags["h1"] == 1
    assert page.tags["main"] == 1
    assert set(page.named) - {"menu"} <= page.labelled
    assert page.empty_links == []
    for form in page.posts:
        assert form["action"] == form["hx-post"]
        assert form["method"] == "post"


@pytest.mark.parametrize("code", [400, 403, 404, 409, 429, 500, 503])
def test_error_page_stands_without_request_or_database(code: int) -> None:
    html = _draw_alone(f"console/frame/errors/{code}.html")
    assert f">{code}</p>" in html
    assert 'class="button button--main" href="/"' in html


def test_a_case_says_what_each_button_will_do_before_it_is_pressed() -> None:
    """Aigerim opens a case filed again: history first, four effects listed above the button, the shut one says why."""
    html = _draw("case")
    assert html.index("Attempt 1") < html.index("Take for inspection")
    listed = html.index("Line in the register")
    assert listed < html.index("data-confirm-press")
    assert "The goods have not arrived yet (step 7)." in html
    assert html.count('name="act" value="GRANT_REFUND"') == 0
    assert html.count('name="act" value="TAKE_FOR_INSPECTION"') == 1
    assert '<input type="hidden" name="version" value="7">' in html


def test_a_decision_waiting_for_proof_gives_the_text_and_the_way_there() -> None:
    html = _draw("case_proof")
    assert "Получить товар на проверку" in html
    assert (
        'data-copy="Здравствуйте! Заявка принята, передайте товар курьеру в заводской упаковке."'
        in html
    )
    assert html.count('data-key="1"') == 1


def test_lateness_is_reported_by_words_and_icon_not_by_colour_alone() -> None:
    html = _draw("queue")
    late = html[html.index('data-urgency="late"') :][:400]
    assert "icons.svg#warning" in late
    assert "late by 1 h 35 min" in late


def test_the_customers_phone_is_masked_until_revealed() -> None:
    html = _draw("case")
    assert "+77012345678" not in html
    assert phone_mask("+77012345678") in html


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (3600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d 0 h"),
        (-5700, "1 h 35 min"),
    ],
)
def test_a_span_is_stated_in_its_two_largest_units(seconds: int, text: str) -> None:
    with translation.override("en"):
        assert span_text(seconds) == text


def test_urgency_changes_exactly_at_its_limits() -> None:
    from_minutes = {-1: "late", 0: "urgent", 239: "urgent", 240: "soon", 1439: "soon", 1440: "calm"}
    for minutes, urgency in from_minutes.items():
        value = office_samples.samples.countdown_in(minutes, NOW)
        assert value.urgency == urgency
    with translation.override("en"):
        assert left_text(office_samples.samples.countdown_in(-95, NOW)) == "late by 1 h 35 min"
