"""Says the report of a reading of the cabinet in the reader's language: what of it went elsewhere, what it lacks, what was not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qaitar.contracts.marketplace import Section
from qaitar.flows.cabinet_report import OTHER_SHOP, SHOP_UNCLEAR
from qaitar.returns.texts.words import word_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise

LEFT_OUT: Final[Mapping[str, Promise]] = {
    "other_answers": gettext_lazy("answers of other pages"),
    "preflights": gettext_lazy("preliminary questions of the browser"),
    "pictures": gettext_lazy("pictures (their digests are stored)"),
    "pages": gettext_lazy("pages instead of data"),
    "header_lines": gettext_lazy("headers and cookies"),
    "not_json": gettext_lazy("bytes that are no answer of the cabinet"),
}


def report_notes(report: Mapping[str, Any]) -> tuple[str, ...]:
    """List what has to be known beside the counts of a report, in sentences."""
    notes = []
    if report.get("taken_as_now"):
        notes.append(
            _("The file does not say when the cabinet showed this; it is taken as seen now.")
        )
    if older := report.get("older", 0):
        notes.append(
            _(
                "Requests left as they are, because a later look at them is known already: %(count)d."
            )
            % {"count": older}
        )
    notes += [
        _shop_note(each, report) for each in report.get("shops", ()) if _is_other(each, report)
    ]
    if lists := [list_sentence(each) for each in report.get("lists", ())]:
        notes.append(_("This file does not hold the whole lists:") + " " + " ".join(lists))
    if left_out := report.get("left_out"):
        parts = [
            f"{text} – {left_out[kind]}" for kind, text in LEFT_OUT.items() if kind in left_out
        ]
        notes.append(_("Not stored: %(parts)s.") % {"parts": ", ".join(parts)})
    return tuple(notes)


def list_sentence(entry: Mapping[str, Any]) -> str:
    """Say of a list how many requests the marketplace counts and how many came; a section never seen by its own name."""
    section = entry["section"]
    name = str(word_for(Section(section))) if section in set(Section) else section
    return _("%(section)s: %(expected)d expected, %(read)d read.") % {
        "section": name, "expected": entry["expected"], "read": entry["read"],
    }  # fmt: skip


def _is_other(shop: Mapping[str, Any], report: Mapping[str, Any]) -> bool:
    return bool(shop["store"] != report["store"]["name"])


def _shop_note(shop: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    params = {**shop, "own": report["store"]["number"], "chosen": report["store"]["name"]}
    if shop["store"]:
        return (
            _("Requests of shop %(number)s went to the store “%(store)s”: %(requests)d.") % params
        )
    return shop_refused(shop["number"], report)


def shop_refused(number: str, report: Mapping[str, Any]) -> str:
    """Say why requests of a shop were not taken, with both numbers."""
    own, chosen = report["store"]["number"], report["store"]["name"]
    if not own:
        return _(
            "The file holds several shops, %(number)s among them, and the store “%(chosen)s” has no shop number: enter it in "
            "the store's settings and send the file again."
        ) % {"number": number, "chosen": chosen}
    return _(
        "Shop %(number)s is none of your stores; the store “%(chosen)s” is shop %(own)s. These requests were not taken."
    ) % {"number": number, "chosen": chosen, "own": own}


def rejection_sentence(entry: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Say why one request was refused where the reason is its shop; empty for other reasons."""
    is_shop = entry["code"] in {OTHER_SHOP, SHOP_UNCLEAR}
    return shop_refused(str(entry.get("shop", "")), report) if is_shop else ""


def too_large(limit_bytes: int) -> str:
    """Say that a recording is too large, and what to do."""
    return _(
        "The recording is larger than %(limit)d MB. In the browser's network panel press “Clear”, open only the pages of the "
        "returns and save the recording again; or let the companion read the cabinet."
    ) % {"limit": limit_bytes >> 20}
