"""Sellers' programs that play whole lives of returns at whichever web host answers, and write down what was acknowledged."""

from __future__ import annotations

import http.client
import io
import itertools
import json
import random
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from qaitar.lab.bench.full_case_client import ACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 120.0
PAUSE_S: Final = 0.25
PROOF_EVERY: Final = 4
_OK: Final = (200, 201)
_EDGE: Final = "----part-of-a-form"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One write the program said yes to: what was done to which case, when it was asked first and when it was answered."""

    case: str
    number: str
    act: str
    requested: float
    answered: float


class GaveUp(Exception):
    """A call was refused, or not answered for too long."""


@dataclass(slots=True)
class Load:
    """So many clients at these web hosts; `stop` lets each finish the life it is in."""

    hosts: Sequence[str]
    token: str
    store: str
    first: int
    acknowledged: list[Acknowledged] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    turned_away: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _numbers: itertools.count[int] = field(init=False)
    _clients: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin where the shop's orders begin."""
        self._numbers = itertools.count(self.first)

    def begin(self, clients: int) -> None:
        """Let them play."""
        for _ in range(clients):
            client = threading.Thread(target=self._play, daemon=True)
            client.start()
            self._clients.append(client)

    def stop(self) -> None:
        """Let every life that was begun end, and nobody begin another."""
        self._ending.set()
        for client in self._clients:
            client.join()

    def answered_since(self, moment: float) -> bool:
        """Tell whether a write was answered that was asked for after a moment.

        One asked before does not count: its answer may have been on its way.
        """
        return any(each.requested >= moment for each in list(self.acknowledged))

    def silence_after(self, moment: float) -> float:
        """Tell the longest time without any answer that began within a minute after a moment."""
        times = sorted(each.answered for each in list(self.acknowledged))
        return max(
            end - max(begin, moment)
            for begin, end in itertools.pairwise(times)
            if end >= moment and begin < moment + 60
        )

    def reported(self) -> list[dict[str, Any]]:
        """Give what was acknowledged as JSON can hold it."""
        return [asdict(each) for each in self.acknowledged]

    def _play(self) -> None:
        while not self._ending.is_set():
            number = next(self._numbers)
            try:
                self._life(number)
            except GaveUp as why:
                self.gave_up.append(str(why))

    def _life(self, number: int) -> None:
        filed = {"store": self.store, "number": f"{number}-1", "reason_code": "SIZE_MISMATCH"}
        case = self._write("/api/v1/returns", number, "CREATE", filed)["id"]
        for act in ACTS:
            self._write(f"/api/v1/returns/{case}/acts", number, act, {"act": act}, case)
            if act == "ASK_CUSTOMER" and number % PROOF_EVERY == 0:
                self._write(f"/api/v1/returns/{case}/evidence", number, "ADD_EVIDENCE", None, case)

    def _write(
        self, path: str, number: int, act: str, body: dict[str, Any] | None, case: str = ""
    ) -> dict[str, Any]:
        """Ask under one key until it is answered, each time at the next host."""
        content = _photo(number) if body is None else json.dumps(body).encode()
        kind = f"multipart/form-data; boundary={_EDGE}" if body is None else "application/json"
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": kind,
            "Idempotency-Key": f"hosts-{number}-{act}",
        }
        requested = time.monotonic()
        first = random.randrange(len(self.hosts))
        while time.monotonic() < requested + PATIENCE_SECONDS:
            for host in (*self.hosts[first:], *self.hosts[:first]):
                tried = time.monotonic()
                status, answer = _ask(host, path, content, headers)
                if status in _OK:
                    reported: dict[str, Any] = json.loads(answer)
                    done = (case or reported["id"], f"{number}-1", act, tried, time.monotonic())
                    self.acknowledged.append(Acknowledged(*done))
                    return reported
                self.turned_away += 1
                if status in {400, 401, 403, 404, 422}:
                    raise GaveUp(f"{number} {act}: {status} {answer[:200]!r}")
                time.sleep(PAUSE_S)
        raise GaveUp(f"{number} {act}: {status} {answer[:200]!r} at last")


def _ask(host: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    line = http.client.HTTPConnection(host, 8000, timeout=CALL_SECONDS)
    try:
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()
    finally:
        line.close()


def _photo(number: int) -> bytes:
    """Write a form with a photo that no other life has."""
    stored = io.BytesIO()
    Image.frombytes("RGB", (8, 2), number.to_bytes(8, "big") * 6).save(stored, "PNG")
    head = (
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nPHOTO_GOODS\r\n'
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="file"; filename="photo.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + stored.getvalue() + f"\r\n--{_EDGE}--\r\n".encode()
