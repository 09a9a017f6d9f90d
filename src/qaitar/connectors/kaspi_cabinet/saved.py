"""Reads what a person saved from the cabinet: any answer of the refunds service, an array of them, or a browser's HAR archive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from qaitar.connectors.kaspi_cabinet import facts, translate
from qaitar.connectors.kaspi_cabinet.pictures import with_digests
from qaitar.connectors.kaspi_cabinet.recording import (
    READABLE,
    RecordedAnswer,
    Recording,
    logs_in,
    recording_of,
)
from qaitar.connectors.kaspi_cabinet.unread import came_of
from qaitar.contracts.marketplace import (
    ListSeen,
    ReturnReading,
    RowRejected,
    SavedAnswers,
    SectionCounts,
    return_overlay,
)
from qaitar.transport.lenient import Unreadable, load, records, text, whole

COUNT_FIELDS_MAX = 6
NOT_MODIFIED = 304
_IMAGES_OF = re.compile(r"/refund/([0-9A-Za-z]{1,64})/images/")
_SHAPES = "Neither counts, nor a list, nor a detail of return requests."
_NO_ANSWERS = "The recording holds no answer of the cabinet's return requests."


@dataclass(slots=True)
class _Pile:
    """What was found so far, in the order met; `answer` is the recorded answer being read."""

    readings: dict[tuple[str, str], ReturnReading] = field(default_factory=dict)
    problems: list[RowRejected] = field(default_factory=list)
    counts: dict[str, SectionCounts] = field(default_factory=dict)
    images: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: dict[tuple[str, str], _ListPages] = field(default_factory=dict)
    newest: SectionCounts | None = None
    met: int = 0
    answer: RecordedAnswer | None = None

    def problem(self, code: str, reason: str, raw: dict[str, Any] | None = None) -> None:
        row = self.answer.row if self.answer else self.met
        self.problems.append(RowRejected(row_number=row, reason_code=code, reason=reason, raw=raw))

    def take(self, raw: dict[str, Any], tab: str | None) -> None:
        self.met += 1
        row = self.answer.row if self.answer else self.met
        read = translate.reading_from(raw, position=row, tab=tab)
        if isinstance(read, RowRejected):
            self.problems.append(read)
            return
        if self.answer is not None:
            read = replace(read, seen_at=self.answer.seen_at, shop=self.answer.shop)
        key = (read.shop, read.number)
        known = self.readings.get(key)
        self.readings[key] = return_overlay(known, read) if known else read

    def count(self, counts: SectionCounts) -> None:
        shop = self.answer.shop if self.answer else ""
        self.newest = replace(counts, shop=shop)
        self.counts[shop] = self.newest


@dataclass(slots=True)
class _ListPages:
    """What came of one section's list: its newest total that could be read, and the requests of each page's newest look."""

    total: int | None = None
    pages: dict[str, set[str]] = field(default_factory=dict)

    @property
    def came(self) -> set[str]:
        """Give the different requests that came."""
        return set().union(*self.pages.values())


def read_saved(body: bytes) -> SavedAnswers:
    """Read all a saved body holds; whatever the bytes, it answers and never raises.

    Answers of a recording are read in the order they were given.  Several looks at one request come out as one reading, the later
    laid over the earlier.  Problem codes: `too_big`, `not_json`, `doubled_field` (the last value was taken), `unknown_shape`,
    `no_number`, `no_answers`, `har_body`, `har_status`, `har_not_modified`, `list_total`.
    """
    pile = _Pile()
    recording = _read(body, pile)
    with_images = [
        replace(reading, image_urls=pile.images[reading.refund_id])
        if not reading.image_urls and reading.refund_id in pile.images
        else reading
        for reading in pile.readings.values()
    ]
    readings = with_digests(with_images, recording.pictures if recording else {})
    return SavedAnswers(
        readings=readings,
        problems=tuple(pile.problems),
        counts=pile.newest,
        counts_by_shop=pile.counts,
        lists=tuple(_lists_not_whole(pile)),
        handed_at=recording.handed_at if recording else None,
        has_times=recording is not None and recording.has_times,
    )


def _read(body: bytes, pile: _Pile) -> Recording | None:
    """Read a body into the pile; gives the recording if it is one."""
    if len(body) > facts.FILE_BYTES_MAX:
        pile.problem("too_big", f"More than {facts.FILE_BYTES_MAX >> 20} MB.")
        return None
    value = _loaded(body, pile, "not_json")
    logs = logs_in(value)
    if not logs:
        if value is not None:
            _take(value, pile, None, facts.DEPTH_MAX)
        return None
    recording = recording_of(logs)
    for answer in recording.answers:
        pile.answer = answer
        _take_answer(answer, pile)
    pile.answer = None
    if not recording.answers and not recording.pictures:
        pile.problem("no_answers", _NO_ANSWERS)
    return recording


def _lists_not_whole(pile: _Pile) -> list[ListSeen]:
    """Compare what came of each list with the counts of the same body, or with the list's own total."""
    found = []
    for shop in dict.fromkeys(shop for shop, _tab in pile.lists):
        counted = _counted(pile.counts.get(shop))
        read = {tab: pages for (whose, tab), pages in pile.lists.items() if whose == shop}
        for tab in dict.fromkeys([*read, *counted]):
            pages = read.get(tab, _ListPages())
            expected = counted.get(tab, pages.total)
            if expected is not None and len(pages.came) < expected:
                found.append(
                    ListSeen(
                        tab=tab,
                        section=facts.SECTIONS.get(tab),
                        expected=expected,
                        came=len(pages.came),
                        shop=shop,
                    )
                )
    return found


