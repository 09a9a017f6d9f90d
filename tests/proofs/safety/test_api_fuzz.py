"""Twenty thousand calls made from the API's own document: no error of ours, no answer the document does not tell of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.web.api.fuzzing import fuzz, target

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.web.api.fuzzing import Target

CALLS: Final = 20_000
EXAMPLES: Final = 800
"""Of each call; those without parameters take one."""


def document(at: Target) -> dict[str, Any]:
    """Read the document as it is served."""
    reported: dict[str, Any] = httpx.get(f"{at.base}/openapi.json").json()
    return reported


def test_twenty_thousand_calls(committed: DatabaseAddresses, tmp_path: Path) -> None:
    with target(committed, tmp_path) as at:
        reported = fuzz(at, tmp_path, examples=EXAMPLES)
        calls = [call for each in document(at)["paths"].values() for call in each.values()]
    print(f"\n{reported.text()}")  # noqa: T201  the figures are what a proof is for
    assert reported.failures == [], reported.log[-8000:]
    assert reported.errors == 0
    assert reported.calls >= CALLS
    assert reported.done() == {call["operationId"] for call in calls}


def test_a_document_that_is_wrong_is_found(committed: DatabaseAddresses, tmp_path: Path) -> None:
    """The proof above can fail: an answer nobody told of, a shape that is another, a value said to be refused."""
    with target(committed, tmp_path) as at:
        wrong = document(at)
        del wrong["paths"]["/api/v1/orders/{order_id}"]["get"]["responses"]["404"]
        wrong["components"]["schemas"]["Me"]["properties"]["user"]["type"] = "string"
        wrong["components"]["schemas"]["Seen"]["properties"]["numbers"]["items"]["maxLength"] = 40
        changed = tmp_path / "wrong.json"
        changed.write_text(json.dumps(wrong), encoding="utf-8")
        only = ("orders_card", "me", "companion_cases")
        reported = fuzz(at, tmp_path, examples=50, only=only, document=changed)
    assert sorted(each.partition(":")[0] for each in reported.failures) == [
        "ST103 Undocumented status code",
        "ST108 Response violates schema",
        "ST201 Schema-violating request accepted",
    ]
