"""What outside systems say reaches a person in their language: every sentence in the sources has its words."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from qaitar.contracts.helpdesk import TicketStatus
from qaitar.web.console.outside.translation import SENTENCES, SPLIT_MAX, known, translate_note

PACKAGE = Path(__file__).resolve().parents[3] / "src" / "qaitar"
SPEAKERS = sorted(
    [
        *(
            each
            for each in (PACKAGE / "connectors").glob("*/*.py")
            if "files" not in each.parent.name
        ),
        *(PACKAGE / "flows" / "effects").glob("*.py"),
        PACKAGE / "flows" / "poll_orders.py",
        PACKAGE / "foundation" / "connections" / "systems.py",
        PACKAGE / "connectors" / "kaspi_files" / "reader.py",
        PACKAGE / "transport" / "workbook.py",
    ]
)
TELLING = {
    "Refused",
    "Misconfigured",
    "Busy",
    "Unknown",
    "Healthy",
    "ConnectionBroken",
    "WorkbookRefused",
    "FileRefused",
}
TELLING |= {"Verdict", "Waits", "Idle", "Impossible", "_later"}
FACT = "X7"
"""What stands in a sentence where a fact would."""
WORDS = re.compile(r"[a-zA-Z]{2,}.*[a-zA-Z]{2,}")


def texts(node: ast.expr, named: dict[str, list[ast.expr]], depth: int = 3) -> Iterator[str]:
    """Give what an expression may say: constants, f-strings with a fact in each place, names of the same module."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            parts = [
                [each.value] if isinstance(each, ast.Constant) else list(fact(each, named, depth))
                for each in values
            ]
            yield from ("".join(map(str, chosen)) for chosen in itertools.product(*parts))
        case ast.IfExp(body=body, orelse=otherwise):
            yield from texts(body, named, depth)
            yield from texts(otherwise, named, depth)
        case ast.BoolOp(values=values) | ast.Tuple(elts=values):
            for each in values:
                yield from texts(each, named, depth)
        case ast.Name(id=name) if depth:
            for each in named.get(name, ()):
                yield from texts(each, named, depth - 1)


def fact(place: ast.expr, named: dict[str, list[ast.expr]], depth: int) -> Iterator[str]:
    """Give what stands in a place of an f-string: the sentence a name there holds, else any fact."""
    inner = place.value if isinstance(place, ast.FormattedValue) else place
    found = list(texts(inner, named, depth)) if isinstance(inner, ast.Name) else []
    yield from found or [FACT]


def spoken(path: Path) -> Iterator[str]:
    """Give every sentence a module hands on for people."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in TELLING:
            for argument in (*node.args, *(each.value for each in node.keywords)):
                for text in texts(argument, named):
                    if " " in text and WORDS.search(text.replace(FACT, "").replace("HTTP", "")):
                        yield text


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_every_sentence_of_a_connector_has_its_words() -> None:
    """A sentence added to a connector and not put into words would stand in English among an operator's words."""
    heard = {(path.name, text) for path in SPEAKERS for text in spoken(path)}
    assert len(heard) > 120, "guard: the sources are really read"
    coded = f" (HTTP {FACT})"  # only some of what a name of the module holds gets it
    unknown = {
        each for each in heard if not known(each[1]) and not known(each[1].removesuffix(coded))
    }
    assert unknown == set()


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("language", ["ru", "kk"])
def test_a_sentence_is_stated_in_the_readers_language_with_its_facts(
    sentence: str, language: str
) -> None:
    """The facts stay, the words change."""
    facts = {name: f"№{n}" for n, name in enumerate(names(sentence))}
    with translation.override(language):
        reported = translate_note(sentence % facts)
    assert reported != sentence % facts
    assert all(value in reported for value in facts.values())


def names(sentence: str) -> list[str]:
    return [part.split(")s")[0] for part in sentence.split("%(")[1:]]


def test_a_note_of_what_is_wrong_and_what_to_do_is_stated_whole() -> None:
    """Health is kept as one text of several sentences; each of them is found, the vendor's own words stay."""
    note = (
        "Google knows no spreadsheet with this id. NOT_FOUND: Requested entity was not found. "
        "Copy the id again: the part of the spreadsheet's address between /d/ and /edit."
    )
    with translation.override("ru"):
        assert translate_note(note) == (
            "Google не знает таблицы с таким идентификатором. NOT_FOUND: Requested entity was not found. "
            "Скопируйте идентификатор ещё раз: часть адреса таблицы между /d/ и /edit."
        )
        assert translate_note(
            "1C was not reached: ConnectError: [Errno 111] Connection refused"
        ) == ("1С недоступна: соединиться не удалось ([Errno 111] Connection refused)")
        assert translate_note(
            "Kaspi accepted the token. Finished orders created in 7 days: 12."
        ) == ("Kaspi принял токен. Завершённых заказов, созданных за 7 дней: 12.")


@pytest.mark.parametrize("times", [20, 90])
def test_a_note_in_a_note_is_stated_a_few_deep_and_the_rest_stays(times: int) -> None:
    """What an outside system sends may not keep the card waiting; nothing of it is lost."""
    sentence = "HTTP 500, 1C error 5: "
    with translation.override("ru"):
        reported = translate_note(sentence * times + "no")
    assert reported.endswith("1C error 5: no")
    assert (reported.count("ошибка 1С 5"), reported.count("1C error 5")) == (
        SPLIT_MAX,
        times - SPLIT_MAX,
    )


def test_words_nobody_knows_stay_as_they_came() -> None:
    """The vendor's own refusal is not lost and not guessed at."""
    with translation.override("kk"):
        assert translate_note("Документ не проведён") == "Документ не проведён"
        assert translate_note("") == ""


@pytest.mark.parametrize("status", TicketStatus)
def test_a_tickets_state_is_a_word_not_a_code(status: TicketStatus) -> None:
    """The journal of a case keeps the helpdesk's state beside the ticket."""
    with translation.override("ru"):
        assert translate_note(status.value).startswith("тикет")
    with translation.override("ru"):
        assert translate_note("unrecognised (42)") == "тикет в неизвестном состоянии (42)"
