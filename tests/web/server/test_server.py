"""The real server over a socket: how much it receives, how fast and from whom, that nobody waits meanwhile; and HTTP itself."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from qaitar.runtime.ports import LOOPBACK
from qaitar.web import console
from tests.web.server.site import (
    ANONYMOUS_MAX,
    BODY_SECONDS,
    SlowBodies,
    answer_of,
    ask,
    body_addresses,
    chunked,
    connect,
    head,
    seconds_of,
    send_until_refused,
    site,
)

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.web.server.site import Site

MB: Final = 1024 * 1024
JSON: Final = "Content-Type: application/json\r\n"
CHUNKED: Final = "Transfer-Encoding: chunked\r\n"
SLOW_READERS: Final = 60
CLIENTS: Final = 50
PROBE_SECONDS_MAX: Final = 3.0
"""Of a machine that runs other tests; the proof (tests/proofs/safety/test_slow_bodies.py) holds the figure itself."""


def test_no_address_takes_more_than_the_limit_from_a_stranger(served: Site) -> None:
    """Without the body having come: nobody waits for it, and nothing lies on the disk."""
    paths = body_addresses()
    assert len(paths) > 150
    wrong = {}
    for path in paths:
        status, got = ask(served.port, head("POST", path, length=ANONYMOUS_MAX + 1))
        if status != 413:
            wrong[path] = got[:200]
    assert wrong == {}
    assert served.files_open() == []


def test_no_address_takes_more_in_chunks_from_a_stranger(served: Site) -> None:
    """What comes in pieces is refused at the first byte too many, and nothing of it stays."""
    body = chunked(b"x" * (ANONYMOUS_MAX + 1))
    wrong = {}
    for path in body_addresses():
        with connect(served.port) as line:
            line.sendall(head("POST", path, CHUNKED))
            with suppress(OSError):  # refused while it is sent
                line.sendall(body)
            status, got = answer_of(line)
        if status not in {401, 413}:
            wrong[path] = got[:200]
    assert wrong == {}
    assert served.files_open() == []


def test_what_a_stranger_may_send_is_received_to_the_last_byte(served: Site) -> None:
    sent = head("POST", "/accounts/login/", length=ANONYMOUS_MAX) + b"x" * ANONYMOUS_MAX
    assert ask(served.port, sent)[0] == 403  # no token of ours in the form
    over = b"x" * (ANONYMOUS_MAX + 1)
    with connect(served.port) as line:
        line.sendall(head("POST", "/accounts/login/", CHUNKED) + chunked(over))
        assert answer_of(line)[0] == 413
    assert served.files_open() == []


def test_a_large_form_of_a_stranger_is_refused_before_it_is_sent(served: Site) -> None:
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    with connect(served.port) as line:
        line.sendall(head("POST", "/accounts/login/", kind, length=700 * MB))
        assert send_until_refused(line, b"x" * MB, 700) < 64 * MB
    with connect(served.port) as line:
        line.sendall(head("POST", "/accounts/login/", f"{kind}{CHUNKED}"))
        piece = b"%x\r\n%s\r\n" % (MB, b"x" * MB)
        assert send_until_refused(line, piece, 700) < 64 * MB
    assert served.files_open() == []


def test_a_made_up_token_is_refused_before_the_body(served: Site) -> None:
    headers = f"Authorization: Bearer qtr_{'a' * 43}\r\n{JSON}"
    status, got = ask(served.port, head("POST", "/api/v1/returns", headers, length=200_000))
    assert status == 401
    assert b"TOKEN_UNKNOWN" in got
    status, _ = ask(served.port, head("POST", "/api/v1/returns", headers, length=30) + b"{" * 30)
    assert status == 401  # and before a small body is read as JSON


def test_a_body_above_what_the_call_takes_is_refused_before_it_comes(served: Site) -> None:
    headers = f"{served.with_token}{JSON}"
    status, got = ask(served.port, head("POST", "/api/v1/returns", headers, length=300_000))
    assert status == 413
    assert b"BODY_TOO_LARGE" in got


def test_a_valid_token_sends_what_its_call_takes(served: Site) -> None:
    text = json.dumps({"store": served.store, "number": "1" * 200_000}).encode()
    headers = f"{served.with_token}{JSON}"
    status, got = ask(served.port, head("POST", "/api/v1/returns", headers, len(text)) + text)
    assert (status, b"NOT_VALID" in got) == (422, True)


def test_a_call_in_chunks_is_read(served: Site) -> None:
    call = {"store": served.store, "number": "700000077-1"}
    text = json.dumps(call).encode()
    sent = head("POST", "/api/v1/returns", f"{served.with_token}{JSON}{CHUNKED}")
    status, got = ask(served.port, sent + chunked(text[:20], text[20:]))
    assert status == 201, got
    assert b"700000077-1" in got


def test_a_body_that_does_not_come_is_not_waited_for(served: Site) -> None:
    began = time.monotonic()
    slow = SlowBodies(served.port, [head("POST", "/accounts/login/", length=1000)] * 3)
    assert slow.statuses() == [408] * 3
    slow.close()
    assert time.monotonic() - began < BODY_SECONDS + PROBE_SECONDS_MAX


def test_slow_bodies_hold_up_nobody(served: Site) -> None:
    """Four of them stopped the whole console before."""
    paths = ["/accounts/login/", "/api/v1/returns", "/imports", f"/returns/{served.case}/evidence"]
    slow = SlowBodies(served.port, [head("POST", path, length=5000) for path in paths * 8])
    try:
        accepted = seconds_of(served.port, head("GET", "/healthz"), 10)
        slow.drip()
        accepted += seconds_of(served.port, head("GET", "/", served.signed_in), 5)
    finally:
        slow.close()
    assert max(accepted) < PROBE_SECONDS_MAX


def test_readers_that_do_not_read_hold_up_nobody(served: Site) -> None:
    """Clients that ask for whole pages and styles and then take nothing out of a window of a few kilobytes."""
    requested = [
        head("GET", path, served.signed_in) * 4
        for path in ("/", "/static/console/css/office.css")
        for _ in range(SLOW_READERS // 2)
    ]
    with ExitStack() as lines:
        for each in requested:
            line = lines.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.connect((LOOPBACK, served.port))
            line.sendall(each)
        alive = seconds_of(served.port, head("GET", "/healthz"), 10)
        queue = seconds_of(served.port, head("GET", "/", served.signed_in), 5)
    assert max(alive + queue) < PROBE_SECONDS_MAX


def test_fifty_clients_at_once_are_all_answered(served: Site) -> None:
    requests = [
        head("GET", "/", served.signed_in),
        head("GET", f"/returns/{served.case}", served.signed_in),
        head("GET", "/api/v1/returns", served.with_token),
        head("GET", "/healthz"),
    ]

    def call(number: int) -> list[int]:
        return [ask(served.port, requests[(number + at) % len(requests)])[0] for at in range(4)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [each for found in pool.map(call, range(CLIENTS)) for each in found]
    assert statuses == [200] * CLIENTS * 4


def test_phones_on_a_weak_line_hold_up_nobody(served: Site) -> None:
    """Large uploads of people who are signed in, each coming drop by drop."""
    path = f"/returns/{served.case}/evidence"
    headers = f"{served.signed_in}Content-Type: multipart/form-data; boundary=b\r\n"
    phones = SlowBodies(served.port, [head("POST", path, headers, length=50 * MB)] * 6)
    try:
        accepted = []
        for _ in range(4):
            phones.drip()
            accepted += seconds_of(served.port, head("GET", "/", served.signed_in), 2)
    finally:
        phones.close()
    assert max(accepted) < PROBE_SECONDS_MAX


def test_a_person_sends_a_large_form_where_files_are_accepted(served: Site) -> None:
    """It comes whole to the view, through the disk, and leaves nothing there."""
    token = "a" * 32
    body = (
        b'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n%s\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n%s\r\n--b--\r\n'
    ) % (token.encode(), bytes(3 * MB))
    cookies = f"{served.signed_in.strip()}; csrftoken={token}\r\n"
    headers = f"{cookies}Content-Type: multipart/form-data; boundary=b\r\n"
    path = f"/returns/{served.case}/evidence"
    status, got = ask(served.port, head("POST", path, headers, len(body)) + body)
    assert (status, "a.bin" in got.decode()) == (409, True), got[
        :500
    ]  # named, and why it is none of ours
    assert served.files_open() == []
    status, _ = ask(served.port, head("POST", "/profile", headers, len(body)))
    assert status == 413  # a page that takes no files


# --- HTTP ---


def test_one_connection_serves_many_requests(served: Site) -> None:
    with connect(served.port) as line:
        for _ in range(3):
            line.sendall(head("GET", "/accounts/login/"))
            assert answer_of(line)[0] == 200
            text = b"a=b"
            line.sendall(head("POST", "/accounts/login/", length=3) + text)
            assert answer_of(line)[0] == 403


def test_head_has_the_headers_of_get_and_no_body(served: Site) -> None:
    with connect(served.port) as line:
        line.sendall(head("HEAD", "/accounts/login/", "Connection: close\r\n"))
        got = b""
        while part := line.recv(65_536):
            got += part
    first, _, body = got.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200")
    assert b"content-security-policy" in first.lower()
    assert body == b""


def test_options_of_the_api_names_its_methods(served: Site) -> None:
    status, got = ask(served.port, head("OPTIONS", "/api/v1/returns", served.with_token))
    assert status == 405
    assert b"allow: GET, POST" in got.replace(b"Allow", b"allow")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /accounts/login/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /accounts/login/ HTTP/1.1\r\nHost : h\r\n\r\n",
        b"GET  /accounts/login/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /accounts/login/ HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 300_000 + b"\r\n\r\n",
    ],
    ids=["two lengths", "no number", "negative", "unknown coding", "space", "two spaces", "large"],
)
def test_malformed_heads_are_refused(served: Site, sent: bytes) -> None:
    status, _ = ask(served.port, sent)
    assert status in {0, 400, 414, 431}


def test_a_length_next_to_chunks_smuggles_nothing(served: Site) -> None:
    """Either the whole is refused, or the connection carries exactly one request."""
    inner = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    sent = (
        b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + inner
    )
    with connect(served.port) as line:
        line.sendall(sent)
        got = b""
        while part := line.recv(65_536):
            got += part
    assert got.count(b"HTTP/1.1 ") <= 1
    assert b"ok\n" not in got


def test_http_2_without_tls_is_not_spoken(served: Site) -> None:
    settings_frame = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    with connect(served.port) as line:
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings_frame)
        got = line.recv(1000)
    assert got == b"" or got.startswith(b"HTTP/1.1 4")


def test_invented_methods_are_one_line_of_the_figures(served: Site) -> None:
    for number in range(30):
        ask(served.port, head(f"BREW{number}", "/accounts/login/"))
    seen = b"".join(ask(served.health_port, head("GET", "/metrics"))[1] for _ in range(4))
    assert b'method="other"' in seen
    assert b"BREW" not in seen


def test_figures_are_reported_at_their_own_port_alone(served: Site) -> None:
    assert ask(served.port, head("GET", "/metrics"))[0] == 404
    status, got = ask(served.health_port, head("GET", "/metrics"))
    assert (status, b"qaitar_http_request_duration_seconds" in got) == (200, True)
    for port in (served.port, served.health_port):
        assert ask(port, head("GET", "/healthz"))[1].endswith(b"ok\n")
        status, got = ask(port, head("GET", "/readyz"))
        checks = json.loads(got.partition(b"\r\n\r\n")[2])["checks"]
        assert (status, checks) == (200, {"database": "ok", "walls": "ok", "disk": "ok"})
    assert ask(served.health_port, head("GET", "/accounts/login/"))[0] == 404


def test_files_are_sent_whole(served: Site) -> None:
    """Styles come from the disk piece by piece, and again after them another request over the same connection."""
    path = Path(console.__file__).parent / "static/console/css/office.css"
    with connect(served.port) as line:
        for _ in range(2):
            line.sendall(head("GET", "/static/console/css/office.css"))
            status, got = answer_of(line)
            assert (status, got.partition(b"\r\n\r\n")[2]) == (200, path.read_bytes())


@pytest.mark.usefixtures("served")  # which empties the database after it
def test_a_stop_lets_requests_under_way_end(
    database: DatabaseAddresses, django_db_blocker: Any, tmp_path: Path
) -> None:
    """A call that waits for a row is answered though the server was told to stop meanwhile."""
    with (
        django_db_blocker.unblock(),
        site(database, tmp_path, workers=1) as stopping,
        psycopg.connect(database.owner_dsn) as owner,
        connect(stopping.port) as line,
    ):
        owner.execute("LOCK TABLE foundation_apitoken IN ACCESS EXCLUSIVE MODE")
        line.sendall(head("GET", "/api/v1/me", stopping.with_token))
        time.sleep(0.5)
        stopping.program.terminate()
        time.sleep(1.0)
        owner.rollback()
        assert answer_of(line)[0] == 200
        stopping.program.wait(5)
