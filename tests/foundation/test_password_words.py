"""Which passwords people may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from qaitar.foundation.identity.password_words import CONTEXT_WORDS
from qaitar.foundation.models import User
from qaitar.kernel.roles import Role
from tests.factories.accounts import make_person, make_shop

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery 9"


def codes(password: str) -> set[str]:
    """Return the codes of what is wrong with a password of somebody called saule."""
    try:
        validate_password(password, User(username="saule", email="saule@alma.kz"))
    except ValidationError as error:
        return {str(each.code) for each in error.error_list}
    return set()


@pytest.mark.parametrize("word", CONTEXT_WORDS)
def test_a_word_of_this_place_with_a_few_digits_is_refused(word: str) -> None:
    assert "password_of_context_words" in codes(f"{word.title()}-2026-{word}")


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short 9ab", {"password_too_short"}),
        ("1234567890", {"password_too_common", "password_entirely_numeric"}),
        ("saule@alma.kz", {"password_too_similar"}),
        ("qwertyuiop", {"password_too_common"}),
    ],
)
def test_a_weak_one_is_refused(password: str, wrong: set[str]) -> None:
    assert codes(password) & wrong


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "жылқы батарея қыстырғыш",
        "only-small-letters",
        "x" * 5 + "Ю" * 5 + "🐎" * 64,
        "k7" * 64,
        "kaspi and five other honest words",
    ],
)
def test_any_characters_and_any_length_are_accepted(password: str) -> None:
    assert codes(password) == set()


@pytest.mark.django_db
@pytest.mark.usefixtures("db_walls")
def test_a_change_needs_the_present_password_and_is_judged_as_typed(
    settings: Any, tmp_path: Path
) -> None:
    """Nothing is cut or trimmed, capitals count."""
    settings.STATIC_ROOT = tmp_path
    person = make_person("saule", (make_shop().id, Role.OWNER))
    person.set_password(PASSWORD)
    person.save()
    browser = Client()
    assert browser.login(username="saule", password=PASSWORD)
    chosen = "Other Horse, Battery " + "9" * 80

    def change(present: str, new: str) -> User:
        form = {"oldpassword": present, "password1": new, "password2": new}
        browser.post("/accounts/password/change/", form)
        return User.objects.get(pk=person.pk)

    assert change("wrong one of tests", chosen).check_password(PASSWORD)
    assert change(PASSWORD, "Qaitar-2026-qaitar").check_password(PASSWORD)
    changed = change(PASSWORD, chosen)
    assert changed.check_password(chosen)
    for other in (chosen.lower(), chosen[:72], f"{chosen} "):
        assert not changed.check_password(other)
