"""Names what of an answer could not be read and why: a changed cabinet is then seen where its data is looked at, not guessed.

A value of another type that still reads as what it should be (a number where a text stood) is read, so it is not named.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from qaitar.connectors.kaspi_cabinet import facts, wire
from qaitar.connectors.kaspi_cabinet.moments import moment
from qaitar.contracts.marketplace import Unread
from qaitar.transport import lenient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CAME_MAX: Final = 80
ITEM_FROM: Final = 6  # so many known names make it a list's item, whose other names are then missed
DETAIL_FROM: Final = 5
_DATES: Final = frozenset({"plannedDate", "createdDate", "orderCompletionDate", "expirationTime"})
_TABS: Final = frozenset({"tab", "refundTab"})
_LISTS: Final = frozenset({"stateSteps", "imageUrls", "actions"})
_TEXT_OR_RECORD: Final = {
    "order": "code",
    "address": "formattedAddress",
    "orderAddress": "formattedAddress",
}
_STEP: Final = frozenset({"title", "stepType", "stage", "stepStatus"})
_REASON: Final = frozenset({"reason", "reasonDescription"})
_COUNT: Final = frozenset({"tab", "tabTitle", "total"})


def unread_in(raw: Mapping[str, Any], parsed: wire.Refund) -> tuple[Unread, ...]:
    """Name the fields of a list item or a detail that could not be read, or did not come though they always do.

    >>> raw = {"applicationNumber": "700000001-1", "plannedDate": "soon", "sum": [], "quantity": 1}
    >>> [(one.name, one.why, one.came) for one in unread_in(raw, wire.Refund.model_validate(raw))]
    [('plannedDate', 'not_a_date', 'soon'), ('sum', 'unread', '[]')]
    """
    always, filled = _expected(raw)
    if facts.CLOSED in {parsed.tab, parsed.refundTab}:
        filled -= {"plannedDate"}
    return (
        *_fields(raw, parsed, always, filled),
        *_inside_reason(raw.get("refundReason"), parsed.refundReason, "refundReason" in always),
        *_inside_steps(raw.get("stateSteps")),
        *_inside_images(raw.get("imageUrls")),
    )


def is_detail(raw: Mapping[str, Any]) -> bool:
    """Tell a detail from a list item by the names only a detail has.

    >>> is_detail({"applicationNumber": "700000001-1", "tab": "NEW", "sum": 1})
    False
    """
    return len(facts.DETAIL_ONLY & raw.keys()) >= DETAIL_FROM


def _expected(raw: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Give the names that always come in an answer of this shape, and those of them that are never empty."""
    if is_detail(raw):
        return facts.DETAIL_FIELDS, facts.DETAIL_FILLED
    if len(facts.ITEM_FIELDS & raw.keys()) >= ITEM_FROM:
        return facts.ITEM_FIELDS, facts.ITEM_FILLED
    return frozenset(), frozenset()


def counts_unread(items: Sequence[object]) -> tuple[Unread, ...]:
    """Name what of the counts could not be read, each by its place in the answer.

    >>> [one.name for one in counts_unread([{"tab": "NEW", "tabTitle": "Новые", "total": 3}, {"tab": "DISPUTE"}, 5])]
    ['[1].tabTitle', '[1].total', '[2]']
    """
    found: list[Unread] = []
    for place, item in enumerate(items):
        if isinstance(item, dict):
            parsed = wire.Count.model_validate(item)
            found += _fields(item, parsed, _COUNT, _COUNT, f"[{place}].")
            if parsed.total is not None and parsed.total < 0:
                found.append(Unread(f"[{place}].total", "unread", came_of(item["total"])))
        else:
            found.append(Unread(f"[{place}]", "unread", came_of(item)))
    return tuple(found)


def came_of(value: object) -> str:
    """Write what came, short enough to be shown.

    >>> came_of("soon"), came_of(None), came_of({"a": [1]})
    ('soon', 'null', '{"a": [1]}')
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= CAME_MAX else f"{text[: CAME_MAX - 1]}…"


def _fields(
    raw: Mapping[str, Any],
    parsed: wire.CabinetWire,
    always: frozenset[str],
    filled: frozenset[str],
    before: str = "",
) -> Iterator[Unread]:
    for name in type(parsed).model_fields:
        if name not in raw:
            why = "missing" if name in always else ""
        elif raw[name] is None or raw[name] == "":
            why = "empty" if name in filled else ""
        else:
            why = _why(name, raw[name], getattr(parsed, name))
        if why:
            yield Unread(before + name, why, came_of(raw[name]) if name in raw else "")


def _why(name: str, value: object, read: object) -> str:
    """Say why a value that came is not read; empty where it is."""
    if name in _TEXT_OR_RECORD:
        inner = value.get(_TEXT_OR_RECORD[name]) if isinstance(value, dict) else value
        return "" if lenient.text(inner) is not None else "unread"
    if read is None or (name in _LISTS and not isinstance(value, list)):
        return "unread"
    if name in _DATES and moment(str(read)) is None:
        return "not_a_date"
    return "unknown_section" if name in _TABS and read not in facts.SECTIONS else ""


def _inside_reason(
    value: object,
    parsed: wire.Reason | None,
    always: bool,  # noqa: FBT001  a private step
) -> Iterator[Unread]:
    if isinstance(value, dict) and parsed is not None:
        wanted = _REASON if always else frozenset()
        yield from _fields(value, parsed, wanted, wanted, "refundReason.")


def _inside_steps(value: object) -> Iterator[Unread]:
    for place, step in enumerate(value if isinstance(value, list) else ()):
        here = f"stateSteps[{place}]"
        if isinstance(step, dict):
            yield from _fields(step, wire.StepWire.model_validate(step), _STEP, _STEP, f"{here}.")
        else:
            yield Unread(here, "unread", came_of(step))


def _inside_images(value: object) -> Iterator[Unread]:
    for place, url in enumerate(value if isinstance(value, list) else ()):
        if lenient.text(url) is None:
            yield Unread(f"imageUrls[{place}]", "unread", came_of(url))
