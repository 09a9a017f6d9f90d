"""Turns codes, sums, times and phones into what a person reads.  Formatting only, no decisions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from qaitar.foundation.identity.people import nobody_yet
from qaitar.kernel.money import Currency, format_minor
from qaitar.kernel.phones import mask_phone
from qaitar.returns.texts.step_words import STEP_WORDS
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, Stage
from qaitar.web.console.case.records import (
    SOON_SECONDS,
    URGENT_SECONDS,
    Countdown,
    OfferView,
    Progress,
    Tone,
)
from qaitar.web.console.handbook.book import chapter_url, step_anchor
from qaitar.web.console.labels.days import written
from qaitar.web.console.labels.terms import TERMS

register = template.Library()

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_KIB: Final = 1024
_URGENCY_ICONS: Final = {"late": "warning", "urgent": "alarm", "soon": "clock", "calm": "clock"}
_TONE_ICONS: Final = {
    Tone.NEUTRAL: "dot",
    Tone.INFO: "info",
    Tone.OK: "check",
    Tone.WARN: "warning",
    Tone.DANGER: "x",
}
_STAGE_TONES: Final = {
    Stage.NEW: "info",
    Stage.WAITING_APPROVAL: "warn",
    Stage.REFUND_GRANTED: "ok",
    Stage.DISPUTED: "dispute",
}
_STAGE_ICONS: Final = {
    Stage.NEW: "inbox",
    Stage.WAITING_CUSTOMER: "phone",
    Stage.WAITING_APPROVAL: "stamp",
    Stage.IN_DELIVERY: "truck",
    Stage.ARRIVED: "box",
    Stage.REFUND_GRANTED: "check",
    Stage.REFUSED: "x",
    Stage.DISPUTED: "scale",
    Stage.CLOSED: "lock",
}
_ACT_ICONS: Final = {
    Act.ASK_CUSTOMER: "phone",
    Act.SEND_FOR_APPROVAL: "stamp",
    Act.APPROVE: "check",
    Act.DECLINE: "x",
    Act.TAKE_FOR_INSPECTION: "truck",
    Act.REFUSE: "x",
    Act.NOTE_ARRIVAL: "box",
    Act.GRANT_REFUND: "check",
    Act.SEND_DISPUTE_EVIDENCE: "scale",
    Act.ASK_TO_REOPEN: "repeat",
}
_PROGRESS: Final = {
    Progress.PLANNED: (Tone.NEUTRAL, "circle"),
    Progress.RUNNING: (Tone.INFO, "refresh"),
    Progress.DONE: (Tone.OK, "check"),
    Progress.FAILED: (Tone.DANGER, "warning"),
    Progress.PERSON: (Tone.WARN, "user"),
}


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of the sprite; without a label it is hidden from screen readers."""
    href = f"{static('console/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.filter
def word(code: StrEnum) -> str:
    """Say a code of the procedure in the reader's language."""
    return _word(type(code), code, get_language())


# Pieces of a list line are drawn once a language: a page of forty lines would look the same words up four hundred times.
# Codes of two kinds may be equal as texts (a stage NEW, a section NEW), so the kind is a part of the key.
@lru_cache(maxsize=1024)
def _word(kind: type[StrEnum], code: StrEnum, language: str | None) -> str:  # noqa: ARG001  the key
    return str(word_for(code))


@register.filter
def stage_chip(stage: Stage) -> SafeString:
    """Show a stage as a chip with its icon and word."""
    return _stage_chip(stage, get_language())


@lru_cache(maxsize=64)
def _stage_chip(stage: Stage, language: str | None) -> SafeString:  # noqa: ARG001  the key
    return format_html(
        '<span class="chip" data-tone="{}">{}{}</span>',
        stage_tone(stage),
        icon(stage_icon(stage)),
        word(stage),
    )


@register.filter
def next_step(act: Act) -> SafeString:
    """Show the act a line of a list leads to."""
    return _next_step(act, get_language())


@lru_cache(maxsize=128)
def _next_step(act: Act, language: str | None) -> SafeString:  # noqa: ARG001  the key
    return format_html('<span class="row">{}{}</span>', icon("right"), word(act))


@register.filter
def stage_tone(stage: Stage) -> str:
    """Tell how loud a stage is in a list; most are quiet so that the loud ones show."""
    return _STAGE_TONES.get(stage, "neutral")


@register.filter
def stage_icon(stage: Stage) -> str:
    """Name the icon of a stage."""
    return _STAGE_ICONS[stage]


@register.filter
def act_icon(act: Act) -> str:
    """Name the icon of an act; notes of what happened elsewhere share one."""
    return _ACT_ICONS.get(act, "note")


@register.filter
def tone_icon(tone: Tone) -> str:
    """Name the icon that carries a tone besides its colour."""
    return _TONE_ICONS[tone]


@register.filter
def progress_tone(progress: Progress) -> Tone:
    """Tell how loud a state of an outside action is."""
    return _PROGRESS[progress][0]


@register.filter
def progress_icon(progress: Progress) -> str:
    """Name the icon of a state of an outside action."""
    return _PROGRESS[progress][1]


@register.filter
def progress_word(progress: Progress) -> str:
    """Say in a word how far an outside action has come."""
    words = {
        Progress.PLANNED: pgettext("progress", "planned"),
        Progress.RUNNING: pgettext("progress", "on its way"),
        Progress.DONE: pgettext("progress", "done"),
        Progress.FAILED: pgettext("progress", "failed"),
        Progress.PERSON: pgettext("progress", "waits for you"),
    }
    return words[progress]


@register.filter
def day(value: date | None, shape: str) -> str:
    """Write a day: `j M`, `j M Y`."""
    return written(value, shape)


