"""One client of `bench life`, a process of its own: plays whole lives of returns over the public API, one after another.

Started as `python -m qaitar.lab.bench.full_case_client`; reads its task as JSON from standard input, writes what it saw as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTS: Final = (
    "ASK_CUSTOMER",
    "TAKE_FOR_INSPECTION",
    "NOTE_ARRIVAL",
    "GRANT_REFUND",
    "NOTE_REFUND_DONE",
)
CALLS: Final = ("create", *ACTS, "read")
TRIES: Final = 5
CONFLICT: Final = 409
CREATED: Final = 201
OK: Final = 200
TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class SeenAnswer:
    """What one client saw: seconds of each call and life, calls answered "try again", lives that failed and why."""

    calls: list[float] = field(default_factory=list)
    lives: list[float] = field(default_factory=list)
    again: int = 0
    failed: list[str] = field(default_factory=list)


class Failed(Exception):
    """A call was not answered as promised."""


class BenchClient:
    """Speaks to the server over a connection that stays open for a life.

    A new one each life: the web workers take connections as they come, and eight that stay for good may all be one worker's.
    """

    def __init__(self, task: Mapping[str, Any]) -> None:
        """Connect to where the task says."""
        self._connection = http.client.HTTPConnection(task["host"], task["port"], timeout=TIMEOUT_S)
        self._task = task
        self._plain = {"Authorization": f"Bearer {task['token']}"}
        self.seen = SeenAnswer()

    def life(self, number: int) -> None:
        """Play one return from filing to the read of the closed case."""
        started = time.perf_counter()
        self._connection.close()
        filed = {
            "store": self._task["store"],
            "number": f"{number}-1",
            "reason_code": "SIZE_MISMATCH",
        }
        case = self._call("POST", "/api/v1/returns", f"create-{number}", filed, CREATED)
        path = f"/api/v1/returns/{case['id']}"
        for act in ACTS:
            self._call("POST", f"{path}/acts", f"{act}-{number}", {"act": act}, OK)
        card = self._call("GET", path, "", None, OK)
        if (card["stage"], card["outcome"]) != ("CLOSED", "REFUNDED"):
            raise Failed(f"{number} ended {card['stage']} {card['outcome']}")
        self.seen.lives.append(time.perf_counter() - started)

    def _call(self, method: str, path: str, key: str, body: Any, wanted: int) -> dict[str, Any]:
        """Make one call; a conflict (somebody else changed the case meanwhile) is tried again under the same key."""
        headers, content = dict(self._plain), None
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"life-{key}"}
            content = json.dumps(body)
        answer, status = b"", 0
        for _ in range(TRIES):
            started = time.perf_counter()
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            answer, status = response.read(), response.status
            self.seen.calls.append(time.perf_counter() - started)
            if status != CONFLICT:
                break
            self.seen.again += 1
        if status != wanted:
            raise Failed(f"{method} {key}: {status} {answer[:300].decode(errors='replace')}")
        parsed: dict[str, Any] = json.loads(answer)
        return parsed


def play(task: Mapping[str, Any]) -> SeenAnswer:
    """Play the task's numbers, or until its seconds are over."""
    client = BenchClient(task)
    until = time.monotonic() + task["seconds"] if task.get("seconds") else None
    for number in range(task["first"], task["last"]):
        if until is not None and time.monotonic() > until:
            break
        try:
            client.life(number)
        except (Failed, OSError, http.client.HTTPException, ValueError) as error:
            client.seen.failed.append(str(error))
    return client.seen


def main() -> None:
    """Read the task, say that we are ready, wait for the word, play, tell."""
    task = json.loads(sys.stdin.readline())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    seen = play(task)
    result = {
        "calls": seen.calls,
        "lives": seen.lives,
        "again": seen.again,
        "failed": seen.failed,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
