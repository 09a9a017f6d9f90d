"""The real program behind its real doors, and what became of each piece sent in: how it ended, how long it took, what it weighed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil
from django.db import connection

from qaitar.cli.web import up_line
from tests.web.api.fuzzing import target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.web.api.fuzzing import Target

SECONDS_MAX: Final = 5.0
MEGABYTES_MAX: Final = 300
FILES_A_CASE: Final = 20
LOOK_S: Final = 0.05
READ_S: Final = 120.0
_MB: Final = 1024 * 1024


@dataclass
class Weigher:
    """Looks all the time at what each process of the program holds, openers of files included."""

    root: psutil.Process
    most: dict[str, int] = field(default_factory=dict)

    def look(self, over: threading.Event) -> None:
        """Look until it is over."""
        while not over.wait(LOOK_S):
            for each in [self.root, *self.root.children(recursive=True)]:
                with suppress(psutil.Error):  # gone meanwhile
                    held = each.memory_info().rss // _MB
                    kind = _kind(each.cmdline())
                    self.most[kind] = max(self.most.get(kind, 0), held)

    def heavy(self) -> dict[str, int]:
        """Name the kinds of processes that held more than they may."""
        return {kind: held for kind, held in self.most.items() if held > MEGABYTES_MAX}


def _kind(words: Sequence[str]) -> str:
    opener = next((word for word in words if ".openers." in word), "")
    return opener.rpartition(".")[2] or "program"


@dataclass
class Endings:
    """How pieces ended; a fault is an error of ours or a piece nobody accounted for, a hang took too long."""

    counted: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def note(self, name: str, ending: str, seconds: float) -> None:
        """Count one piece."""
        self.counted[ending] += 1
        self.slowest = max(self.slowest, seconds)
        if ending not in {"accepted", "refused", "quarantined"}:
            self.faults.append(f"{name}: {ending}")
        if seconds > SECONDS_MAX:
            self.hangs.append(f"{name}: {seconds:.1f} s")

    def text(self, title: str) -> str:
        """Say it in one line."""
        counted = ", ".join(f"{ending} {n}" for ending, n in sorted(self.counted.items()))
        return (
            f"{title}: {sum(self.counted.values())} sent, {counted}; crashes {len(self.faults)},"
            f" over {SECONDS_MAX:g} s {len(self.hangs)}, slowest {self.slowest:.2f} s"
        )


@dataclass
class Doors:
    """A program that talks to the running one."""

    at: Target
    program: httpx.Client
    weigher: Weigher
    _case: str = ""
    _in_case: int = 0
    _cases: int = 0

    def evidence(self, pieces: Iterable[tuple[str, bytes]]) -> Endings:
        """Upload each as a proof."""
        endings = Endings()
        for name, content in pieces:
            path = f"/returns/{self._case_for_one_more()}/evidence"
            sent = {"data": {"kind": "PHOTO_GOODS"}, "files": {"file": (name, content)}}
            self._post(endings, name, path, **sent)
        return endings

    def orders(self, pieces: Sequence[tuple[str, bytes]]) -> Endings:
        """Import each as an export of orders."""
        endings, store = Endings(), self.at.things["store_id"][0]
        for name, content in pieces:
            sent = {"data": {"store": store}, "files": {"file": (name, content)}}
            answer = self._post(endings, name, "/orders/import", **sent)
            if answer is not None and answer.status_code == httpx.codes.OK:
                reported = answer.json()
                accepted = (
                    reported["created"]
                    + reported["updated"]
                    + reported["unchanged"]
                    + reported["rejected"]
                )
                if reported["read"] != accepted:
                    endings.faults.append(f"{name}: a row was lost, {reported}")
        return endings

    def cabinet(self, pieces: Sequence[tuple[str, bytes]]) -> Endings:
        """Hand each over as a reading of the cabinet, and wait for the worker to have read all of them."""
        endings, accepted = Endings(), []
        for name, content in pieces:
            path = f"/intake/cabinet/{self.at.things['store_id'][0]}"
            sent = {"content": content, "headers": {"Content-Type": "application/json"}}
            answer = self._post(endings, name, path, **sent)
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                accepted.append((name, answer.json()["id"]))
        self._read(endings, accepted)
        return endings

    def _read(self, endings: Endings, accepted: Sequence[tuple[str, str]]) -> None:
        """Follow what was taken until it is read or set aside; a reading that takes too long is a hang."""
        waits, until = list(accepted), time.monotonic() + READ_S
        while waits and time.monotonic() < until:
            left = []
            for name, key in waits:
                state = self.program.get(f"/intake/{key}").json()["state"]
                if state == "QUARANTINED":
                    endings.counted["accepted"] -= 1
                    endings.counted["quarantined"] += 1
                elif state != "READ":
                    left.append((name, key))
            waits = left
            time.sleep(0.2)
        endings.faults += [f"{name}: never read" for name, _ in waits]
        endings.faults += [f"job failed: {each}" for each in jobs_failed()]

    def _case_for_one_more(self) -> str:
        if self._in_case % FILES_A_CASE == 0:
            self._cases += 1
            filed = {
                "store": self.at.things["store_id"][0],
                "number": f"{730_000_000 + self._cases}-1",
            }
            self._case = self.program.post("/returns", json=filed).json()["id"]
        self._in_case += 1
        return self._case

    def _post(self, endings: Endings, name: str, path: str, **sent: Any) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = self.program.post(path, **sent)
        except httpx.HTTPError as error:
            endings.note(name, f"no answer ({type(error).__name__})", time.monotonic() - began)
            return None
        endings.note(name, _ending(answer), time.monotonic() - began)
        return answer


def _ending(answer: httpx.Response) -> str:
    if answer.is_success:
        return "accepted"
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    stated = answer.is_client_error and problem.get("detail") and problem.get("code") != "busy"
    return "refused" if stated else f"HTTP {answer.status_code} {answer.text[:200]}"


def jobs_failed() -> list[str]:
    """Name the jobs that ended in an error or are tried again because of one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name || ' ' || args::text FROM procrastinate_jobs"
            " WHERE status = 'failed' OR (status = 'todo' AND attempts > 0)"
        )
        return [reported for (reported,) in cursor.fetchall()]


@contextmanager
def doors(database: DatabaseAddresses, folder: Path) -> Iterator[Doors]:
    """Run the program as `qaitar up` does, web and worker, and weigh it as long as the block lasts."""
    with target(database, folder, up_line) as at:
        weigher, over = Weigher(at.served.program), threading.Event()
        looking = threading.Thread(target=weigher.look, args=[over], daemon=True)
        looking.start()
        try:
            with httpx.Client(
                base_url=at.base,
                headers={"Authorization": f"Bearer {at.token}", "Accept-Language": "en"},
                timeout=60,
            ) as program:
                yield Doors(at, program, weigher)
        finally:
            over.set()
            looking.join()
