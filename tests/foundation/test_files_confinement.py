"""A process that opens a hostile file reads that file and nothing else of the machine, runs nothing and connects to nobody."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qaitar.foundation.files.openers.confinement import CONFINES_ALL, version

SOURCE = Path(__file__).parents[2] / "src"
TRIES = """
import json, os, socket, subprocess, sys
from pathlib import Path
from qaitar.foundation.files.openers.confinement import confine
mine, folder, secret, port = sys.argv[1:]
confined = confine([Path(mine)], [Path(folder)])
import decimal  # not loaded before: imports go on

def tried(work):
    try:
        return str(work())
    except OSError as error:
        return type(error).__name__

print(json.dumps({
    "confined": confined,
    "read mine": tried(lambda: Path(mine).read_text()),
    "write mine": tried(lambda: Path(mine).write_text("changed")),
    "write folder": tried(lambda: (Path(folder) / "preview").write_text("drawn")),
    "read secret": tried(lambda: Path(secret).read_text()),
    "list beside": tried(lambda: os.listdir(Path(secret).parent)),
    "read accounts": tried(lambda: Path("/etc/passwd").read_text()),
    "run": tried(lambda: subprocess.run(["/bin/true"]).returncode),
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", int(port)), 2)),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
}))
"""


@pytest.mark.skipif(
    version() < CONFINES_ALL, reason="the kernel offers no Landlock with networks and signals"
)
def test_it_reaches_its_file_and_its_folder_alone(tmp_path: Path) -> None:
    mine, secret, folder = tmp_path / "act.pdf", tmp_path / "secrets" / "key", tmp_path / "drawn"
    for each in (secret.parent, folder):
        each.mkdir()
    mine.write_text("mine")
    secret.write_text("planted")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", TRIES, str(mine), str(folder), str(secret), port],
            env={"PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            check=False,
        )
        with pytest.raises(TimeoutError):
            server.accept()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "confined": True,
        "read mine": "mine",
        "write mine": "PermissionError",
        "write folder": "5",
        "read secret": "PermissionError",
        "list beside": "PermissionError",
        "read accounts": "PermissionError",
        "run": "PermissionError",
        "connect": "PermissionError",
        "signal": "PermissionError",
    }
    assert mine.read_text() == "mine"
    assert (folder / "preview").read_text() == "drawn"
