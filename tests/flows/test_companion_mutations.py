"""Five hundred spoiled answers of the cabinet, handed over as the companion does: each kept, each read or set aside, none a crash."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from qaitar.flows.take_cabinet import cabinet_read, cabinet_take
from qaitar.foundation.jobs import behind_walls
from qaitar.foundation.models import RawIntake
from qaitar.sandbox.kaspi.app import KaspiStandIn, Shop
from qaitar.sandbox.kaspi.ledger import Claim, SoldOrder
from qaitar.sandbox.kaspi.refunds_api import PREFIX, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.bench import Bench

RETYPED = ("слово", 7, -1.5, True, [], {}, [None], {"а": 1}, "9" * 5000, "\x00\ud800")
CALLS = ("load-refunds-count", "load-refunds-by-tab", "load-refund-details")


def answers(bench: Bench) -> dict[str, Any]:
    """What the stand-in says to the three calls about one request."""
    kaspi = KaspiStandIn(lambda: bench.now, shop=Shop())
    kaspi.add_order(SoldOrder(code="700000077", created=bench.now))
    kaspi.ledger.issue("700000077", at=bench.now)
    filing = kaspi.file_return("700000077", Claim(comment="мало"), control=bench.now)
    asked = {
        "merchantId": "30000001", "tab": "NEW", "p": "0", "s": "10",
        "refundId": filing.refund_id, "code": filing.number,
    }  # fmt: skip
    return {
        call: answer(kaspi.ledger, "30000001", f"/{call}", asked, "https://kaspi.kz")[1]
        for call in CALLS
    }


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in members:
        yield (*here, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*here, key))


def spoiled(whole: Any) -> Iterator[str]:
    """Every field removed, nulled, retyped, doubled."""
    for place in places(whole):
        for change in ("REMOVED", "NULLED", "DOUBLED", *RETYPED):
            made = copy.deepcopy(whole)
            holder = made
            for key in place[:-1]:
                holder = holder[key]
            if change == "REMOVED":
                del holder[place[-1]]
            elif change == "DOUBLED":
                mark = json.dumps(str(place[-1]), ensure_ascii=False) + ": "
                text = json.dumps(made, ensure_ascii=False)
                yield text.replace(mark, f"{mark}1, {mark}", 1)
                continue
            else:
                holder[place[-1]] = None if change == "NULLED" else change
            yield json.dumps(made)


def archive(call: str, text: str) -> bytes:
    url = f"https://mc.shop.kaspi.kz{PREFIX}/{call}?tab=NEW"
    content = {"mimeType": "application/json", "text": text}
    entry = {"request": {"url": url}, "response": {"status": 200, "content": content}}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def test_five_hundred_spoiled_answers_lose_nothing_and_stop_nothing(bench: Bench) -> None:
    bodies = [
        archive(call, text) for call, whole in answers(bench).items() for text in spoiled(whole)
    ]
    bodies = list(dict.fromkeys(bodies))
    step = max(1, len(bodies) // 500)
    chosen = bodies[::step][:500]
    assert len(chosen) == 500
    states = []
    for body in chosen:
        with behind_walls(bench.shop.id):
            taken = cabinet_take(
                store_id=bench.shop.store.pk,
                body=body,
                received_from="companion",
                by=bench.by,
                now=bench.now,
            )
        report = cabinet_read(bench.shop.id, bench.now, intake_id=taken.id, by=bench.by)
        assert report is not None
        with behind_walls(bench.shop.id):
            row = RawIntake.objects.get(pk=taken.id)
        assert bytes(row.body) == body
        states.append(row.state)
        told = report["read"] or report["problems"] or report["rejected"]
        assert told or "load-refunds-count" in body.decode(), body
    with behind_walls(bench.shop.id):
        assert RawIntake.objects.count() == 500
    assert set(states) <= {"READ", "QUARANTINED"}
    assert states.count("READ") > 300