def _counted(counts: SectionCounts | None) -> dict[str, int]:
    """Give the counts by the marketplace's own names of the sections."""
    if counts is None:
        return {}
    return {facts.TABS[each]: total for each, total in counts.totals.items()} | dict(counts.unknown)


def _loaded(body: bytes, pile: _Pile, code: str, about: str = "") -> Any:
    doubled: list[str] = []
    try:
        value = load(body, doubled=doubled)
    except Unreadable as error:
        pile.problem(code, f"The text is {error}: «{about}»." if about else f"The text is {error}.")
        return None
    if doubled:
        names = ", ".join(sorted(set(doubled)))[:200]
        pile.problem("doubled_field", f"Given twice, the last was taken: «{names}».")
    if value is None:
        pile.problem("unknown_shape", _SHAPES)
    return value


def _take(value: Any, pile: _Pile, tab: str | None, depth: int) -> None:
    """Recognise an answer by its shape; arrays may hold answers, `data` may wrap one."""
    if depth == 0 or not isinstance(value, list | dict):
        pile.problem("unknown_shape", _SHAPES)
    elif isinstance(value, list):
        _take_list(value, pile, tab, depth)
    elif _names_itself(value):
        pile.take(value, tab)
    elif isinstance(value.get("data"), list | dict):
        _take(value["data"], pile, tab, depth - 1)
    else:
        pile.problem("unknown_shape", _SHAPES, value)


def _take_list(items: list[Any], pile: _Pile, tab: str | None, depth: int) -> None:
    if _are_counts(items):
        pile.count(translate.counts_from(items))
        return
    for item in items:
        if item == []:  # where a request should stand; a whole answer may well be empty
            pile.problem("unknown_shape", _SHAPES)
        else:
            _take(item, pile, tab, depth - 1)


def _are_counts(items: list[Any]) -> bool:
    """One count that reads as such is enough where nothing beside it could be a request."""
    return any(map(_is_count, items)) and not any(
        isinstance(item, dict) and (_names_itself(item) or len(item) > COUNT_FIELDS_MAX)
        for item in items
    )


def _is_count(item: object) -> bool:
    """A count has a tab, a total and little more; a request's detail has both too, among some forty names."""
    if not isinstance(item, dict) or len(item) > COUNT_FIELDS_MAX:
        return False
    return {"tab", "total"} <= item.keys() and not _names_itself(item)


def _names_itself(item: dict[str, Any]) -> bool:
    return "applicationNumber" in item or "refundId" in item


def _take_answer(answer: RecordedAnswer, pile: _Pile) -> None:
    """Take one recorded answer of the refunds service."""
    if _is_list(answer):  # asked for, so it is compared with the counts even where nothing came
        pile.lists.setdefault((answer.shop, answer.tab or ""), _ListPages())
    value = _recorded(answer, pile)
    if value is None:
        return
    of_images = _IMAGES_OF.search(answer.address)
    if of_images is not None:
        pile.images[of_images[1]] = translate.images_from(records(value))
    else:
        _take_whole(value, answer, pile)
    if _is_list(answer):
        _judge_total(value, answer, pile)
        _note_page(value, answer, pile)


def _take_whole(value: Any, answer: RecordedAnswer, pile: _Pile) -> None:
    """Take what a call was answered with; an empty array is no answer to any of them."""
    if value == []:
        pile.problem("unknown_shape", _SHAPES)
    else:
        _take(value, pile, answer.tab, facts.DEPTH_MAX)


def _is_list(answer: RecordedAnswer) -> bool:
    return f"/{answer.call}" == facts.LIST_CALL


def _recorded(answer: RecordedAnswer, pile: _Pile) -> Any:
    """Give the JSON a recorded call was answered with; None when there is none, which is then a problem."""
    about = " ".join(filter(None, (answer.call, answer.tab, answer.number)))
    if answer.status not in READABLE:
        pile.problem("har_status", f"A recorded call did not succeed: «{about}: {answer.status}».")
        return None
    if answer.not_stored:
        pile.problem("har_body", f"The text is {answer.not_stored}: «{about}».")
        return None
    if answer.body is None:
        code = "har_not_modified" if answer.status == NOT_MODIFIED else "har_body"
        pile.problem(code, f"A recorded call has no answer in it: «{about}».")
        return None
    return _loaded(answer.body, pile, "har_body", about)


def _note_page(value: Any, answer: RecordedAnswer, pile: _Pile) -> None:
    """Remember what came of a list, to compare it with the counts once everything is read."""
    seen = pile.lists[answer.shop, answer.tab or ""]
    answered = value if isinstance(value, dict) else {"data": value}
    total = _total(answered)
    seen.total = seen.total if total is None else total
    data = answered.get("data")
    if value != [] and isinstance(data, list | dict):  # else nothing was said of the page
        seen.pages[answer.page] = {
            _identity(item) or f"{answer.row}.{place}"
            for place, item in enumerate(records(data))
            if _names_itself(item)
        }


def _identity(item: dict[str, Any]) -> str | None:
    """Tell one request of a list from another; a row without a number is still one request."""
    return text(item.get("refundId")) or text(item.get("applicationNumber"))


def _total(value: dict[str, Any]) -> int | None:
    total = whole(value.get("total"))
    return total if total is not None and total >= 0 else None


def _judge_total(value: Any, answer: RecordedAnswer, pile: _Pile) -> None:
    """A list tells how many requests the section holds; without it nobody can tell whether the list is whole."""
    answered = value if isinstance(value, dict) else {}
    total = _total(answered)
    if total is None:
        came = came_of(answered["total"]) if "total" in answered else "–"
        pile.problem("list_total", f"How many requests the section holds is not told: «{came}».")
    elif total and answered.get("data") == [] and answer.page == "0":
        pile.problem("list_total", f"The list is empty, the section is said to hold «{total}».")
