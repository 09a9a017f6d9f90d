"""What happens to the hosts, one thing after the other, while sellers' programs go on; and what it came to."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg

from tests.hosts.database import PASSWORDS, wait_for
from tests.hosts.load import Load

if TYPE_CHECKING:
    from tests.hosts.cast import Cast

CLIENTS: Final = 3
CALM_S: Final = 8.0
BACK_SECONDS: Final = 90.0
CUT_S: Final = 30.0
LATE_S: Final = 12.0
APART_S: Final = 3.0
SETTLED_SECONDS: Final = 420.0


@dataclass(slots=True)
class Story:
    """The hosts, the load on them, and the figures."""

    cast: Cast
    load: Load
    figures: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """Let everything happen that docs/scaling.md speaks of."""
        self.load.begin(CLIENTS)
        time.sleep(CALM_S)
        self.primary_loses_power()
        self.program_host_is_cut_off()
        self.primary_is_cut_off()
        self.primary_loses_power_inside_the_standbys()
        time.sleep(CALM_S)
        self.load.stop()

    def primary_loses_power(self) -> None:
        """The host of the primary dies: no process of it says a last word; later it is switched on again."""
        lost = self.cast.cluster.primary()
        self.cast.hosts[lost].lose_power()
        self._back("primary loses power", time.monotonic())
        self._power_on(lost)

    def program_host_is_cut_off(self) -> None:
        """A host with web and worker is cut off while its worker waits for the helpdesk's answer."""
        self.cast.helpdesk(f"late/{LATE_S}")
        wait_for("a worker in the midst of an effect", lambda: self.cast.helpdesk("")["waiting"])
        self.cast.hosts["app2"].cut()
        moment = time.monotonic()
        self._back("a host of the program is cut off", moment)
        self.cast.helpdesk("late/0")
        time.sleep(max(0.0, moment + CUT_S - time.monotonic()))
        self.figures["cut-off host ready while cut off"] = self.cast.ready("app2")
        self.cast.hosts["app2"].mend()
        wait_for("the host ready again", lambda: self.cast.ready("app2"))

    def primary_is_cut_off(self) -> None:
        """The primary's host loses its cable and lives: whoever is still on it must get no write acknowledged."""
        lost = self.cast.cluster.primary()
        host = self.cast.hosts[lost]
        inside = Inside(self.cast, lost)
        inside.begin()
        time.sleep(APART_S)
        host.cut()
        moment = time.monotonic()
        self._back("primary is cut off", moment)
        time.sleep(max(0.0, moment + CUT_S - time.monotonic()))
        inside.stop()
        host.mend()
        self.cast.cluster.wait_for_standby()
        later = [at for at in inside.acknowledged.values() if at > moment]
        with self.cast.cluster.superuser() as connection:
            stored = {n for (n,) in connection.execute("SELECT number FROM probe")}
        self.figures["written inside before the cut"] = len(inside.acknowledged) - len(later)
        self.figures["acknowledged inside after the cut"] = len(later)
        self.figures["tried inside after the cut"] = inside.tried_after(moment)
        self.figures["written inside and lost"] = len(set(inside.acknowledged) - stored)

    def primary_loses_power_inside_the_standbys(self) -> None:
        """The order that loses most: the standbys are cut off first, then the primary dies, then they are back."""
        lost = self.cast.cluster.primary()
        others = [host for name, host in self.cast.cluster.members.items() if name != lost]
        for host in others:
            host.cut()
        time.sleep(APART_S)
        self.cast.hosts[lost].lose_power()
        moment = time.monotonic()
        for host in others:
            host.mend()
        self._back("standbys cut off, then primary loses power", moment)
        self._power_on(lost)

    def check(self) -> None:
        """Wait until all effects are settled, then look for everything that was acknowledged."""
        acknowledged = self.load.reported()
        task = {"merchant": self.cast.shop["merchant"], "acknowledged": acknowledged}
        wait_for("effects", lambda: self._settled(task), SETTLED_SECONDS)
        lives = sum(write["act"] == "CREATE" for write in acknowledged)
        found = self.cast.on_app("checking", {**task, "lives": lives})
        planted = [{**acknowledged[0], "act": "NEVER"}, {**acknowledged[0], "number": "1-1"}]
        blind = self.cast.on_app("checking", {**task, "acknowledged": acknowledged + planted})
        keys = [
            fields.get("additional_id") or fields.get("subject", "")
            for path, fields in self.cast.helpdesk("ledger")["ledger"]
            if path == "/create/ticket"
        ]
        self.figures |= {
            "lives": lives,
            "lives given up": self.load.gave_up,
            "turned away and asked again": self.load.turned_away,
            "writes acknowledged": len(acknowledged),
            "acknowledged and lost": found["lost"],
            "done twice": found["twice"],
            "planted and found": len(blind["lost"]) - len(found["lost"]),
            "wrong lives": found.get("faults", {}),
            "proofs": found["proofs"],
            "effects": found["effects"],
            "tickets": len(keys),
            "tickets made twice": sum(times - 1 for times in Counter(keys).values()),
            "invariants broken": self.cast.invariants()["broken"],
        }

    def _settled(self, task: dict[str, Any]) -> bool:
        time.sleep(2.0)
        states = set(self.cast.on_app("checking", {**task, "acknowledged": []})["effects"])
        return not states & {"PLANNED", "SENDING", "UNKNOWN"}

    def _back(self, what: str, moment: float) -> None:
        wait_for(
            f"back after: {what}",
            lambda: self.load.answered_since(moment),
            BACK_SECONDS,
        )
        time.sleep(CALM_S)
        self.figures[f"s back, {what}"] = round(self.load.silence_after(moment), 1)

    def _power_on(self, name: str) -> None:
        self.cast.hosts[name].mend()
        self.cast.cluster.start_etcd(name)
        self.cast.cluster.start_patroni(name)
        if self.cast.synchronous:
            self.cast.cluster.wait_for_standby()


class Inside:
    """Somebody on the primary's own host who goes on writing there, past every net."""

    def __init__(self, cast: Cast, name: str) -> None:
        """Write at this member alone, over its own socket."""
        self._dsn = (
            f"host={cast.folder}/patroni-{name} user=postgres dbname=postgres"
            f" password={PASSWORDS['superuser']} connect_timeout=3"
        )
        self.acknowledged: dict[int, float] = {}
        self._tried: list[float] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def begin(self) -> None:
        """Go on writing until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Write no more; a write that hangs is left hanging."""
        self._ending.set()

    def tried_after(self, moment: float) -> int:
        """Count the writes tried after a moment."""
        return sum(at > moment for at in self._tried)

    def _write(self) -> None:
        number = 0
        while not self._ending.is_set():
            number += 1
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    self._tried.append(time.monotonic())
                    connection.execute("INSERT INTO probe VALUES (%s)", [number])
                    self.acknowledged[number] = time.monotonic()
            except psycopg.Error:
                time.sleep(0.3)
            time.sleep(0.1)
