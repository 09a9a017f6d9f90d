"""Hosts as network namespaces on a bridge: programs run on them, their power or their cable goes away and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qaitar.runtime.account import SystemAccount

BRIDGE: Final = "cable"
NET: Final = "10.77.0."
HERE: Final = f"{NET}1"
END_SECONDS: Final = 10.0


def ip(*words: str) -> None:
    """Run `ip`; what it says when it fails is told."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


@dataclass(slots=True)
class Host:
    """One machine: its name, its address, and the programs started on it."""

    name: str
    address: str
    logs: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, line: Sequence[str], account: SystemAccount | None = None) -> list[str]:
        """Write a command that runs on this host, under another account if one is given."""
        as_whom = []
        if account is not None:
            ids = (f"--reuid={account.uid}", f"--regid={account.gid}")
            as_whom = ["setpriv", *ids, "--clear-groups"]
        return ["ip", "netns", "exec", self.name, *as_whom, *line]

    def start(
        self,
        program: str,
        line: Sequence[str],
        environ: Mapping[str, str],
        account: SystemAccount | None = None,
    ) -> None:
        """Start a program; what it says is kept in `HOST-PROGRAM.log`."""
        with (self.logs / f"{self.name}-{program}.log").open("ab") as log:
            started = subprocess.Popen(
                self.command(line, account),
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(started)

    def pids(self) -> list[int]:
        """List every process that lives on this host, started by whomever."""
        reported = subprocess.run(
            ["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True
        )
        return [int(pid) for pid in reported.stdout.split()]

    def cut(self) -> None:
        """Pull the cable: what runs here goes on, nothing comes or goes."""
        ip("link", "set", f"v-{self.name}", "down")

    def mend(self) -> None:
        """Put the cable back."""
        ip("link", "set", f"v-{self.name}", "up")

    def lose_power(self) -> None:
        """End everything here at once: nobody outside hears of it, and no program gets to say a last word."""
        self.cut()
        until = time.monotonic() + END_SECONDS
        while pids := self.pids():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            assert time.monotonic() < until, f"{self.name} does not die: {pids}"
            time.sleep(0.02)
        for each in self.running:
            each.wait()
        self.running.clear()


def make_network(names: Sequence[str], logs: Path) -> dict[str, Host]:
    """Make the bridge, with ourselves at it as the world outside, and a host for each name."""
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    hosts = {}
    for number, name in enumerate(names, 11):
        host = hosts[name] = Host(name, f"{NET}{number}", logs)
        ip("netns", "add", name)
        ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", f"v-{name}", "master", BRIDGE, "up")
        ip("-n", name, "addr", "add", f"{host.address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
    return hosts
