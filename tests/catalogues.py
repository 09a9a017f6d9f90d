"""Reads message catalogues and the messages a program asks for, without GNU gettext.

Tests compare the three: what the sources say, what the translators wrote (`.po`), what runs (`.mo`).
"""

from __future__ import annotations

import ast
import gettext
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).resolve().parent.parent / "src" / "qaitar"
LANGUAGES = ("ru", "kk")
CONTEXT_SIGN = "\x04"  # stands between context and message in compiled catalogues

_FIELD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$')
_KINDS = {
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "pgettext": 2,
    "pgettext_lazy": 2,
    "ngettext": 1,
    "ngettext_lazy": 1,
    "npgettext": 2,
    "npgettext_lazy": 2,
}
"""How many leading arguments name a message: the text, or context and text."""
_TEMPLATE_CALL = re.compile(
    r"\b(_|n?p?gettext)\(((?:u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"|[\s,])+)"
)


@dataclass
class Message:
    """One entry of a `.po` file."""

    fields: dict[str, str] = field(default_factory=dict)
    flags: str = ""

    @property
    def key(self) -> str:
        context = self.fields.get("msgctxt")
        return (
            self.fields["msgid"]
            if context is None
            else (f"{context}{CONTEXT_SIGN}{self.fields['msgid']}")
        )

    @property
    def forms(self) -> list[str]:
        return [text for name, text in self.fields.items() if name.startswith("msgstr")]


def po_path(language: str) -> Path:
    return SOURCES / "locale" / language / "LC_MESSAGES" / "django.po"


def written(language: str) -> dict[str, Message]:
    """Read what the translators wrote, by message."""
    messages: dict[str, Message] = {}
    for block in po_path(language).read_text(encoding="utf-8").split("\n\n"):
        message, name = Message(), ""
        for line in block.splitlines():
            found = _FIELD.match(line)
            if line.startswith("#,"):
                message.flags += line
            elif found:
                name = found[1]
                message.fields[name] = ast.literal_eval(found[2])
            elif line.startswith('"'):
                message.fields[name] += ast.literal_eval(line)
        if message.fields and message.fields["msgid"]:
            assert message.key not in messages, message.key
            messages[message.key] = message
    return messages


def running(language: str) -> gettext.GNUTranslations:
    """Load the compiled catalogue that the program uses."""
    with po_path(language).with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def requested_for() -> dict[str, str]:
    """Collect every message the sources ask for, each with one place that asks."""
    messages: dict[str, str] = {}
    for path in sorted(SOURCES.rglob("*")):
        place = str(path.relative_to(SOURCES))
        if path.suffix == ".py" and "migrations" not in path.parts:
            found = _in_module(path.read_text(encoding="utf-8"))
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            found = _in_template(path.read_text(encoding="utf-8"))
        else:
            continue
        messages |= dict.fromkeys(found, place)
    return messages


def _in_module(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: _KINDS[alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in _KINDS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            parts = [_literal(each) for each in node.args[: names[node.func.id]]]
            if None not in parts:
                yield CONTEXT_SIGN.join(filter(None, parts))


def _literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _in_template(source: str) -> Iterator[str]:
    for name, arguments in _TEMPLATE_CALL.findall(templatize(source)):
        parts = ast.literal_eval(f"({arguments.strip().rstrip(',')},)")
        yield CONTEXT_SIGN.join(parts[: _KINDS.get(name, 1)])
