"""The supervisor keeps programs running, and leaves none behind however it ends itself."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qaitar.runtime.ports import is_free, pick_port, require_free_port
from qaitar.runtime.problems import NotReady, PortInUse
from qaitar.runtime.processes import Program, Restarts, Supervisor, wait_ready
from qaitar.sandbox.serving import Serving
from tests.runtime.programs import first_line, is_alive, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

# Each child writes its own process id, and that of a grandchild, into the folder it is given.
SUPERVISE = """
import sys
from qaitar.runtime.processes import Program, Supervisor
folder = sys.argv[1]
family = 'echo $$ > "$0/$1"; sleep 600 & echo $! > "$0/$1-child"; wait'
stubborn = 'trap "" TERM INT; echo $$ > "$0/$1"; while :; do sleep 1; done'
polite = 'trap "echo INT > \\\\"$0/said\\\\"; exit" INT; echo $$ > "$0/$1"; while :; do sleep 0.1; done'
scripts = {"family": family, "stubborn": stubborn, "polite": polite}
programs = [Program(name, ["sh", "-c", scripts[name], folder, name]) for name in sys.argv[2:]]
print("ready", flush=True)
sys.exit(Supervisor(programs, grace_seconds=1.0).run())
"""


def pids(folder: Path, *names: str) -> list[int]:
    """Return the process ids written by the children once all are there."""
    paths = [folder / name for name in names]
    wait_for(lambda: all(path.exists() and path.read_text().strip() for path in paths))
    return [int(path.read_text()) for path in paths]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_child_and_grandchild(tmp_path: Path, number: int) -> None:
    with running(SUPERVISE, tmp_path, "family", "stubborn") as supervisor:
        first_line(supervisor)
        family = pids(tmp_path, "family", "family-child", "stubborn")
        assert [is_alive(pid) for pid in family] == [True, True, True]
        began = time.monotonic()
        supervisor.send_signal(number)
        assert supervisor.wait(10) == 0
        assert time.monotonic() - began < 5
        assert [is_alive(pid) for pid in family] == [False, False, False]


def test_the_signal_itself_reaches_the_children(tmp_path: Path) -> None:
    with running(SUPERVISE, tmp_path, "polite") as supervisor:
        first_line(supervisor)
        pids(tmp_path, "polite")
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(10) == 0
    assert (tmp_path / "said").read_text() == "INT\n"


def test_a_second_signal_cuts_the_grace_short(tmp_path: Path) -> None:
    patient = SUPERVISE.replace("grace_seconds=1.0", "grace_seconds=60.0")
    with running(patient, tmp_path, "stubborn") as supervisor:
        first_line(supervisor)
        (stubborn,) = pids(tmp_path, "stubborn")
        supervisor.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert is_alive(stubborn)
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(5) == 0
        assert not is_alive(stubborn)


def test_a_killed_supervisor_takes_everything_with_it(tmp_path: Path) -> None:
    with running(SUPERVISE, tmp_path, "family", "stubborn") as supervisor:
        first_line(supervisor)
        family = pids(tmp_path, "family", "family-child", "stubborn")
        supervisor.kill()
        supervisor.wait()
        wait_for(
            lambda: not any(is_alive(pid) for pid in family), seconds=30
        )  # 5 s of grace, and a busy machine


# The supervisor dies the moment its program runs, before it could do anything more about it.
SUPERVISE_NO_LONGER = f"""
import os, signal, subprocess, time
class Popen(subprocess.Popen):
    def __init__(self, command, **how):
        super().__init__(command, **how)
        if command[0] == "sh":
            while not all(os.path.exists(os.path.join(command[3], name)) for name in {{names}}):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
