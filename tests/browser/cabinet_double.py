"""A cabinet in a few lines, in the captured shapes, for the companion's modules: whatever a page may get can be set.

The detail has other fields than the list item (no `tab`, `plannedDate`, `sum`, `description`), closed requests stand in any order, a page
holds what the cabinet likes, and `total` may be that of the page.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = dict[str, Any]
TABS = ("NEW", "WAITING_DECISION", "ON_DELIVERY", "DISPUTE", "CLOSED")
NO_CORS: Answer = {"failed": "TypeError"}
"""What a page's script gets where the answer, of whatever status, has no CORS headers."""
_PICTURE = re.compile(r"https://kaspi\.kz/photos/")


def cabinet_answer(status: int, value: Any = None, kind: str = "application/json") -> Answer:
    """Give an answer as the page's script hands it to the companion."""
    return {"status": status, "type": kind, "redirected": False, "text": json.dumps(value)}


@dataclass
class Request:
    """One request as the cabinet shows it."""

    number: str
    tab: str
    planned: str = "2026-12-02T18:00:00"
    images: list[str] = field(default_factory=list)

    @property
    def refund_id(self) -> str:
        return f"{abs(hash(self.number)) % 16**24:024x}"

    def item(self) -> dict[str, Any]:
        return {
            "refundId": self.refund_id, "applicationNumber": self.number, "tab": self.tab, "reason": "SIZE_MISMATCH",
            "refundReason": {"reason": "SIZE_MISMATCH", "reasonDescription": "Не подошел размер"}, "plannedDate": self.planned,
            "order": self.number.partition("-")[0], "productSku": "162495789", "customer": "Тест К.", "sum": 4100.0, "quantity": 1,
            "unit": "PIECES", "weight": 1.0, "description": "Возврат оформлен",
        }  # fmt: skip

    def detail(self) -> dict[str, Any]:
        step = {"stepType": "WAITING_PAYMENT", "stage": "CURRENT", "expirationTime": self.planned}
        return {
            "refundId": self.refund_id, "applicationNumber": self.number, "refundTab": self.tab, "total": 4100.0,
            "stepDescription": "Возврат оформлен", "actions": [], "stateSteps": [step], "imageUrls": self.images,
        }  # fmt: skip


@dataclass
class Double:
    """Answers questions; `requested` keeps each of them, `failing` what the detail of a number is answered with."""

    requests: dict[str, Request] = field(default_factory=dict)
    page_size: int = 10
    total_of_page: bool = False
    more_tabs: tuple[str, ...] = ()
    counts: Answer | None = None  # instead of the right one
    lists: dict[str, Answer] = field(default_factory=dict)  # of a tab, instead of the right one
    failing: dict[str, Answer] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # counted, and shown on no list
    requested: list[str] = field(default_factory=list)

    def add(self, number: str, tab: str = "NEW", **more: Any) -> Request:
        self.requests[number] = Request(number, tab, **more)
        return self.requests[number]

    def fill(self, tab: str, many: int, first: int) -> list[str]:
        return [self.add(f"{first + n}-1", tab).number for n in range(many)]

    def take(self) -> list[str]:
        """Give the questions since the last time: `counts`, `NEW 0`, a number, or `picture`."""
        reported = list(self.requested)
        self.requested.clear()
        return reported

    def __call__(self, url: str) -> Answer:
        if _PICTURE.match(url):
            self.requested.append("picture")
            return {
                "status": 200,
                "type": "image/png",
                "redirected": False,
                "size": 3,
                "sha256": "ab" * 32,
            }
        at = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(at.query).items()}
        call = at.path.rpartition("/")[2]
        if call == "load-refunds-count":
            self.requested.append("counts")
            return self.counts or cabinet_answer(200, self._counts())
        if call == "load-refunds-by-tab":
            self.requested.append(f"{query['tab']} {query['p']}")
            return self.lists.get(query["tab"]) or cabinet_answer(
                200, self._page(query["tab"], int(query["p"]))
            )
        self.requested.append(query["code"])
        found = self.requests.get(query["code"])
        if found is None or found.refund_id != query["refundId"]:
            return cabinet_answer(404, {"message": "Not found"})
        return self.failing.get(found.number) or cabinet_answer(200, found.detail())

    def _counts(self) -> list[dict[str, Any]]:
        totals = Counter(each.tab for each in self.requests.values())
        tabs = (*TABS, *self.more_tabs)
        return [{"tab": tab, "tabTitle": tab.title(), "total": totals[tab]} for tab in tabs]

    def _page(self, tab: str, page: int) -> dict[str, Any]:
        displayed = [
            each
            for each in self.requests.values()
            if each.tab == tab and each.number not in self.hidden
        ]
        part = displayed[page * self.page_size : (page + 1) * self.page_size]
        return {
            "data": [each.item() for each in part],
            "total": len(part) if self.total_of_page else len(displayed),
        }
