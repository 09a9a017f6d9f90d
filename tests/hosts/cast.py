"""The hosts and all that runs on them: three of the database, two of the program, the file store, the world outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.hosts import outside
from tests.hosts.database import Cluster, wait_for
from tests.hosts.network import make_network

if TYPE_CHECKING:
    from tests.hosts.network import Host

DATABASES: Final = ("db1", "db2", "db3")
NAMES: Final = (*DATABASES, "app1", "app2", "s3", "outside")
WEB: Final = ("app1", "app2")
ROOT: Final = Path(__file__).resolve().parents[2]
BUCKET: Final = "qaitar-files"
ORDERS: Final = 30_000
_QAITAR: Final = str(Path(sys.executable).parent / "qaitar")


@dataclass(slots=True)
class Cast:
    """Everybody, running."""

    folder: Path
    synchronous: bool = True
    hosts: dict[str, Host] = field(init=False)
    cluster: Cluster = field(init=False)
    shop: dict[str, Any] = field(init=False)

    def begin(self) -> None:
        """Plug the hosts together and start what runs on them."""
        logs = self.folder / "logs"
        logs.mkdir()
        self.hosts = make_network(NAMES, logs)
        members = {name: self.hosts[name] for name in DATABASES}
        self.cluster = Cluster(members, self.folder, self.synchronous)
        self._start_outside()
        self.cluster.begin()
        self.shop = self.on_app("shop", {"orders": ORDERS, **self._helpdesk()})
        for name in WEB:
            self.start_program(name)
        for name in WEB:
            wait_for(f"{name} ready", lambda name=name: self.ready(name))

    def start_program(self, name: str) -> None:
        """Start the web process and the worker of a host; each is started again when it ends, as systemd does."""
        host = self.hosts[name]
        web = f"{_QAITAR} web --host 0.0.0.0 --workers 2"
        for program, line in (("web", web), ("worker", f"{_QAITAR} worker")):
            again = f"while :; do {line}; sleep 1; done"
            host.start(program, ["sh", "-c", again], self.environ(name))

    def environ(self, name: str) -> dict[str, str]:
        """Give the settings of a host of the program: all the same but the folder."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        ours = ("QAITAR_", "DATABASE_", "DJANGO_")
        plain = {key: reported for key, reported in os.environ.items() if not key.startswith(ours)}
        return {
            **plain,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "QAITAR_DATA": str(home),
            "DATABASE_URL": self.cluster.dsn("qaitar_owner", "qaitar_owner"),
            "QAITAR_APP_DATABASE_URL": self.cluster.dsn("qaitar_app", "qaitar_app"),
            "QAITAR_SECRET_KEY": "the same fifty random characters on every host here",
            "QAITAR_ENCRYPTION_KEY": "the same forty characters on every host",
            "QAITAR_JOURNAL_KEY": "another forty characters on every host",
            "QAITAR_HOSTS": ",".join(self.hosts[web].address for web in WEB),
            "QAITAR_S3_BUCKET": BUCKET,
            "QAITAR_S3_ENDPOINT": f"http://{self.hosts['s3'].address}:9000",
            "QAITAR_S3_REGION": "us-east-1",
            "QAITAR_S3_KEY": "key",
            "QAITAR_S3_SECRET": "secret",
        }

    def run(self, name: str, line: list[str], stated: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on a host of the program to its end."""
        return subprocess.run(
            self.hosts[name].command(line),
            env=self.environ(name),
            cwd=ROOT,
            input=stated,
            capture_output=True,
            text=True,
            check=False,
        )

    def on_app(self, what: str, task: dict[str, Any]) -> dict[str, Any]:
        """Run one of our own programs on a host of the program; what it told."""
        line = [sys.executable, "-m", "tests.hosts.on_app", what]
        done = self.run("app1", line, json.dumps(task))
        assert done.returncode == 0, done.stderr[-4_000:]
        reported: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return reported

    def invariants(self) -> dict[str, Any]:
        """Run `qaitar check-invariants`; what it says is broken."""
        done = self.run("app1", [_QAITAR, "check-invariants", "--contents", "--json"])
        assert done.returncode in {0, 1}, done.stderr[-4_000:]
        reported: dict[str, Any] = json.loads(done.stdout)
        return reported

    def ready(self, name: str) -> bool:
        """Ask a web host whether it is ready."""
        try:
            url = f"http://{self.hosts[name].address}:8000/readyz"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def helpdesk(self, path: str) -> dict[str, Any]:
        """Ask the helpdesk's inside."""
        url = f"http://{self.hosts['outside'].address}:{outside.PORT}/-/{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            reported: dict[str, Any] = json.load(answer)
        return reported

    def _helpdesk(self) -> dict[str, str]:
        url = f"http://{self.hosts['outside'].address}:{outside.PORT}"
        return {"helpdesk": url, "token": outside.TOKEN}

    def _start_outside(self) -> None:
        plain = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        store, other = self.hosts["s3"], self.hosts["outside"]
        moto = str(Path(sys.executable).parent / "moto_server")
        store.start("s3", [moto, "-H", store.address, "-p", "9000"], plain)
        other.start("helpdesk", [sys.executable, "-m", "tests.hosts.outside", other.address], plain)
        wait_for("the helpdesk", lambda: _answers(f"http://{other.address}:{outside.PORT}/-/"))
        wait_for("the file store", lambda: _answers(f"http://{store.address}:9000/"))
        made = urllib.request.Request(f"http://{store.address}:9000/{BUCKET}", method="PUT")
        urllib.request.urlopen(made, timeout=10).close()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True
