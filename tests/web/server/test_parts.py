"""The parts of the server without a socket: pace, disk, streams, the environment, health."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import translation

from qaitar.foundation.inbox.request_bodies import BodyFailure
from qaitar.web.hooks import health
from qaitar.web.server.answer import PIECE_BYTES, FileBody, ServerAnswer, StreamSender, pieces_of
from qaitar.web.server.app import Server
from qaitar.web.server.body import BodyRefused, ClientGone, IncomingBody, Spool
from qaitar.web.server.environ import environ_of, length_of
from qaitar.web.server.limits import Limits
from qaitar.web.server.monitor import HealthReport, Monitor
from qaitar.web.server.threads import Threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from pathlib import Path

KB = 1024
FAST = Limits(
    memory_bytes=10 * KB, spool_bytes=40 * KB, grace_seconds=0.2, bytes_per_second=100_000
)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


class Sender:
    """A client that sends pieces with a pause before each, and then nothing more."""

    def __init__(self, *pieces: bytes, pause: float = 0.0, then: str = "http.request") -> None:
        self._left = list(pieces)
        self._pause = pause
        self._then = then

    async def __call__(self) -> dict[str, Any]:
        await asyncio.sleep(self._pause)
        if not self._left:
            return {"type": self._then, "body": b"", "more_body": False}
        return {"type": "http.request", "body": self._left.pop(0), "more_body": True}


async def received(
    sender: Sender, limits: Limits = FAST, bytes_max: int = 1_000_000
) -> tuple[bool, bytes, int]:
    """Return whether all came, the bytes, and how much of the disk was taken for them."""
    with ThreadPoolExecutor(1) as writers:
        spool = Spool(writers, limits.spool_bytes)
        body = IncomingBody(sender, limits, spool)
        try:
            whole = await body.read(bytes_max)
            content = (await body.whole()).read()
            accepted = limits.spool_bytes - spool.bytes_free
        finally:
            body.close()
        assert spool.bytes_free == limits.spool_bytes
        return whole, content, accepted


def test_a_small_body_stays_in_memory_and_a_larger_one_goes_to_the_disk() -> None:
    assert run(received(Sender(b"a", b"b"))) == (True, b"ab", 0)
    pieces = [bytes([number]) * 6 * KB for number in range(5)]
    assert run(received(Sender(*pieces))) == (True, b"".join(pieces), 30 * KB)


def test_reading_ends_at_the_first_byte_too_many() -> None:
    whole, content, _ = run(received(Sender(b"a" * 5, b"b" * 5, b"c" * 5), bytes_max=9))
    assert (whole, content) == (False, b"a" * 5 + b"b" * 5)


@pytest.mark.parametrize(
    ("sender", "limits", "failure"),
    [
        (Sender(b"a", pause=1.0), FAST, BodyFailure.TOO_SLOW),
        (Sender(*[b"a" * KB] * 50, pause=0.05), FAST, BodyFailure.TOO_SLOW),  # 20 kB a second
        (Sender(*[b"a" * 11 * KB] * 4), FAST, BodyFailure.TOO_MANY),
    ],
)
def test_a_body_that_costs_too_much_is_refused(
    sender: Sender, limits: Limits, failure: BodyFailure
) -> None:
    with pytest.raises(BodyRefused) as refused:
        run(received(sender, limits))
    assert refused.value.failure is failure


def test_a_body_at_the_least_pace_is_received() -> None:
    """40 kB in 0.25 s, with 0.2 s and a second for each 100 kB."""
    whole, content, _ = run(received(Sender(*[b"a" * 8 * KB] * 5, pause=0.05)))
    assert (whole, len(content)) == (True, 40 * KB)


def test_a_full_disk_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_data: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda: SimpleNamespace(write=full, close=list))
    with pytest.raises(BodyRefused) as refused:
        run(received(Sender(b"a" * 20 * KB)))
    assert refused.value.failure is BodyFailure.NO_SPACE


def test_a_client_that_goes_away_is_no_end_of_a_body() -> None:
    with pytest.raises(ClientGone):
        run(received(Sender(b"a", then="http.disconnect")))


class Stream:
    """Pieces of a stream, and whether it was closed."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.closed = False
        self.languages: set[str] = set()

    def __iter__(self) -> Iterator[bytes]:
        with translation.override("kk"):
            while self.left:
                self.left -= 1
                self.languages.add(translation.get_language())
                yield b"x" * PIECE_BYTES

    def close(self) -> None:
        self.closed = True


