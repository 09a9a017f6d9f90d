"""Why a row was rejected is said in the reader's language; what is not known keeps its own words."""

from __future__ import annotations

from django.utils import translation

from qaitar.web.console.imports.reasons import REASONS, reason_sentence


def test_a_rejected_row_says_why_in_the_readers_language() -> None:
    with translation.override("ru"):
        stated = reason_sentence("bad_date", "«Дата» is not a date like 31.07.2025.")
        assert stated == "«Дата» — не дата вида 31.07.2025."
        assert reason_sentence("same_row_twice", "x") == "Такая же строка уже была в файле."
    with translation.override("kk"):
        assert "«Дата»" in reason_sentence("bad_date", "«Дата» is not a date like 31.07.2025.")


def test_what_is_not_known_keeps_its_words() -> None:
    with translation.override("ru"):
        assert reason_sentence("new_code", "Something new.") == "Something new."
        assert (
            reason_sentence("too_long", "The order number is longer.")
            == "The order number is longer."
        )


def test_every_reason_keeps_its_column_in_every_language() -> None:
    for language in ("ru", "kk"):
        with translation.override(language):
            for code, sentence in REASONS.items():
                stated = reason_sentence(code, "«Сумма» x")
                assert stated != sentence
                assert ("«Сумма»" in stated) == ("%(column)s" in sentence), code
