"""How a reading is laid over what is stored: nothing is erased, a file never outdoes the marketplace's own answer.  Pure.

All values are texts as in `readings`, '' meaning "not told".  Laying the same reading twice changes nothing the second
time, and so does laying a file and an answer of the marketplace by turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.orders.import_rows import FILE_LINE_MARK, LINE_AT, ORDER_AT, line_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qaitar.orders.import_rows import ImportRow

_EXTERNAL_ID: Final = ORDER_AT["external_id"]
_STATUS: Final = ORDER_AT["status"]
_CHANGED_ON: Final = ORDER_AT["status_changed_on"]
_OF_STATUS: Final = frozenset(
    ORDER_AT[name] for name in ("state", "status", "status_changed_on", "delivered_at")
) | {ORDER_AT["cancellation_reason"]}
# A status that ends an order, and what may still follow it without a later date.
_FINAL: Final[Mapping[str, frozenset[str]]] = {
    "COMPLETED": frozenset({"RETURNED"}),
    "CANCELLED": frozenset(),
    "RETURNED": frozenset(),
}
_LINE_STATUS: Final = LINE_AT["status"]
_LINE_CHANGED_ON: Final = LINE_AT["status_changed_on"]
_LINE_MONEY: Final = (LINE_AT["price_minor"], LINE_AT["total_minor"])
_MAIN_TENDERS: Final = frozenset({"CARD", "CREDIT", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is kept."""

    id: str
    key: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class StoredTender:
    """A way of paying as it is kept: kind, amount, term."""

    id: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class MergedLine:
    """A line after laying; `id` is None when it is new."""

    id: str | None
    key: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class MergedTenders:
    """Tenders that are new or changed, and ids of those another main tender has replaced."""

    written: tuple[tuple[str | None, list[str]], ...]
    gone: tuple[str, ...]


def filled_values(stored: Sequence[str], given: Sequence[str]) -> list[str]:
    """Fill the gaps of what is stored.

    >>> filled_values(["", "b"], ["x", "y"])
    ['x', 'b']
    """
    return [old or new for old, new in zip(stored, given, strict=True)]


def merged_values(stored: Sequence[str], given: Sequence[str]) -> list[str]:
    """Lay what is told over what is stored; what is not told stays.

    >>> merged_values(["a", "b"], ["x", ""])
    ['x', 'b']
    """
    return [new or old for old, new in zip(stored, given, strict=True)]


def takes_final_back(stored: tuple[str, str], given: tuple[str, str]) -> bool:
    """Tell whether a told status, with its day of change, would undo a stored one that is final, without a later day to show.

    >>> takes_final_back(("RETURNED", "2025-08-05"), ("COMPLETED", "2025-08-05"))
    True
    >>> takes_final_back(("RETURNED", "2025-08-05"), ("COMPLETED", "2025-08-06"))
    False
    >>> takes_final_back(("COMPLETED", ""), ("RETURNED", ""))
    False
    """
    (was, since), (status, changed_on) = stored, given
    if was not in _FINAL or status in {"", was} or status in _FINAL[was]:
        return False
    return not (since and changed_on and changed_on > since)


def only_fills(reading: ImportRow, stored: Sequence[str]) -> bool:
    """Tell whether a reading may fill gaps only.

    A file about an order the marketplace itself has told, an older file, or one that would take a final status back.
    """
    if not reading.from_file:
        return False
    given = reading.order
    given_on, known_on = given[_CHANGED_ON], stored[_CHANGED_ON]
    older = bool(given_on and known_on and given_on < known_on)
    back = takes_final_back((stored[_STATUS], known_on), (given[_STATUS], given_on))
    return older or back or bool(stored[_EXTERNAL_ID])


def order_merged(
    stored: Sequence[str], reading: ImportRow, seen_on: str, *, is_part: bool = False
) -> list[str]:
    """Lay an order's own fields; `seen_on` is the day (ISO) on which the stored row was last written.

    A file tells a new status of an order known from the marketplace only when the status changed after that day; otherwise
    the marketplace's answer was the later knowledge.  A day of change is kept only beside the status it belongs to.  A file that
    shows only a part of the order's lines (`is_part`) says nothing about the whole order's status.
    """
    given = list(reading.order)
    if is_part and stored[_STATUS]:
        for place in _OF_STATUS:
            given[place] = ""
    if not only_fills(reading, stored):
        result = merged_values(stored, given)
    else:
        result = filled_values(stored, given)
        if given[_CHANGED_ON] > max(seen_on, stored[_CHANGED_ON]):
            for place in _OF_STATUS:
                result[place] = given[place] or stored[place]
    same_as_stored = result[_STATUS] == stored[_STATUS]
    same_as_given = result[_STATUS] == given[_STATUS]
    if not same_as_stored:
        result[_CHANGED_ON] = given[_CHANGED_ON]
    elif not same_as_given:
        result[_CHANGED_ON] = stored[_CHANGED_ON]
    return result


