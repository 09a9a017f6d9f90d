"""The operator's guide as the console shows it: the very pages of `docs/guide`, drawn, cleaned and searched.

The pages are shipped inside the package.  Links between them become links of the console; what lies outside the guide is
named but not linked, because an installation does not carry it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nh3
import snowballstemmer
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

FOLDER: Final = Path(__file__).resolve().parents[1] / "guide"
COVER: Final = "README"
LANGUAGE: Final = "ru"
FOUND_MAX: Final = 20
QUERY_MAX: Final = 100
AROUND: Final = 90  # letters shown on each side of a found word
TAGS: Final = frozenset(
    [
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "code",
        "pre",
        "kbd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "img",
        "blockquote",
        "br",
        "hr",
    ]
)
ATTRIBUTES: Final = {
    "a": {"href"},
    "img": {"src", "alt", "loading"},
    **{h: {"id"} for h in TAGS if h[0] == "h"},
}
_WORD: Final = re.compile(r"\w+")
_STEM: Final = {"ru": snowballstemmer.stemmer("russian"), "en": snowballstemmer.stemmer("english")}


@dataclass(frozen=True, slots=True)
class GuideSection:
    """A heading of a page with the plain text under it."""

    page: str
    page_title: str
    anchor: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One page of the guide, ready to be shown."""

    name: str
    title: str
    html: SafeString
    sections: tuple[GuideSection, ...]


@dataclass(frozen=True, slots=True)
class GuideMatch:
    """A section that answers a question: where it is, and the words around the first hit."""

    section: GuideSection
    before: str
    hit: str
    after: str


def chapter_names() -> tuple[str, ...]:
    """Name the pages in the order the cover lists them."""
    links = re.findall(r"\]\(([a-z-]+)\.md\)", _source(COVER))
    return tuple(dict.fromkeys(name for name in links if (FOLDER / f"{name}.md").is_file()))


def chapter_url(name: str, anchor: str = "") -> str:
    """Give the console's address of a page."""
    path = reverse("console:guide") if name == COVER else reverse("console:guide_page", args=[name])
    return f"{path}#{anchor}" if anchor else path


def chapter(name: str) -> Chapter | None:
    """Give a page by its name; nothing where there is no such page."""
    if name != COVER and name not in chapter_names():
        return None
    return _drawn(name)


def anchor_of(title: str) -> str:
    """Give the address of a heading inside its page, as code hosts write it.

    >>> anchor_of("Причина отказа: когда?")
    'причина-отказа-когда'
    """
    return "-".join(re.sub(r"[^\w\s-]", "", title.lower()).split())


def step_anchor(number: str) -> str:
    """Give the heading of a step on the page of steps: the guide speaks Russian to everybody.

    >>> step_anchor("3b-6")
    'шаг-3b-6'
    """
    return anchor_of(f"Шаг {number}")


def find(query: str) -> tuple[GuideMatch, ...]:
    """Find the sections that hold every word of the question, in any of its forms; titles weigh more than text."""
    stems = tuple(dict.fromkeys(_stems(query[:QUERY_MAX])))
    if not stems:
        return ()
    ranked = []
    for place, (section, title, text) in enumerate(_index()):
        if all(word in title or word in text for word in stems):
            heads = sum(word in title for word in stems)
            ranked.append((-heads, place, section))
    return tuple(
        _found(section, stems)
        for _rank, _place, section in sorted(ranked, key=lambda r: r[:2])[:FOUND_MAX]
    )


# --- drawing ----------------------------------------------------------------------------------------


def _source(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@cache
def _drawn(name: str) -> Chapter:
    """Draw a page once for the life of the process: it changes with the program only."""
    drawer = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = drawer.parse(_source(name))
    for token in tokens:
        for child in token.children or ():
            _lead_home(child)
    sections = tuple(_sections(name, tokens))
    html = nh3.clean(
        drawer.renderer.render(tokens, drawer.options, {}),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        link_rel=None,
        url_schemes={"https", "http", "mailto"},
    )
    return Chapter(name, sections[0].title, mark_safe(html), sections)  # noqa: S308  cleaned in the line above


def _lead_home(token: Token) -> None:
    """Point links and pictures of the source at the console's own addresses."""
    if token.type == "image":
        token.attrs["src"] = static(f"console/pictures/{Path(str(token.attrs['src'])).name}")
        token.attrs["loading"] = "lazy"
    if token.type == "link_open":
        inside = re.fullmatch(r"([\w-]+)\.md(?:#(.*))?", str(token.attrs.get("href", "")))
        if inside:
            token.attrs["href"] = chapter_url(inside[1], inside[2] or "")
        elif not str(token.attrs.get("href", "")).startswith(("https://", "#")):
            del token.attrs["href"]


def _sections(name: str, tokens: Sequence[Token]) -> Iterator[GuideSection]:
    """Part a page by its headings, giving each an address."""
    page_title, title, anchor = "", "", ""
    text: list[str] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            if title:
                yield GuideSection(name, page_title, anchor, title, " ".join(text))
            title = _plain(tokens[at + 1])
            page_title, anchor, text = page_title or title, anchor_of(title), []
            token.attrs["id"] = anchor
        elif token.type == "inline" and tokens[at - 1].type != "heading_open":
            text.append(_plain(token))
    yield GuideSection(name, page_title, anchor, title, " ".join(text))


def _plain(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return " ".join("".join(parts).split())


# --- search -----------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    small = word.lower().replace("ё", "е")
    return str(_STEM["en" if small.isascii() else "ru"].stemWord(small))


def _stems(text: str) -> Iterator[str]:
    return (_stem(word) for word in _WORD.findall(text))


@cache
def _index() -> tuple[tuple[GuideSection, frozenset[str], frozenset[str]], ...]:
    return tuple(
        (each, frozenset(_stems(f"{each.page_title} {each.title}")), frozenset(_stems(each.text)))
        for name in chapter_names()
        for each in _drawn(name).sections
    )


def _found(section: GuideSection, stems: Sequence[str]) -> GuideMatch:
    for word in _WORD.finditer(section.text):
        if _stem(word[0]) in stems:
            start, end = max(0, word.start() - AROUND), min(len(section.text), word.end() + AROUND)
            before = ("…" if start else "") + section.text[start : word.start()]
            after = section.text[word.end() : end] + ("…" if end < len(section.text) else "")
            return GuideMatch(section, before, word[0], after)
    return GuideMatch(section, section.text[: 2 * AROUND], "", "")
