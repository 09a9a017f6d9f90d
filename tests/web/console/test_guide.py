"""The guide inside the console is the guide of the repository: every page, every word explained, every picture there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from qaitar.kernel.roles import Role
from qaitar.returns.rules.procedure import PROCEDURE
from qaitar.returns.texts.step_words import STEP_WORDS
from qaitar.returns.texts.steps_page import page as steps_page
from qaitar.web.console.handbook import book as guide_book
from qaitar.web.console.labels.terms import TERMS
from tests.factories.accounts import NOW, make_person, make_shop
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="([^"]+)"')
PICTURE = re.compile(r'src="/static/([^"]+)"')


@pytest.fixture
def clerk() -> Client:
    """Ruslan of the warehouse: the least of roles may read the guide."""
    shop = make_shop("ТОО «Алма»", now=NOW)
    return signed_in(make_person("ruslan", (shop.id, Role.CLERK)))


def pages() -> Iterator[guide_book.Chapter]:
    for name in (guide_book.COVER, *guide_book.chapter_names()):
        found = guide_book.chapter(name)
        assert found is not None
        yield found


def test_every_file_of_the_guide_is_a_page_of_the_console(clerk: Client) -> None:
    """Whoever opens the guide in the console reads the very pages of the repository, none missing."""
    files = {path.stem for path in guide_book.FOLDER.glob("*.md")} - {guide_book.COVER}
    assert files == set(guide_book.chapter_names())
    assert clerk.get(reverse("console:guide")).status_code == 200
    for name in files:
        answer = clerk.get(reverse("console:guide_page", args=[name]))
        assert answer.status_code == 200
        assert answer.context["chapter"].name == name


def test_links_of_the_guide_lead_to_its_pages_and_headings(clerk: Client) -> None:
    """A link between pages opens a page of the console, at a heading that is there."""
    seen = 0
    for page in pages():
        for href in LINK.findall(page.html):
            if href.startswith("https://"):
                continue
            path, _hash, anchor = href.partition("#")
            answer = clerk.get(path)
            assert answer.status_code == 200, (page.name, href)
            if anchor:
                assert anchor in {each.anchor for each in answer.context["chapter"].sections}
            seen += 1
    assert seen > 15


def test_every_picture_of_the_guide_is_shipped() -> None:
    """A page never shows a broken picture, and none is kept that no page shows."""
    displayed = {path for page in pages() for path in PICTURE.findall(page.html)}
    assert displayed
    assert [path for path in displayed if finders.find(path) is None] == []


def test_a_page_outside_the_guide_is_not_there(clerk: Client) -> None:
    """The address names pages of the guide and nothing else on the disk."""
    for name in ("passwd", "readme", "glossary", "architecture"):
        assert clerk.get(f"/guide/{name}").status_code == 404
    assert Client().get("/guide").status_code == 302


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("сторож", "deadlines"),
        ("согласования", "approvals"),
        ("РЕЗЕРВНАЯ копия", "backup"),
        ("отклонённую строку", "import"),
        ("шаг 3b", "why"),
    ],
)
def test_a_word_is_found_in_any_of_its_forms(clerk: Client, query: str, page: str) -> None:
    """The operator types the word as it came to mind; the right chapter is among the answers."""
    answer = clerk.get("/guide", {"q": query})
    assert page in {each["found"].section.page for each in answer.context["answers"]}
    assert "<mark>" in answer.content.decode() or "шаг" in query


def test_a_question_the_guide_cannot_answer_says_so(clerk: Client) -> None:
    """Nothing found is a sentence, and what was typed is shown as typed, never as markup."""
    answer = clerk.get("/guide", {"q": '<img src=x onerror="x">зюзя'})
    assert answer.context["answers"] == []
    assert "&lt;img src=x" in answer.content.decode()
    assert guide_book.find("  , ") == ()


def test_the_guide_lets_no_foreign_markup_through() -> None:
    """A page may hold keys and tables; script, handlers and foreign frames are dropped while it is drawn."""
    for page in pages():
        tags = set(re.findall(r"<(\w+)", page.html))
        assert tags <= guide_book.TAGS, page.name
        assert "onerror" not in page.html


def test_every_step_of_the_procedure_is_explained() -> None:
    """Beside each step stands what it says and why; no words are kept for a step that is gone."""
    assert {step.number for step in PROCEDURE} == set(STEP_WORDS)
    written = (guide_book.FOLDER / "why.md").read_text(encoding="utf-8")
    assert written == steps_page(), "python -m qaitar.returns.texts.steps_page > docs/guide/why.md"
    why = guide_book.chapter("why")
    assert why is not None
    anchors = {each.anchor for each in why.sections}
    assert {guide_book.step_anchor(number) for number in STEP_WORDS} <= anchors


@pytest.mark.parametrize("key", sorted(TERMS))
def test_a_word_of_the_trade_explains_itself_without_a_script(key: str) -> None:
    """Pressed, tapped or by key: the platform's own popover opens, and leads on to a chapter that is there."""
    text = Template("{% load console %}{% term key %}").render(Context({"key": key}))
    assert f'popovertarget="term-{key}"' in text
    assert re.search(rf'id="term-{key}" popover', text)
    assert TERMS[key].chapter in guide_book.chapter_names()


def test_a_page_leads_to_its_chapter() -> None:
    """Beside the heading of a page stands the way to the chapter about it, and that chapter is there."""
    include = re.compile(r'partials/guide_chapter\.html" with chapter="([a-z]+)"')
    templates = Path(guide_book.__file__).parents[1] / "templates" / "console"
    requested = {
        (path.name, name)
        for path in templates.rglob("*.html")
        for name in include.findall(path.read_text())
    }
    assert len(requested) > 20, "guard: heads are really read"
    assert {name for _page, name in requested} <= set(guide_book.chapter_names())