@register.filter
def money(minor: int | None, currency: str = "KZT") -> str:
    """Show minor units as a sum with its sign, never breaking the line; None as what it is: not known.

    >>> money(1234550).replace(chr(0x202F), " ").replace(chr(0xA0), " ")
    '12 345,50 ₸'
    """
    if minor is None:
        return pgettext("mark", "not known")
    return format_minor(minor, Currency(currency))


@register.filter
def phone_mask(phone: str) -> str:
    """Show enough of a phone to recognise it and not enough to call it.

    >>> phone_mask("+77012345678")
    '+7 7•• ••• •• 78'
    >>> phone_mask("")
    ''
    """
    return mask_phone(phone)


@register.filter
def phone_spaced(phone: str) -> str:
    """Group the digits of a Kazakh or Russian phone; any other stays as it is.

    >>> phone_spaced("+77012345678"), phone_spaced("+49301234")
    ('+7 701 234 56 78', '+49301234')
    """
    if not (phone.startswith("+7") and len(phone) == len("+77012345678")):
        return phone
    return f"+7 {phone[2:5]} {phone[5:8]} {phone[8:10]} {phone[10:]}"


@register.filter
def file_size(size_bytes: int) -> str:
    """Show a file's size in kilobytes or megabytes."""
    if size_bytes < _KIB * _KIB:
        return _("%(size)d kB") % {"size": max(1, round(size_bytes / _KIB))}
    size = formats.number_format(size_bytes / _KIB / _KIB, decimal_pos=1)
    return _("%(size)s MB") % {"size": size}


@register.filter
def span_text(seconds: int) -> str:
    """Say a length of time in its two largest units; the browser's countdown says the same."""
    left = abs(seconds)
    days, hours, minutes = left // _DAY, left % _DAY // _HOUR, left % _HOUR // _MINUTE
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)s min") % {"minutes": minutes}


@register.filter
def left_text(countdown: Countdown) -> str:
    """Say how much time is left, or how late it is."""
    seconds = countdown.seconds_left
    if seconds < 0:
        return _("late by %(span)s") % {"span": span_text(seconds)}
    return span_text(seconds)


@register.simple_tag
def countdown(value: Countdown | None, *, big: bool = False) -> SafeString:
    """Show the time left as a chip with icon and words; `big` adds the exact time.  Drawn without a template: lists are full of it."""
    if value is None:
        return format_html(
            '<span class="due" data-urgency="none">{}<span class="due__text">{}</span></span>',
            icon("check"),
            _("no date"),
        )
    until = (
        format_html('<span class="due__when">{} {}</span>', _("until"), moment(value.due))
        if big
        else ""
    )
    urgency = value.urgency
    return format_html(
        '<span class="due{}" data-urgency="{}" data-due="{}">{}<span class="due__text"><span class="sr">{} </span>'
        "<span data-due-text>{}</span></span>{}</span>",
        " due--big" if big else "",
        urgency,
        value.due.isoformat(timespec="seconds"),
        icon(_URGENCY_ICONS[urgency]),
        _("Time left:"),
        left_text(value),
        until,
    )


@register.simple_tag
def countdown_limit(name: str) -> int:
    """Give the browser the second limits the server colours by: `urgent` or `soon`."""
    return {"urgent": URGENT_SECONDS, "soon": SOON_SECONDS}[name]


@register.simple_tag
def moment(at: datetime | None, shape: str = "short") -> SafeString | str:
    """Show a time in the reader's zone: `short` day and time, `day` only, or `full` with the year."""
    if at is None:
        return "—"
    local = timezone.localtime(at)
    shapes = {"short": "j M, H:i", "day": "j M", "full": "j M Y, H:i", "time": "H:i"}
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="minutes"),
        formats.date_format(local, "j E Y, H:i:s"),
        written(local, shapes[shape]),
    )


@register.inclusion_tag("console/frame/partials/step_words.html")
def step_words(number: str, place: str) -> dict[str, object]:
    """Explain a step of the procedure: its number opens what the step says and why; `place` makes ids unique on a page."""
    return {
        "number": number,
        "words": STEP_WORDS.get(number),
        "id": f"step-{place}",
        "url": chapter_url("why", step_anchor(number)),
    }


@register.inclusion_tag("console/frame/partials/term.html")
def term(key: str, word: str = "") -> dict[str, object]:
    """Show a word of the trade, or the page's own word for it, that explains itself when pressed."""
    known = TERMS[key]
    return {
        "term": known,
        "word": word or known.word,
        "id": f"term-{key}",
        "url": chapter_url(known.chapter),
    }


@register.simple_tag
def guide_link(chapter: str) -> str:
    """Give the address of a page of the guide."""
    return chapter_url(chapter)


@register.simple_tag
def nobody_here() -> bool:
    """Tell the sign-in page that nobody can sign in yet."""
    return nobody_yet()


@register.filter
def noted_count(offers: tuple[OfferView, ...]) -> int:
    """Count the acts that are only noted by hand.

    >>> noted_count(())
    0
    """
    return sum(offer.by_hand for offer in offers)


@register.filter
def noted_acts(offers: tuple[OfferView, ...]) -> frozenset[str]:
    """Name the acts that are only noted by hand."""
    return frozenset(offer.act.value for offer in offers if offer.by_hand)


_LANGUAGES: Final = {"ru": "Русский", "kk": "Қазақша", "en": "English"}


@register.filter
def language_name_of(code: str) -> str:
    """Say a language in its own name; an unknown code stands itself.

    >>> language_name_of("kk")
    'Қазақша'
    """
    return _LANGUAGES.get(code, code)