def lines_merged(
    stored: Sequence[StoredLine], reading: ImportRow, *, fills: bool
) -> list[MergedLine]:
    """Lay the lines told over those stored, and return the new and the changed ones.

    Matched by the channel's id, then by offer code, then by name, then by place; matching without ids happens only where
    one of the two sides has none.  Where the marketplace has told its lines, a file adds none.
    """
    by_place = _matched(stored, reading)
    known = {line.id: line for line in stored}
    from_channel = any(FILE_LINE_MARK not in line.key for line in stored)
    result: list[MergedLine] = []
    keys = line_keys(reading)
    is_part = shows_part(stored, reading)
    for place, texts in enumerate(reading.lines):
        match = known.get(by_place.get(place, ""))
        given_id = reading.line_ids[place]
        if match is None:
            if given_id or not from_channel:
                result.append(MergedLine(None, keys[place], texts))
            continue
        keep = fills or (FILE_LINE_MARK not in match.key and not given_id)
        if is_part:
            texts = _without_money(texts)  # noqa: PLW2901  the sum of a part is the whole order's
        merged = filled_values(match.texts, texts) if keep else merged_values(match.texts, texts)
        _set_line_status(merged, match.texts, texts)
        key = keys[place] if given_id else match.key
        if merged != match.texts or key != match.key:
            result.append(MergedLine(match.id, key, merged))
    return result


def shows_part(stored: Sequence[StoredLine], reading: ImportRow) -> bool:
    """Tell whether a file shows fewer lines than other files have told of this order."""
    if not reading.from_file or any(FILE_LINE_MARK not in line.key for line in stored):
        return False
    return 0 < len(reading.line_rows) < len(stored)


def sums_in_doubt(
    stored: Sequence[StoredLine], given: Sequence[MergedLine], total: str
) -> list[MergedLine]:
    """Give the lines to write, without sums that cannot be right.

    Sums cannot be right when together they are more than the order's `total`, or leave nothing for lines whose sum is not known:
    so it is when a file told one line, with the order's whole sum, and a later file more lines.  Where the marketplace itself has
    told lines, all keep their sums.
    """
    known = {line.id: line for line in stored}
    fresh = [line for line in given if line.id is None]
    after = {line.id: MergedLine(line.id, line.key, line.texts) for line in stored}
    after |= {line.id: line for line in given if line.id is not None}
    whole = [*after.values(), *fresh]
    if not total or any(FILE_LINE_MARK not in line.key for line in whole):
        return list(given)
    sums = [line.texts[LINE_AT["total_minor"]] for line in whole]
    left = int(total) - sum(int(each or 0) for each in sums)
    if left > 0 or (left == 0 and all(sums)):
        return list(given)
    bare = [MergedLine(line.id, line.key, _without_money(line.texts)) for line in whole]
    return [
        line
        for line in bare
        if line.id is None or (line.key, line.texts) != (known[line.id].key, known[line.id].texts)
    ]


def _without_money(texts: Sequence[str]) -> list[str]:
    return ["" if place in _LINE_MONEY else text for place, text in enumerate(texts)]


def _set_line_status(merged: list[str], stored: Sequence[str], given: Sequence[str]) -> None:
    """Keep a line's status with its day: the later one, and never back from a final one without a later day."""
    was = stored[_LINE_STATUS], stored[_LINE_CHANGED_ON]
    now = given[_LINE_STATUS], given[_LINE_CHANGED_ON]
    older = bool(was[1] and now[1] and now[1] < was[1])
    result = was if not now[0] or older or takes_final_back(was, now) else now
    if result[0] == was[0] and not result[1]:
        result = was
    merged[_LINE_STATUS], merged[_LINE_CHANGED_ON] = result


def _matched(stored: Sequence[StoredLine], reading: ImportRow) -> dict[int, str]:
    """Pair places of told lines with ids of stored ones, each used once."""
    pairs: dict[int, str] = {}
    free = list(stored)
    waiting = list(range(len(reading.lines)))

    def pair(fits: Callable[[int, StoredLine], bool]) -> None:
        for place in list(waiting):
            found = next((line for line in free if fits(place, line)), None)
            if found is not None:
                pairs[place] = found.id
                free.remove(found)
                waiting.remove(place)

    def without_ids(place: int, line: StoredLine) -> bool:
        return not reading.line_ids[place] or FILE_LINE_MARK in line.key

    def same(name: str) -> Callable[[int, StoredLine], bool]:
        at = LINE_AT[name]

        def fits(place: int, line: StoredLine) -> bool:
            given = reading.lines[place][at]
            return without_ids(place, line) and bool(given) and given == line.texts[at]

        return fits

    keys = line_keys(reading)
    pair(lambda place, line: line.key == keys[place])
    pair(same("offer_code"))
    pair(same("name"))
    pair(without_ids)
    return pairs


def tenders_merged(
    stored: Sequence[StoredTender], reading: ImportRow, *, fills: bool
) -> MergedTenders:
    """Lay the ways of paying by kind.  Another main way (card, credit, not known) replaces the one stored; bonuses stay.

    A reading that only fills gaps leaves the stored way alone unless it is of the same kind.
    """
    by_kind = {tender.texts[0]: tender for tender in stored}
    known_main = _MAIN_TENDERS & by_kind.keys()
    written: list[tuple[str | None, list[str]]] = []
    given_main: set[str] = set()
    for texts in reading.tenders:
        kind, match = texts[0], by_kind.get(texts[0])
        if match is None:
            if fills and kind in _MAIN_TENDERS and known_main:
                continue
            written.append((None, texts))
        else:
            merged = (
                filled_values(match.texts, texts) if fills else merged_values(match.texts, texts)
            )
            if merged != match.texts:
                written.append((match.id, merged))
        given_main |= {kind} & _MAIN_TENDERS
    gone = (
        ()
        if fills or not given_main
        else tuple(by_kind[kind].id for kind in sorted(known_main - given_main))
    )
    return MergedTenders(tuple(written), gone)
