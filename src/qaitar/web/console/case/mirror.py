"""Makes what a card says of the marketplace's cabinet: the section, the buyer's pictures, what could not be read.  No reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qaitar.returns.mirror.proofs import differs
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.mirror_records import PictureSeen, ReplacedValue, UnreadField
from qaitar.web.console.case.records import MirrorView
from qaitar.web.console.case.timeline import FIELDS, field_value
from qaitar.web.console.labels.unread import field_text, why_text
from qaitar.web.console.queue.row import section_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.web.console.case.offers import CaseContext

_SOURCES: Final = {
    "MANUAL": gettext_lazy("entered by hand"),
    "CABINET": gettext_lazy("read from the cabinet"),
    "API": gettext_lazy("through the API"),
    "FILE": gettext_lazy("from a file"),
}


def mirror_of(desk: CaseContext) -> MirrorView:
    """Set our stage beside the cabinet's section, with the pictures seen there and what of it could not be read."""
    request = desk.case.request
    stage = Stage(request.stage)
    apart = differs(stage, request.pending_press, request.section)
    return MirrorView(
        stage=stage,
        stage_at=request.stage_since,
        section=section_of(request),
        section_at=request.section_seen_at,
        source=request.status_text or str(_SOURCES.get(request.source, request.source)),
        differs=apart,
        explanation=_(
            "The cabinet shows another section than this stage means. It may lag, or somebody acted there; "
            "nothing is overwritten."
        )
        if apart
        else "",
        unread=unread_lines(request.mirror),
        pictures=tuple(_picture(each) for each in request.mirror.get("pictures", ())),
        replaced=replaced_values(request.mirror),
    )


def replaced_values(mirror: Mapping[str, Any]) -> tuple[ReplacedValue, ...]:
    """Say what the marketplace has replaced, oldest first: the reason in its words, amounts and quantities as numbers."""
    return tuple(
        ReplacedValue(
            field=str(FIELDS.get(each["name"], FIELDS["reason_text"])),
            before=each.get("before_text") or field_value(each["name"], each["before"]),
            after=each.get("after_text") or field_value(each["name"], each["after"]),
            seen_at=parse_datetime(each["seen_at"]),
        )
        for each in mirror.get("changes", ())
    )


def _picture(picture: Mapping[str, str]) -> PictureSeen:
    url = picture["url"]
    return PictureSeen(
        url=url if url.startswith("https://") else "",
        digest=picture["sha256"][:8],
        seen_at=parse_datetime(picture["seen_at"]),
    )


def unread_lines(mirror: Mapping[str, Any]) -> tuple[UnreadField, ...]:
    """Say which fields of the cabinet's last answer could not be read."""
    return tuple(
        UnreadField(field=field_text(name), came=came, why=why_text(why))
        for name, why, came in mirror.get("unread", ())
    )
