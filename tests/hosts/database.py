"""A PostgreSQL of three hosts under Patroni, on each a member of etcd too: the settings docs/scaling.md shows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import yaml

from qaitar.runtime.account import let_through, server_account
from qaitar.runtime.cluster import PLAIN_ENVIRONMENT, program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qaitar.runtime.account import SystemAccount
    from tests.hosts.network import Host

READY_SECONDS: Final = 120.0
SUPERUSER: Final = "postgres"
PASSWORDS: Final = {"superuser": "s-pw", "replication": "r-pw", "rewind": "w-pw"}
DATABASE: Final = "qaitar"

# What has to be the same on every member.  Patroni keeps it in etcd; `patronictl edit-config` changes it.
SHARED: Final[Mapping[str, Any]] = {
    "ttl": 20,
    "loop_wait": 5,
    "retry_timeout": 5,
    "maximum_lag_on_failover": 1_048_576,
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "postgresql": {
        "use_pg_rewind": True,
        "parameters": {
            "synchronous_commit": "on",
            "wal_log_hints": "on",
            "max_connections": 100,
            "shared_buffers": "64MB",
            "tcp_keepalives_idle": 5,
            "tcp_keepalives_interval": 2,
            "tcp_keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "wal_sender_timeout": "10s",
            "wal_receiver_timeout": "10s",
        },
    },
}


def wait_for(what: str, true: Callable[[], Any], seconds: float = READY_SECONDS) -> Any:
    """Wait until something is true and return it."""
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)
    return found


@dataclass(slots=True)
class Cluster:
    """The members, and where they keep their things."""

    members: dict[str, Host]
    folder: Path
    synchronous: bool = True

    def begin(self) -> None:
        """Start all of it and make the database and its two roles, as an administrator would."""
        for name in self.members:
            self.start_etcd(name)
        for name in self.members:
            self.start_patroni(name)
        if self.synchronous:
            self.wait_for_standby()
        else:
            wait_for("standbys", lambda: len(self._streaming()) == len(self.members) - 1)
        with self.superuser() as connection:
            for role in ("qaitar_owner", "qaitar_app"):
                connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'".encode())
            connection.execute("CREATE DATABASE qaitar OWNER qaitar_owner")
            connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE qaitar TO qaitar_app")
            connection.execute("CREATE TABLE probe (number int PRIMARY KEY)")

    def dsn(self, user: str, password: str, database: str = DATABASE) -> str:
        """Write the address of whichever member takes writes."""
        hosts = ",".join(host.address for host in self.members.values())
        return f"postgresql://{user}:{password}@{hosts}/{database}"

    def superuser(self) -> psycopg.Connection[Any]:
        """Connect to the primary as its administrator."""
        dsn = self.dsn(SUPERUSER, PASSWORDS["superuser"], "postgres")
        return psycopg.connect(
            dsn, autocommit=True, target_session_attrs="read-write", connect_timeout=3
        )

    def start_etcd(self, name: str) -> None:
        """Start a host's member of etcd, on what it kept."""
        host = self.members[name]
        peers = ",".join(f"{n}=http://{h.address}:2380" for n, h in self.members.items())
        flags = {
            "name": name,
            "data-dir": str(self.folder / f"etcd-{name}"),
            "listen-client-urls": f"http://{host.address}:2379",
            "advertise-client-urls": f"http://{host.address}:2379",
            "listen-peer-urls": f"http://{host.address}:2380",
            "initial-advertise-peer-urls": f"http://{host.address}:2380",
            "initial-cluster": peers,
        }
        line = [etcd_program(), *(f"--{key}={value}" for key, value in flags.items())]
        host.start("etcd", line, PLAIN_ENVIRONMENT)

    def start_patroni(self, name: str) -> None:
        """Start one member, on what it kept."""
        host, home = self.members[name], self.folder / f"patroni-{name}"
        account = self._account()
        home.mkdir(exist_ok=True)
        if account is not None:
            os.chown(home, account.uid, account.gid)
            let_through(home, account)
            for tree in (Path(sys.prefix), Path(sys.base_prefix), program("postgres").parent):
                let_through(tree, account)
        settings = self.folder / f"patroni-{name}.yml"
        settings.write_text(yaml.safe_dump(self.settings(name, home)), encoding="utf-8")
        line = [str(Path(sys.executable).parent / "patroni"), str(settings)]
        environ = {**PLAIN_ENVIRONMENT, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
        host.start("patroni", line, environ, account)

    def settings(self, name: str, home: Path) -> dict[str, Any]:
        """Write a member's settings."""
        host = self.members[name]
        users = {"superuser": SUPERUSER, "replication": "replicator", "rewind": "rewinder"}
        shared = {
            **SHARED,
            "synchronous_mode": self.synchronous,
            "synchronous_mode_strict": self.synchronous,
        }
        everybody = [
            "local all all trust",
            "host replication replicator 10.77.0.0/24 scram-sha-256",
        ]
        return {
            "scope": "qaitar",
            "name": name,
            "restapi": {
                "listen": f"{host.address}:8008",
                "connect_address": f"{host.address}:8008",
            },
            "etcd3": {"hosts": [f"{h.address}:2379" for h in self.members.values()]},
            "bootstrap": {
                "dcs": shared,
                "initdb": [{"encoding": "UTF8"}, "data-checksums", {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"{host.address}:5432",
                "connect_address": f"{host.address}:5432",
                "data_dir": str(home / "data"),
                "bin_dir": str(program("postgres").parent),
                "pgpass": str(home / "pgpass"),
                "pg_hba": [*everybody, "host all all 10.77.0.0/24 scram-sha-256"],
                "authentication": {
                    kind: {"username": user, "password": PASSWORDS[kind]}
                    for kind, user in users.items()
                },
                "parameters": {"unix_socket_directories": str(home)},
            },
        }

    def members_now(self) -> list[dict[str, Any]]:
        """Ask whoever of the members answers who is what."""
        for host in self.members.values():
            try:
                with urllib.request.urlopen(
                    f"http://{host.address}:8008/cluster", timeout=2
                ) as reported:
                    members: list[dict[str, Any]] = json.load(reported)["members"]
                    return members
            except (OSError, ValueError):
                continue
        return []

    def primary(self) -> str:
        """Name the member that takes writes."""
        found: str = wait_for(
            "a primary", lambda: next((m["name"] for m in self.members_now() if _leads(m)), None)
        )
        return found

    def wait_for_standby(self) -> None:
        """Wait until every member is there and whatever is committed is on two."""
        wait_for(
            "a synchronous standby",
            lambda: (
                len(found := self._streaming()) == len(self.members) - 1
                and any(member["role"] == "sync_standby" for member in found)
            ),
        )

    def _streaming(self) -> list[dict[str, Any]]:
        return [m for m in self.members_now() if m.get("state") == "streaming"]

    def _account(self) -> SystemAccount | None:
        return server_account(self.folder / "nothing-yet")


def _leads(member: dict[str, Any]) -> bool:
    return member["role"] == "leader" and member.get("state") == "running"


def etcd_program() -> str:
    """Return the path of etcd, or nothing where it is not installed."""
    return shutil.which("etcd", path="/usr/local/bin:/usr/bin:/bin") or ""


def lacking() -> str:
    """Say what this machine lacks for several hosts; nothing when it lacks nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool, package in (("ip", "iproute2"), ("unshare", "util-linux"), ("setpriv", "util-linux")):
        if shutil.which(tool) is None:
            return f"the program {tool} is missing (Debian package {package})"
    if not etcd_program():
        return "etcd is missing (Debian package etcd-server)"
    if not (Path(sys.executable).parent / "patroni").exists():
        return "Patroni is missing: pip install --require-hashes -r requirements/hosts.txt"
    trial = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "ip", "link"]
    tried = subprocess.run(trial, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"