async def streamed(stream: Stream, gone_after: int, send_seconds: float = 5.0) -> list[bytes]:
    """Send a stream to a client that goes away, or stops reading, after so many pieces."""
    got: list[bytes] = []
    gone = asyncio.Event()
    stuck = send_seconds < 1

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            got.append(message["body"])
            if len(got) == gone_after:
                gone.set()
                await asyncio.sleep(60 if stuck else 0.05)

    async def receive() -> dict[str, Any]:
        await (asyncio.sleep(60) if stuck else gone.wait())
        return {"type": "http.disconnect"}

    threads = Threads(2)
    run_there = partial(threads.run, thread=1)
    busy = [threads.run(translation.activate, "en") for _ in range(50)]  # requests of others
    answer = ServerAnswer(200, (), stream=stream, context=copy_context())
    try:
        await StreamSender(send, receive, run_there, send_seconds).run(answer)
    finally:
        threads.end()
    await asyncio.gather(*busy)
    return got


def test_a_stream_is_sent_whole_in_its_own_language_and_closed() -> None:
    stream = Stream(5)
    assert len(run(streamed(stream, gone_after=0))) == 5
    assert (stream.closed, stream.languages) == (True, {"kk"})


def test_a_stream_ends_when_its_client_is_gone() -> None:
    stream = Stream(1000)
    assert len(run(streamed(stream, gone_after=3))) == 3
    assert stream.closed
    assert stream.left >= 995


def test_a_stream_is_not_made_for_who_does_not_read() -> None:
    """And no thread waits for them: pieces are made one by one."""
    stream = Stream(1000)
    run(streamed(stream, gone_after=2, send_seconds=0.2))
    assert stream.closed
    assert stream.left >= 996


def scope(*headers: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "server": ("127.0.0.1", "8000"),
        "client": ("10.1.2.3", "5555"),
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"",
        "headers": list(headers),
        **more,
    }


def test_the_environment_is_what_wsgi_promises() -> None:
    sent = scope(
        (b"host", b"shop.kz"),
        (b"content-type", b"text/plain"),
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"x-forwarded-for", b"2.2.2.2"),
        (b"x_forwarded_for", b"6.6.6.6"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"transfer-encoding", b"chunked"),
        path="/ж%",
        raw_path=b"/%D0%B6%25",
        query_string=b"a=%ff",
    )
    environ = environ_of(sent)
    assert environ["HTTP_HOST"] == "shop.kz"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"
    assert environ["HTTP_COOKIE"] == "a=1;b=2"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/ж%"
    assert environ["QUERY_STRING"] == "a=%ff"
    assert environ["REMOTE_ADDR"] == "10.1.2.3"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert length_of(sent) is None
    assert length_of(scope((b"content-length", b"7"))) == 7
    assert length_of(scope()) == 0


def test_a_report_is_made_once_for_all_who_ask_and_a_hanging_one_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qaitar.web.server.monitor.CLIENT_SECONDS", 0.2)
    made: list[int] = []
    let_go = threading.Event()

    def make() -> HealthReport:
        made.append(1)
        let_go.wait(10)
        return HealthReport(200, "text/plain", b"ready")

    monitor = Monitor({"/readyz": make})
    monitor.start()

    async def ask() -> list[ServerAnswer]:
        requested = scope(method="GET", path="/readyz")
        return await asyncio.gather(*[monitor.answer(requested) for _ in range(20)])

    assert {answer.status for answer in run(ask())} == {503}
    let_go.set()
    assert {answer.content for answer in run(ask())} == {b"ready"}
    assert made == [1]
    monitor.stop()


@pytest.mark.django_db
def test_a_full_disk_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(free=3 * 1024 * 1024)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: free)
    status, content = health.readiness()
    assert (status, json.loads(content)["checks"]["disk"]) == (503, "full: 3 MB free")
    assert json.loads(content)["ready"] is False


