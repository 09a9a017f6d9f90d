"""Loopback ports: which are free, and whose a taken one is."""

from __future__ import annotations

import contextlib
import random
import socket

import psutil

from qaitar.runtime.problems import PortInUse

LOOPBACK = "127.0.0.1"
# Below the range from which systems hand out ports for outgoing connections (32768 and up).
_OURS = range(20000, 30000)
_TRIES = 200


_THIS_MACHINE = {"127.0.0.1", "::1", "0.0.0.0", "::", "localhost"}  # noqa: S104  compared with, not listened on


def web_address(host: str, port: int) -> str:
    """Return the address people open: this machine by its name, since browsers keep passkeys for names only.

    >>> web_address("127.0.0.1", 8000), web_address("0.0.0.0", 80), web_address("10.0.0.5", 8000)
    ('http://localhost:8000', 'http://localhost:80', 'http://10.0.0.5:8000')
    """
    return f"http://{'localhost' if host in _THIS_MACHINE else host}:{port}"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_port(preferred: int | None = None) -> int:
    """Return the preferred loopback port when it is free, else some free one from 20000 to 29999."""
    if preferred is not None and is_free(preferred):
        return preferred
    for port in random.sample(_OURS, _TRIES):  # not for secrecy: only to spread installations
        if is_free(port):
            return port
    raise PortInUse(
        f"No free port among {_TRIES} tried from {_OURS.start} to {_OURS.stop - 1} on {LOOPBACK}: "
        "too many programs listen on this machine."
    )


def require_free_port(port: int, host: str = LOOPBACK) -> None:
    """Raise `PortInUse`, naming the program that listens there when it can be seen."""
    if is_free(port, host):
        return
    raise PortInUse(
        f"Port {port} on {host} is taken by {_listener(port)}: end it or choose another port with "
        "--port."
    )


def _listener(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.laddr[1:] != (port,):
                continue
            if connection.pid is not None:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"
