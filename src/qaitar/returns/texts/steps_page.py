"""Writes `docs/guide/why.md`: every step of the procedure with what it says and why, from the words the console shows.

`python -m qaitar.returns.texts.steps_page > docs/guide/why.md` renews it; a test fails while it is stale.
"""

from __future__ import annotations

import os
import sys

import django
from django.utils import translation

from qaitar.returns.rules.procedure import PROCEDURE
from qaitar.returns.texts.step_words import STEP_WORDS
from qaitar.returns.texts.words import word_for

_HEAD = """# Почему так: каждый шаг процедуры

**Поможет:** понять, что говорит регламент на каждом шаге и зачем. Те же слова — рядом с кнопками в карточке. Страница собрана из программы; не правьте её вручную.
"""


def page() -> str:
    """Return the page in the language of the guide, Russian."""
    with translation.override("ru"):
        return "\n".join([_HEAD, *(_section(number) for number in STEP_WORDS)])


def _section(number: str) -> str:
    words = STEP_WORDS[number]
    acts = dict.fromkeys(step.act for step in PROCEDURE if step.number == number)
    buttons = ", ".join(f"**{word_for(act)}**" for act in acts)
    return f"## Шаг {number}\n\n{buttons}. {words.says} *Почему:* {words.why}\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qaitar.config.settings")
    django.setup()
    sys.stdout.write(page())
