"""Calls of the API made from its own document by schemathesis, sent to the real program behind a port of this machine."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import httpx
from django.db import transaction

from qaitar.cli.web import command_line
from qaitar.foundation.identity.access import COMPANION, PAIRING, digest_of
from qaitar.foundation.models import ApiToken, Companion
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.lab.bench.full_case_shop import serving
from qaitar.runtime.database import handed_on
from tests.factories.accounts import Shop, make_person, make_shop, make_token
from tests.factories.orders import export_csv, export_rows
from tests.web.api.world import make_order, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qaitar.lab.bench.full_case_shop import Served
    from qaitar.runtime.addresses import DatabaseAddresses

ROOT: Final = Path(__file__).resolve().parents[3]
SEED: Final = 20260514
CODES: Final = 200
"""Pairing codes, and companions that may be unpaired."""
SECONDS_MAX: Final = 5
"""A call that takes longer hangs."""
WHOLE_SHAPES: Final = ("returns_list", "webhooks_delete", "companion_cases", "evidence_confirm")
"""Of these four calls the short run also tries every edge of every value; the long run does of all."""
CONFIG: Final = """
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
checks.negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
"""
"""Shape is what the document promises; whether a number is taken or a cursor is ours it cannot say, so 422 is an answer
to right shapes too.  Unreadable, unknown type or method (400, 405, 415) are not."""


@dataclass(frozen=True)
class Target:
    """The running program with a shop in it, and a token that may do everything."""

    served: Served
    base: str
    token: str
    things: dict[str, list[str]]


def web_line(host: str, port: int) -> list[str]:
    """Give the command of the web process alone: with the worker, webhooks would go out to generated addresses."""
    return command_line(host, port, 2)


@contextmanager
def target(
    database: DatabaseAddresses,
    folder: Path,
    line: Callable[[str, int], list[str]] = web_line,
) -> Iterator[Target]:
    """Serve a shop with one thing of each kind, by the web process alone or by another command."""
    with transaction.atomic():
        now = utc_now()
        shop = make_shop(now=now)
        person = make_person("saule", (shop.id, Role.OWNER), now=now)
        everything = ("read", "write", "intake", "admin", PAIRING, COMPANION)
        token = make_token(person, *everything, now=now)
        spare = [make_token(person, COMPANION, "intake", now=now) for _ in range(CODES)]
        for each in (token, *spare):
            row = ApiToken.objects.get(digest=digest_of(each))
            reported = {"paired_at": now, "last_contact_at": now, "session_at": now}
            Companion.objects.create(
                id=new_id(), user=person, token=row, browser="Chrome", **reported
            )
        codes = [make_token(person, PAIRING, now=now) for _ in range(CODES)]
        order = str(make_order(shop).pk)
    environ = {
        **handed_on(database),
        "QAITAR_DATA": str(folder / "data"),
        "QAITAR_SECRET_KEY": "a-session-key-of-tests-that-is-long-enough-to-be-one",
        "QAITAR_ENCRYPTION_KEY": "a-key-of-tests-that-is-long-enough-to-be-one",
    }
    with (
        mock.patch.dict(os.environ, environ),
        serving(line, folder) as served,
    ):
        base = f"http://127.0.0.1:{served.port}/api/v1"
        things = {
            **_made(base, token, shop),
            "order_id": [order],
            "code": codes,
            "companion": spare,
        }
        yield Target(served, base, token, things)


def _made(base: str, token: str, shop: Shop) -> dict[str, list[str]]:
    """Make one thing of each kind by calls, as a program would."""
    store = str(shop.store.pk)
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as program:

        def made(path: str, **sent: Any) -> dict[str, Any]:
            answer = program.post(path, **sent)
            assert answer.status_code < 300, answer.text
            return dict(answer.json())

        request = made("/returns", json={"store": store, "number": "700000001-1"})["id"]
        picture = photo().read()
        proofs = made(
            f"/returns/{request}/evidence",
            data={"kind": "TECHNICAL_ACT"},
            files={"file": ("акт.png", picture, "image/png")},
        )
        return {
            "store_id": [store],
            "request_id": [request],
            "evidence_id": [each["id"] for each in proofs["evidence"]],
            "intake_id": [made(f"/intake/cabinet/{store}", json={"a": 1})["id"]],
            "endpoint_id": [made("/webhooks", json={"url": "https://hooks.example.kz/q"})["id"]],
            "photo.png": [base64.b64encode(picture).decode()],
            "orders.csv": [base64.b64encode(export_csv(export_rows({}))).decode()],
        }


@dataclass(frozen=True)
class Reported:
    """What a run found: how many calls, each answer counted by call and status, and every failed check."""

    cases: int
    statuses: Counter[str]
    failures: list[str]
    log: str

    @property
    def errors(self) -> int:
        """Count answers that are errors of ours."""
        return sum(n for stated, n in self.statuses.items() if stated.split()[1].startswith("5"))

    @property
    def undeclared(self) -> int:
        """Count kinds of answers and refusals the document does not tell of."""
        return len(self.failures)

    @property
    def calls(self) -> int:
        """Count the calls that were sent and answered."""
        return sum(self.statuses.values())

    def done(self) -> set[str]:
        """Name the calls that did what they are for: what lies behind their door was tried too."""
        return {stated.split()[0] for stated in self.statuses if stated.split()[1].startswith("2")}

    def text(self) -> str:
        """Say it in a few lines."""
        by_class = Counter[str]()
        for stated, count in self.statuses.items():
            by_class[f"{stated.split()[1][0]}xx"] += count
        displayed = ", ".join(f"{name} {count}" for name, count in sorted(by_class.items()))
        return (
            f"API: {self.calls} calls of {self.cases} cases, errors of ours {self.errors},"
            f" undeclared answers {self.undeclared}; answers {displayed}"
        )


_SHORT: Final = f"""
[[operations]]
exclude-operation-id = {json.dumps(WHOLE_SHAPES)}
phases.coverage.enabled = false
"""
SHORT: Final = ("--phases", "coverage,fuzzing", "--max-examples", "8")


def fuzz(
    at: Target,
    folder: Path,
    *,
    examples: int = 0,
    only: Sequence[str] = (),
    document: Path | None = None,
) -> Reported:
    """Run schemathesis over the calls of the document (all, and the served one, unless told otherwise).

    With `examples` so many for each call and every edge of every value; without, a short run.
    """
    options = ["--max-examples", str(examples)] if examples else [*SHORT]
    for operation in only:
        options += ["--include-operation-id", operation]
    config, report, counted = (folder / name for name in ("st.toml", "report.json", "counted.json"))
    things, log = folder / "things.json", folder / "st.log"
    config.write_text(CONFIG if examples else CONFIG + _SHORT, encoding="utf-8")
    things.write_text(json.dumps(at.things), encoding="utf-8")
    where = [f"{at.base}/openapi.json"]
    if document is not None:
        where = [str(document), "--url", at.base.removesuffix("/api/v1")]
    command: Sequence[str] = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", *where,
        "--header", f"Authorization: Bearer {at.token}", "--max-response-time", str(SECONDS_MAX),
        "--no-color", "--no-shrink", "--continue-on-failure", "--generation-database", "none",
        "--seed", str(SEED), "--report", "json", "--report-json-path", str(report), *options,
    ]  # fmt: skip
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.web.api.fuzz_hooks",
        "QAITAR_FUZZ_THINGS": str(things),
        "QAITAR_FUZZ_COUNTED": str(counted),
    }
    with log.open("wb") as stated:
        subprocess.run(command, env=environ, cwd=folder, stdout=stated, stderr=stated, check=False)
    text = log.read_text("utf-8", "replace")
    assert report.exists(), text[-3000:]
    reported = json.loads(report.read_text("utf-8"))
    assert reported["complete"], text[-3000:]
    failures = [
        f"{each['code']} {each['title']}: {each['operations']}" for each in reported["failures"]
    ]
    failures += [str(each) for each in reported["errors"]]
    return Reported(
        reported["test_cases"]["generated"],
        Counter(json.loads(counted.read_text())),
        failures,
        text,
    )