@pytest.mark.django_db
def test_a_data_folder_that_is_not_made_yet_is_ready(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "not" / "yet"
    status, content = health.readiness()
    assert (status, json.loads(content)["checks"]["disk"]) == (200, "ok")


def test_a_file_is_read_piece_by_piece() -> None:
    body = FileBody(io.BytesIO(b"x" * (PIECE_BYTES + 1)))
    assert [len(piece) for piece in pieces_of(body)] == [PIECE_BYTES, 1]


@asynccontextmanager
async def running(handler: Any, limits: Limits, django_threads: int) -> AsyncIterator[Server]:
    """Start the server, and end it afterwards."""
    begin = asyncio.Event()
    end = asyncio.Event()

    async def live() -> dict[str, Any]:
        await (end.wait() if begin.is_set() else asyncio.sleep(0))
        return {"type": "lifespan"}

    async def lived(_message: dict[str, Any]) -> None:
        begin.set()

    server = Server(handler, Monitor({}), limits, django_threads=django_threads)
    life = asyncio.create_task(server({"type": "lifespan"}, live, lived))
    await begin.wait()
    try:
        yield server
    finally:
        end.set()
        await life


async def served(
    handler: Any, *messages: dict[str, Any], limits: Limits = FAST, **sent: Any
) -> Any:
    """Send one request to the server with a handler of its own; return what it sent and what the handler was given."""
    given: list[dict[str, Any]] = []

    def called(environ: dict[str, Any], start: Any) -> Any:
        given.append({**environ, "body": environ["wsgi.input"].read()})
        return handler(environ, start)

    left = list(messages)
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    async with running(called, limits, django_threads=1) as server:
        await server(scope(**sent), receive, send)
    return got, given


def streaming(stream: Stream) -> Any:
    def handler(_environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [("Content-Length", "5")])
        return SimpleNamespace(streaming=True, __iter__=stream.__iter__, close=stream.close)

    return handler


def plain(_environ: dict[str, Any], start: Any) -> Any:
    start("200 OK", [])
    return SimpleNamespace(streaming=False, content=b"ok", close=list)


def test_a_head_of_a_stream_makes_nothing_of_it() -> None:
    stream = Stream(5)
    got, _ = run(served(streaming(stream), method="HEAD"))
    assert [message["type"] for message in got] == ["http.response.start", "http.response.body"]
    assert (stream.closed, stream.left) == (True, 5)


def test_a_body_without_room_at_its_very_end_is_reported_to_the_handler() -> None:
    """What was still in memory when the last byte came has to go to the disk too."""
    part = {"type": "http.request", "body": b"a" * 11 * KB, "more_body": True}
    last = {"type": "http.request", "body": b"a" * 9 * KB, "more_body": False}
    limits = replace(FAST, spool_bytes=12 * KB, anonymous_bytes=100 * KB)
    chunked = [(b"transfer-encoding", b"chunked")]
    _, (given,) = run(served(plain, part, last, limits=limits, headers=chunked))
    assert given["qaitar.body_failure"] is BodyFailure.TOO_MANY
    assert given["body"] == b""


def test_a_client_that_goes_away_reaches_no_handler() -> None:
    part = {"type": "http.request", "body": b"a", "more_body": True}
    got, given = run(served(plain, part, headers=[(b"content-length", b"5")]))
    assert (got, given) == ([], [])


async def _answered_next_to_refusals() -> list[str]:
    """Send six bodies that are refused, then one request without a body; return what the handler did, in order."""
    done: list[str] = []
    let_go = threading.Event()

    def handler(environ: dict[str, Any], start: Any) -> Any:
        refused = "qaitar.body_failure" in environ
        if refused:
            let_go.wait(5)
        done.append("refused" if refused else "asked")
        return plain(environ, start)

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: dict[str, Any]) -> None:
        return

    async with running(handler, FAST, django_threads=2) as server:
        too_large = [(b"content-length", b"100000")]
        refusals = [
            asyncio.create_task(server(scope(headers=too_large), gone, send)) for _ in range(6)
        ]
        await asyncio.sleep(0.1)
        try:
            await asyncio.wait_for(server(scope(), gone, send), 4)
        finally:
            let_go.set()
            await asyncio.gather(*refusals)
    return done


def test_answers_to_refused_bodies_leave_a_thread_for_everybody_else() -> None:
    """Two hundred slow bodies are given up in the same second; a page does not wait behind their answers."""
    assert run(_answered_next_to_refusals()) == ["asked", *["refused"] * 6]


async def _worked() -> None:
    threads = Threads(3)
    places = [threads.run(threads.here, thread=number % 3) for number in range(30)]
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 1, 0)
    assert await asyncio.gather(*places) == [number % 3 for number in range(30)]
    held = threading.Event()
    waiting = threads.run(held.wait, 5, thread=0)
    threads.run(threads.here, thread=0).cancel()
    held.set()
    assert await waiting
    assert await threads.run(threads.here, thread=0) == 0  # the thread is still there
    threads.end()


def test_work_for_one_thread_is_done_there_and_in_order_and_errors_come_back() -> None:
    run(_worked())
