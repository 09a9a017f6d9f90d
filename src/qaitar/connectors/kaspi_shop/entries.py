"""Puts the pages of one order's lines together, so that no line is lost and none is counted twice.  Pure.

Whether Kaspi pages `/orders/{id}/entries` at all, and whether its `meta` counts right, is unconfirmed: what came decides.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qaitar.connectors.kaspi_shop import facts, translate, wire

if TYPE_CHECKING:
    from qaitar.contracts.marketplace import LineRecord


@dataclass(slots=True)
class EntryPages:
    """The pages read so far.  `fault` says why the lines cannot be given whole; '' while they can."""

    lines: dict[str, LineRecord] = field(default_factory=dict)
    lines_counted: int = 0  # the most any page's `meta` has counted
    pages_counted: int = 0
    pages: int = 0
    fault: str = ""

    def add(self, answer: wire.OrdersAnswer) -> bool:
        """Take one page in; tells whether the next one has to be asked for.

        A page that brings nothing new ends the list: an answer that ignores paging repeats itself.
        """
        meta = answer.meta or wire.Meta()
        self.lines_counted = max(self.lines_counted, meta.totalCount or 0)
        self.pages_counted = max(self.pages_counted, meta.pageCount or 0)
        self.pages += 1
        known = len(self.lines)
        self._take(answer)
        if self.fault or len(self.lines) == known:
            return False
        if self.pages >= facts.ENTRY_PAGES_MAX:
            self.fault = f"more than {facts.ENTRY_PAGES_MAX} pages of lines"
            return False
        full = len(answer.data) >= facts.PAGE_SIZE_MAX
        return full or len(self.lines) < self.lines_counted or self.pages < self.pages_counted

    def _take(self, answer: wire.OrdersAnswer) -> None:
        index = translate.index_included(answer.included)
        without_number: Counter[str] = Counter()
        odd = next((n for n, raw in enumerate(answer.data, 1) if not isinstance(raw, dict)), 0)
        if odd:
            self.fault = f"line {odd} of page {self.pages} is no object"
            return
        lines = translate.lines_from(answer.data, index)
        for place, (raw, line) in enumerate(zip(answer.data, lines, strict=True), start=1):
            where = f"line {place} of page {self.pages}"
            key = _key(line, raw, without_number)
            if key not in self.lines:
                self.fault = self.fault or translate.line_fault(line, where)
                self.lines[key] = line
            elif _sold(self.lines[key]) != _sold(line):
                self.fault = self.fault or f"{where} came before with other values"

    def whole(self) -> tuple[LineRecord, ...] | str:
        """Give all lines, or say why they cannot be given whole."""
        if not self.fault and len(self.lines) < self.lines_counted:
            self.fault = f"{self.lines_counted} lines are counted and {len(self.lines)} came"
        return self.fault or tuple(self.lines.values())


def _key(line: LineRecord, raw: dict[str, Any], without_number: Counter[str]) -> str:
    """Name a line over all pages: by id, by number, else by what it holds and which of the equal ones of its page it is."""
    if line.external_id is not None:
        return f"id {line.external_id}"
    if line.number is not None:
        return f"number {line.number}"
    content = json.dumps(raw.get("attributes"), sort_keys=True, default=str)
    without_number[content] += 1
    return f"content {without_number[content]} {content}"


def _sold(line: LineRecord) -> tuple[object, ...]:
    return line.offer_code, line.quantity_milli, line.price_minor, line.total_minor
