"""Every call of a connector goes to a judged address, within one deadline, through the operator's proxy or none."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from qaitar.transport import outgoing
from qaitar.transport.http import (
    AddressNotAllowed,
    HttpClient,
    NoAnswer,
    NotSent,
    Request,
    Timeouts,
)
from tests.transport.test_addresses import TRICKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def nothing_listed() -> Iterator[None]:
    """Only the public internet may be called, as on a machine whose operator lists nothing."""
    before = outgoing.private_hosts()
    outgoing.set_policy([])
    yield
    outgoing.set_policy(before)


class Listener:
    """Accepts connections on this machine, keeps what came first on each, and answers as told."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self.got: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.got.append(caller.recv(65_536))
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def close(self) -> None:
        self._socket.close()


def answer_whole(caller: socket.socket) -> None:
    with caller:
        caller.sendall(ANSWER)


def drip(caller: socket.socket) -> None:
    """Send a byte of an endless answer every tenth of a second."""
    with caller:
        try:
            caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(200):
                caller.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            return


def test_a_dripping_answer_ends_at_the_deadline() -> None:
    listener = Listener(drip)
    started = time.monotonic()
    waits = Timeouts(connect_s=1, read_s=5, total_s=0.6)
    client = HttpClient(f"http://127.0.0.1:{listener.port}", timeouts=waits)
    with client, pytest.raises(NoAnswer, match="ReadTimeout"):
        client.send(Request("GET", "/"))
    listener.close()
    assert time.monotonic() - started < 3
    assert len(listener.got) == 1


def test_each_exchange_of_a_client_has_a_deadline_of_its_own() -> None:
    listener = Listener(answer_whole)
    waits = Timeouts(total_s=1.0)
    with HttpClient(f"http://127.0.0.1:{listener.port}", timeouts=waits) as client:
        for _ in range(3):
            assert client.send(Request("GET", "/")).body == b"ok"
            time.sleep(0.5)
    listener.close()
    assert len(listener.got) == 3


@pytest.mark.parametrize("url", TRICKS)
def test_a_tricky_address_is_never_connected_to(
    url: str, nothing_listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(
        httpcore.SyncBackend, "connect_tcp", lambda *given, **_: called.append(given)
    )
    with HttpClient(url) as client, pytest.raises(NotSent):
        client.send(Request("GET", "/latest/meta-data"))
    assert called == []


def test_the_connection_goes_to_the_address_that_was_judged(
    nothing_listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is judged and private a moment later is called at the public address."""
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    monkeypatch.setattr(outgoing, "system_resolver", lambda _host, _port: answers.pop(0))
    called: list[str] = []

    def connect(_self: Any, host: str, *_given: Any, **_named: Any) -> Any:
        called.append(host)
        raise httpcore.ConnectError("no network here")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with HttpClient("https://shop.example.kz") as client:
        with pytest.raises(NotSent, match="ConnectError"):
            client.send(Request("GET", "/"))
        with pytest.raises(AddressNotAllowed, match="not_public"):
            client.send(Request("GET", "/"))
    assert called == ["93.184.215.14"]


def test_a_listed_host_may_be_called_on_its_port_only(nothing_listed: None) -> None:
    listener = Listener(answer_whole)
    outgoing.set_policy([f"127.0.0.1:{listener.port}"])
    with HttpClient(f"http://127.0.0.1:{listener.port}") as client:
        assert client.send(Request("GET", "/x?y=1")).body == b"ok"
    other = Listener(answer_whole)
    with HttpClient(f"http://127.0.0.1:{other.port}") as client, pytest.raises(AddressNotAllowed):
        client.send(Request("GET", "/"))
    listener.close()
    other.close()
    assert listener.got[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{listener.port}".encode() in listener.got[0]
    assert other.got == []


def test_a_proxy_is_requested_for_the_judged_address_and_reported_its_password(
    nothing_listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(caller: socket.socket) -> None:
        with caller:
            caller.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    proxy = Listener(refuse)
    monkeypatch.setattr(outgoing, "system_resolver", lambda _host, _port: ["93.184.215.14"])
    address = f"http://kz:secret@127.0.0.1:{proxy.port}"
    client = HttpClient("https://kaspi.example.kz", proxy=address)
    with client, pytest.raises(NotSent):
        client.send(Request("GET", "/orders"))
    proxy.close()
    (requested,) = proxy.got
    assert requested.startswith(b"CONNECT 93.184.215.14:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic a3o6c2VjcmV0" in requested


def test_a_name_server_that_hangs_ends_the_look_up(
    nothing_listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    monkeypatch.setattr(outgoing, "LOOKUP_MAX_S", 0.2)
    monkeypatch.setattr(outgoing, "system_resolver", lambda *_: [str(done.wait(5))])
    client = HttpClient("https://slow.example.kz")
    with client, pytest.raises(NotSent, match="has no address now"):
        client.send(Request("GET", "/"))
    done.set()
