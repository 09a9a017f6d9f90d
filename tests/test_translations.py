"""Every text a person sees is there in Russian and in Kazakh, whole, and the compiled catalogue is the written one."""

from __future__ import annotations

import re

import pytest
from django.utils import translation
from django.utils.translation import ngettext

from qaitar.returns.rules.dated_rules import DEFAULTS, SourceKind
from qaitar.returns.texts.sentences import RULE_PLACES
from tests.catalogues import LANGUAGES, Message, requested_for, running, written

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
CYRILLIC = re.compile(r"[А-Яа-яЁё]")
FOREIGN_NAMES = {"Kaspi Shop API", "Qaitar", "XLSX", "CSV"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_a_person_sees_is_left_in_english(language: str) -> None:
    """An operator finds no English among their words: every message of the sources has a translation."""
    there = written(language)
    missing = {
        text: place
        for text, place in requested_for().items()
        if text not in there or not all(there[text].forms)
    }
    assert missing == {}, "run `make messages` and translate"


def test_the_sources_are_really_read() -> None:
    """Guard of the tests here: the reader finds messages of modules, templates, contexts and plurals."""
    requested = requested_for()
    assert requested["Your role (%(role)s) may not do this."] == "returns/texts/sentences.py"
    assert requested["stage\x04New"] == "returns/texts/words.py"
    assert requested["%(counter)s line"] == "web/console/templates/console/register/register.html"
    assert len(requested) > 600


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_runs_is_what_was_written(language: str) -> None:
    """The compiled catalogue holds the written translations, no older ones."""
    compiled = running(language)
    stale = {
        key: message.fields["msgid"]
        for key, message in written(language).items()
        if not any(text.startswith("msgstr[") for text in message.fields)
        and compiled.gettext(key) != (message.forms[0] or key)
    }
    assert stale == {}, "run `make messages`"
    for key, message in written(language).items():
        if "msgid_plural" in message.fields and all(message.forms):
            stated = {compiled.ngettext(key, message.fields["msgid_plural"], n) for n in range(200)}
            assert stated == set(message.forms), "run `make messages`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_facts(language: str) -> None:
    """A sentence names the same facts in each language; a lost placeholder would lose a date or a sum."""
    wrong = {
        key: form
        for key, message in written(language).items()
        for form in message.forms
        if form
        and set(PLACEHOLDER.findall(form)) != set(PLACEHOLDER.findall(message.fields["msgid"]))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_a_guess_of_the_tool(language: str) -> None:
    """`make messages` guesses by likeness and marks it fuzzy; a person has looked at each."""
    assert [key for key, message in written(language).items() if "fuzzy" in message.flags] == []


def test_nothing_is_stored_that_nobody_asks_for() -> None:
    """What no page shows any more is not carried along."""
    requested = requested_for()
    for language in LANGUAGES:
        assert [key for key in written(language) if key not in requested] == []


def test_russian_counts_as_russians_count() -> None:
    """1 заявка, 2 заявки, 5 заявок, and again from 21; 11 to 14 go with the many."""
    counted = "%(counter)s open request", "%(counter)s open requests"
    with translation.override("ru"):
        stated = {n: ngettext(*counted, n) % {"counter": n} for n in (1, 2, 5, 11, 14, 21, 112)}
    assert stated == {
        1: "1 открытая заявка",
        2: "2 открытые заявки",
        5: "5 открытых заявок",
        11: "11 открытых заявок",
        14: "14 открытых заявок",
        21: "21 открытая заявка",
        112: "112 открытых заявок",
    }


def test_a_kazakh_noun_stays_singular_after_a_number() -> None:
    """Kazakh has no plural after a number, so both forms are one."""
    for message in written("kk").values():
        assert len(set(message.forms)) == 1


RUSSIAN_FORMS = {
    1: {
        "%(counter)s missing",
        "Note by hand what the cabinet shows (%(counter)s)",
        "On its way: %(effects)s.",
    },  # no word of the sentence looks at the number
    2: {
        "%(counter)s waiting",
        "%(counter)s will be left as it is.",
        "%(n)s was left as it was.",
        "and %(counter)s more not listed here",
        "“%(act)s” is done for %(n)s request.",
    },  # a verb, or a noun after a preposition: 1, and all else
}
"""Plurals that need fewer than the three forms of Russian: одна заявка, две заявки, пять заявок."""
ENGLISH_AS_ONE = {
    "%(counter)s of %(checked)s open requests would be judged otherwise.",
    "%(counter)s missing",
    "%(counter)s waiting",
    "and %(counter)s more not listed here",
    "Note by hand what the cabinet shows (%(counter)s)",
}


@pytest.mark.parametrize(("language", "requested"), [("ru", 3), ("kk", 2)])
def test_every_plural_has_all_the_forms_of_its_language(language: str, requested: int) -> None:
    """As many as the catalogue's own rule counts to, none of them empty, and each keeps the number."""
    counted = plurals(language)
    assert len(counted) > 20, "guard: the catalogue is really read"
    assert {
        key for key, forms in counted.items() if len(forms) != requested or not all(forms)
    } == set()


def test_forms_of_a_plural_differ_where_they_must() -> None:
    """A form copied over its neighbour says «5 заявка»; the few sentences that agree with no number are named."""
    needed = {key: len(set(forms)) for key, forms in plurals("ru").items()}
    assert {few: {key for key, n in needed.items() if n == few} for few in (1, 2)} == RUSSIAN_FORMS
    assert {len(set(forms)) for forms in plurals("kk").values()} == {1}
    english = {m.key: m.fields["msgid_plural"] for m in written("ru").values() if is_plural(m)}
    assert {one for one, many in english.items() if one == many} == ENGLISH_AS_ONE


def plurals(language: str) -> dict[str, list[str]]:
    return {key: m.forms for key, m in written(language).items() if is_plural(m)}


def is_plural(message: Message) -> bool:
    return "msgid_plural" in message.fields


def test_the_buttons_carry_the_names_of_the_cabinet() -> None:
    """The operator presses the same words here and in Kaspi's cabinet."""
    russian = written("ru")
    assert {
        act: russian[f"act\x04{act}"].forms[0]
        for act in ("Take for inspection", "Refuse", "Grant the refund")
    } == {
        "Take for inspection": "Получить товар на проверку",
        "Refuse": "Отказать в возврате",
        "Grant the refund": "Оформить возврат",
    }
    assert [
        russian[f"section\x04{name}"].forms[0]
        for name in ("New", "Awaiting decision", "In delivery", "Disputes", "Closed")
    ] == ["Новые", "Ожидают решения", "На доставке", "Споры", "Закрытые"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_in_its_language(language: str) -> None:
    """Nothing was copied over untranslated, except names and patterns without words."""
    copied = {
        key
        for key, message in written(language).items()
        for form in message.forms
        if form and not CYRILLIC.search(form) and re.search(r"[A-Za-z]", PLACEHOLDER.sub("", form))
    }
    assert {key.split("\x04")[-1] for key in copied} <= FOREIGN_NAMES


def test_places_of_law_and_manuals_are_stated_in_the_readers_language() -> None:
    """A verdict names its source in words; step numbers of the procedure are the same in every language."""
    places = {
        line.source.place for line in DEFAULTS if line.source.kind is not SourceKind.PROCEDURE
    }
    assert places <= set(RULE_PLACES)
