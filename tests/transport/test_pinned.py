"""The call goes where it was vetted to go, says whom it wants, and ends in time."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from qaitar.transport.addresses import CallTarget
from qaitar.transport.http import NoAnswer, NotSent
from qaitar.transport.pinned import ANSWER_MAX_BYTES, deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def _listening(
    answer: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve one connection on a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with closing(plain):
            try:
                speaking = tls.wrap_socket(plain, server_side=True) if tls else plain
                answer(speaking)
                speaking.close()
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=5)


def _read_request(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    read = b""
    while b"\r\n\r\n" not in read or not read.endswith(b"}"):
        part = connection.recv(65_536)
        if not part:
            break
        read += part
    return read


def _at(port: int, scheme: str = "http") -> CallTarget:
    return CallTarget(scheme, "hooks.shop.test", "127.0.0.1", port, "/in?a=1")


def test_it_connects_to_the_vetted_address_and_asks_for_the_named_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []
    names: list[object] = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: names.append(host) or real(host, *a, **k)
    )

    def answer(connection: socket.socket) -> None:
        seen.append(_read_request(connection))
        connection.sendall(OK)

    with _listening(answer) as port:
        reply = deliver(_at(port), {"webhook-id": "m1"}, b"{}")

    head = seen[0].decode().split("\r\n")
    assert (reply.status, reply.body) == (200, b"ok")
    assert head[0] == "POST /in?a=1 HTTP/1.1"
    assert f"Host: hooks.shop.test:{port}" in head
    assert "webhook-id: m1" in head
    assert "Content-Length: 2" in head
    assert seen[0].endswith(b"\r\n\r\n{}")
    assert "hooks.shop.test" not in names


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    def answer(connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(
            b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )

    with _listening(answer) as port:
        reply = deliver(_at(port), {}, b"{}")

    assert reply.status == 307
    assert reply.headers["location"] == "http://127.0.0.1:1/"


def test_an_endless_answer_is_cut() -> None:
    def answer(connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x" * 65_536)

    with _listening(answer) as port:
        reply = deliver(_at(port), {}, b"{}")

    assert reply.body == b"x" * ANSWER_MAX_BYTES


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_a_dripping_answer_ends_at_the_deadline(start: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(start)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    with _listening(answer) as port, pytest.raises(NoAnswer):
        deliver(_at(port), {}, b"{}", deadline_s=0.5)

    assert time.monotonic() - began < 3


def test_a_connection_cut_after_the_request_may_have_been_executed() -> None:
    with (
        _listening(lambda connection: _read_request(connection) and None) as port,
        pytest.raises(NoAnswer),
    ):
        deliver(_at(port), {}, b"{}")


def test_a_refused_connection_was_surely_not_executed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(NotSent):
        deliver(_at(port), {}, b"{}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.shop.test, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.shop.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("hooks.shop.test")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_the_certificate_is_checked_against_the_name_not_the_address(certificate: Path) -> None:
    requested: list[str | None] = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    server.sni_callback = lambda _socket, name, _context: requested.append(name)
    trust = ssl.create_default_context(cafile=str(certificate))

    def answer(connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(OK)

    with _listening(answer, server) as port:
        assert deliver(_at(port, "https"), {}, b"{}", trust=trust).status == 200
    with _listening(answer, server) as port, pytest.raises(NotSent):
        deliver(CallTarget("https", "other.test", "127.0.0.1", port), {}, b"{}", trust=trust)
    with _listening(answer, server) as port, pytest.raises(NotSent):
        deliver(_at(port, "https"), {}, b"{}")
    assert requested == ["hooks.shop.test", "other.test", "hooks.shop.test"]
