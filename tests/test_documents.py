"""The pages tell the truth about the files they speak of: links lead somewhere, names are still there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "qaitar"
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
PATH = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.py)`")
PATH_WITH_NAME = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.py)`\s+`([a-z_]+)`")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def where(path: str) -> Path:
    return next((base / path for base in (PACKAGE, ROOT) if (base / path).exists()), PACKAGE / path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_are_there(page: Path) -> None:
    """A reader who follows a link arrives."""
    missing = [to for to in LINK.findall(text_of(page)) if not (page.parent / to).exists()]
    assert missing == []


@pytest.mark.parametrize(
    "page",
    ["docs/architecture.md", *(f"docs/adr/{p.name}" for p in (ROOT / "docs/adr").glob("*.md"))],
)
def test_named_files_and_functions_exist(page: str) -> None:
    """The stories can be followed: each file named is there, and holds the function named after it."""
    text = text_of(ROOT / page)
    assert [path for path in PATH.findall(text) if not where(path).exists()] == []
    lost = [
        f"{path} {name}"
        for path, name in PATH_WITH_NAME.findall(text)
        if name not in defined(where(path))
    ]
    assert lost == []


def defined(path: Path) -> set[str]:
    tree = ast.parse(text_of(path))
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def test_the_places_of_changes_exist() -> None:
    """Whoever follows docs/where.md finds each file and folder it names."""
    rows = [line for line in text_of(ROOT / "docs/where.md").splitlines() if line.startswith("| ")]
    assert len(rows) - 1 >= 20
    named = [path for row in rows for path in re.findall(r"`([\w./-]+/[\w.-]*)`", row)]
    assert len(named) > 60
    assert [path for path in named if not where(path).exists()] == []


@pytest.mark.parametrize("folder", ["guide", "adr"])
def test_every_page_is_in_its_list(folder: str) -> None:
    """A page nobody can find from the first one is not written."""
    listed = set(LINK.findall(text_of(ROOT / "docs" / folder / "README.md")))
    there = {path.name for path in (ROOT / "docs" / folder).glob("*.md")} - {"README.md"}
    assert there - listed == set()


def test_pictures_are_small_and_each_is_displayed() -> None:
    """A picture nobody shows grows stale unseen, and a heavy one keeps a page from opening on a phone."""
    there = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()}
    displayed = {Path(to).name for page in PAGES for to in LINK.findall(text_of(page))}
    assert set(there) - displayed == set(), "renew with `make pictures`"
    assert {name: size for name, size in there.items() if size > 150_000} == {}


def test_a_page_of_the_guide_begins_with_the_job_it_helps_to_do() -> None:
    """An operator sees in the first line whether to read on, and never has to scroll for long."""
    for page in (ROOT / "docs" / "guide").glob("*.md"):
        lines = text_of(page).splitlines()
        assert len(lines) <= 90, page.name
        if page.name not in {"README.md", "questions.md"}:
            assert lines[2].startswith("**Поможет:**"), page.name


def test_decisions_are_numbered_without_gaps_and_say_what_was_rejected() -> None:
    """A decision without the ways not taken is taken again next year."""
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        heads = [line for line in text_of(page).splitlines() if line.startswith("## ")]
        assert heads == ["## Context", "## Decision", "## Consequences", "## Rejected"], page.name


def test_every_setting_is_reported() -> None:
    """What can be set is in the table of deployment, and nothing else is."""
    source = text_of(PACKAGE / "config" / "settings.py")
    read = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_0-9]+)"', source))
    for module in ("backup/places.py", "cli/backup/command.py"):
        read |= set(re.findall(r'"(QAITAR_BACKUP_[A-Z_0-9]+)"', text_of(PACKAGE / module)))
    reported = set(
        re.findall(
            r"`([A-Z_0-9]*QAITAR_[A-Z_0-9]+|DATABASE_URL)`", text_of(ROOT / "docs/deployment.md")
        )
    )
    assert read - reported == set()
    elsewhere = {
        "DATABASE_URL",
        "QAITAR_APP_DATABASE_URL",
        "QAITAR_DB_APP_DSN",
        "QAITAR_DB_OWNER_DSN",
    }
    assert reported - read - elsewhere == set()


def test_the_changelog_has_a_place_for_the_next_line() -> None:
    """What changed since the last release is told under Unreleased."""
    heads = [line for line in text_of(ROOT / "CHANGELOG.md").splitlines() if line.startswith("## ")]
    assert heads[0] == "## Unreleased"