subprocess.Popen = Popen
{SUPERVISE}
"""


@pytest.mark.parametrize("names", [("family", "family-child"), ("stubborn",)])
def test_a_supervisor_killed_while_it_starts_a_program_takes_that_with_it(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    code = SUPERVISE_NO_LONGER.replace("{names}", repr(names))
    with running(code, tmp_path, names[0]) as supervisor:
        assert supervisor.wait(20) == -signal.SIGKILL
        family = pids(tmp_path, *names)
        wait_for(lambda: not any(is_alive(pid) for pid in family), seconds=30)


def test_a_dead_program_is_started_again_and_too_many_deaths_end_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deaths = tmp_path / "deaths"
    programs = [
        Program(
            "steady", ["sh", "-c", 'echo $$ >> "$0"; exec sleep 600', str(tmp_path / "steady")]
        ),
        Program("broken", ["sh", "-c", 'echo x >> "$0"; exit 3', str(deaths)]),
    ]
    supervisor = Supervisor(programs, restarts=Restarts(limit=2, first_wait=0.05))
    with caplog.at_level(logging.WARNING):
        assert supervisor.run() == 1
    assert deaths.read_text() == "x\n" * 3
    assert len((tmp_path / "steady").read_text().splitlines()) == 1
    assert not is_alive(int((tmp_path / "steady").read_text()))
    assert supervisor.pids == {}
    assert [message.split(";")[0] for message in caplog.messages] == [
        "broken ended with code 3",
        "broken ended with code 3",
        "broken ended with code 3",
        "broken ended 3 times within 60 s: everything is stopped",
    ]


def test_what_a_dead_program_left_inside_is_ended_before_it_starts_again(tmp_path: Path) -> None:
    script = 'sleep 600 & echo $! >> "$0"; exit 1'
    supervisor = Supervisor(
        [Program("loose", ["sh", "-c", script, str(tmp_path / "left")])],
        restarts=Restarts(limit=1, first_wait=0.05),
    )
    assert supervisor.run() == 1
    left = [int(line) for line in (tmp_path / "left").read_text().splitlines()]
    assert len(left) == 2
    wait_for(lambda: not any(is_alive(pid) for pid in left))  # a killed one ends a moment later


def test_a_watch_is_called_and_what_it_raises_ends_everything(tmp_path: Path) -> None:
    def watch() -> None:
        raise PortInUse("the watch says no")

    program = Program(
        "steady", ["sh", "-c", 'echo $$ > "$0"; exec sleep 600', str(tmp_path / "pid")]
    )
    with pytest.raises(PortInUse, match="the watch says no"):
        Supervisor([program], watch=watch).run()
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_gets_exactly_the_environment_it_is_given(tmp_path: Path) -> None:
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ.get('ONLY', '') + os.environ.get('HOME', ''))"
    program = Program("one", [sys.executable, "-c", code, str(tmp_path / "said")], {"ONLY": "this"})
    with Supervisor([program]) as supervisor:
        wait_for(lambda: (tmp_path / "said").exists() and supervisor.pids == {})
    assert (tmp_path / "said").read_text() == "this"


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    good = environ["PATH_INFO"] == "/healthz" and environ["QUERY_STRING"] == "a=1"
    start_response("200 OK" if good else "503 Service Unavailable", [])
    return [b""]


def test_waiting_ends_with_a_good_answer_or_says_what_the_last_one_was() -> None:
    with Serving(answer) as serving:
        wait_ready(f"{serving.url}/healthz?a=1", 5)
        with pytest.raises(NotReady, match=r"was not ready within 0 s \(its last answer was 503\)"):
            wait_ready(f"{serving.url}/other", 0.2)
    free = f"http://127.0.0.1:{pick_port()}/"
    with pytest.raises(NotReady, match="nothing answers there"):
        wait_ready(free, 0.2)
    with pytest.raises(NotReady, match="has ended"):
        wait_ready(free, 60, alive=lambda: False)


def test_a_accepted_port_is_reported_with_the_program_that_has_it() -> None:
    port = pick_port()
    require_free_port(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        assert pick_port(port) != port
        with pytest.raises(PortInUse) as reported:
            require_free_port(port)
    assert f"Port {port} on 127.0.0.1 is taken by " in str(reported.value)
    assert f"(process {os.getpid()}): end it or choose another port with --port." in str(
        reported.value
    )
    assert pick_port(port) == port
