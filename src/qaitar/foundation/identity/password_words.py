"""Passwords made of words anybody would try here: the program's name, the marketplace's, what people sell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

CONTEXT_WORDS: Final = (
    "qaitar",
    "kaspi",
    "каспи",
    "wildberries",
    "ozon",
    "magazin",
    "магазин",
    "vozvrat",
    "возврат",
    "qaytar",
    "kazakhstan",
    "казахстан",
    "almaty",
    "алматы",
    "astana",
    "астана",
    "admin",
    "админ",
    "owner",
    "password",
    "пароль",
    "қупиясөз",
    "usedesk",
    "marketplace",
)
"""The list of docs/security.md (ASVS 6.1.2)."""
OTHER_CHARACTERS_MIN: Final = 6
_WORDS: Final = re.compile("|".join(CONTEXT_WORDS), re.IGNORECASE)


def other_characters(password: str) -> int:
    """Count the different letters and digits that are left when the words are taken out.

    >>> other_characters("Qaitar-2026"), other_characters("kaspi kaspi 123"), other_characters("correct horse")
    (3, 3, 7)
    """
    return len({each for each in _WORDS.sub("", password).casefold() if each.isalnum()})


class ContextWordsValidator:
    """Refuses a password that is little more than such words (a validator of `AUTH_PASSWORD_VALIDATORS`)."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:  # noqa: ARG002  Django's signature
        """Refuse it.

        Raises:
            ValidationError: without the words too little is left.
        """
        if _WORDS.search(password) and other_characters(password) < OTHER_CHARACTERS_MIN:
            raise ValidationError(
                _("Too easy to guess: it is made of words anybody would try here."),
                code="password_of_context_words",
            )

    def get_help_text(self) -> str:
        """Say the rule beside the field."""
        return _("Not just the name of the program, the marketplace or a city with a few digits.")
