"""The living page of the design: every token and component with sample content, drawn by the templates the pages use."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.records import Tone
from qaitar.web.console.design import samples
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

_STATIC: Final = Path(__file__).parents[1] / "static" / "console"
_GROUNDS: Final = ("bg", "side", "surface", "sunken", "hover", "accent", "accent-soft", "danger")
_TEXTS: Final = ("t-xxl", "t-xl", "t-l", "t-m", "t-s", "t-xs")
_SPACES: Final = ("s1", "s2", "s3", "s4", "s5", "s6", "s7")
_MOTIONS: Final = ("quick", "calm")


@require_GET
@screen(MANAGERS)
def design(visit: PageRequest) -> HttpResponse:
    """Show the design to those who look after the installation."""
    return render(visit.request, "console/design/design.html", design_context(visit.now))


def design_context(now: datetime) -> dict[str, Any]:
    """Give the page's samples; nothing in it is read from the database."""
    return {
        "case": samples.case_card(now),
        "proof": samples.proof(now),
        "verdict_warn": samples.VERDICT_WARN,
        "notice": samples.NOTICE,
        "told": replace(samples.NOTICE, undo_url="#", undo="", url="#", link=_("back to it")),
        "tones": [*Tone, "dispute"],
        "stages": list(Stage),
        "icons": icon_names(),
        "countdowns": [samples.countdown_in(minutes, now) for minutes in (-95, 48, 640, 4300)],
        "uploads": samples.UPLOADS,
        "empty": samples.empty_queue().empty,
        "error_text": _("The database did not answer in time."),
        "grounds": _GROUNDS,
        "texts": [(name, token_values()[name]) for name in _TEXTS],
        "spaces": [(name, token_values()[name]) for name in _SPACES],
        "motions": [(name, token_values()[name]) for name in _MOTIONS],
    }


@cache
def icon_names() -> tuple[str, ...]:
    """Name the icons of the sprite."""
    return tuple(re.findall(r'<symbol id="([a-z-]+)"', (_STATIC / "icons.svg").read_text()))


@cache
def token_values() -> dict[str, str]:
    """Read every token with its value, as the style sheet gives it.

    >>> token_values()["s4"]
    '1rem'
    """
    sheet = (_STATIC / "css" / "tokens.css").read_text()
    root = sheet[: sheet.index("}")]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", root))
