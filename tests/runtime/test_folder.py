"""The data folder is one person's: closed to others, never half made, and plain about its troubles."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qaitar.runtime.folder import DataFolder, data_path
from qaitar.runtime.problems import FolderProblem
from tests.runtime.programs import SOURCE


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def names(path: Path) -> list[str]:
    return sorted(inside.name for inside in path.iterdir())


def test_a_new_folder_has_its_rooms_and_is_closed_to_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *("files", "logs", "postgres", "secrets"),
    ]
    assert {mode(path) for path in (folder.path, *folder.path.iterdir())} == {"0o700"}


def test_a_folder_that_stood_open_is_closed_when_opened(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    assert mode(DataFolder(tmp_path / "open").path) == "0o710"


@pytest.mark.parametrize(
    ("argument", "environ", "expected"),
    [
        ("/srv/a", {"QAITAR_DATA": "/srv/b"}, "/srv/a"),
        (None, {"QAITAR_DATA": "/srv/b"}, "/srv/b"),
        (None, {"QAITAR_DATA": ""}, None),
    ],
)
def test_the_argument_wins_over_the_variable_over_the_users_own_folder(
    argument: str | None, environ: dict[str, str], expected: str | None
) -> None:
    chosen = data_path(argument, environ)
    assert chosen == Path(expected) if expected else chosen.name == "qaitar"
    assert chosen.is_absolute()


def test_a_secret_is_made_once_and_stays(tmp_path: Path) -> None:
    first = DataFolder(tmp_path).secret("django")
    assert DataFolder(tmp_path).secret("django") == first
    assert DataFolder(tmp_path).secret("encryption") != first
    assert len(first) == 64
    assert mode(tmp_path / "secrets" / "django") == "0o600"
    assert names(tmp_path / "secrets") == ["django", "encryption"]


def test_twenty_who_ask_at_once_for_a_new_secret_get_the_same(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(lambda _: folder.secret("race"), range(200)))) == 1
    assert names(folder.secrets) == ["race"]


@pytest.mark.parametrize("name", ["../x", "", "A", ".x", "a/b", "a" * 65])
def test_a_secrets_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(ValueError, match="not a name of a secret"):
        folder.secret(name)
    assert names(folder.secrets) == []


def test_an_emptied_secret_is_reported_not_replaced(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    (folder.secrets / "django").write_text("")
    with pytest.raises(FolderProblem, match="put it back from a backup"):
        folder.secret("django")
    assert (folder.secrets / "django").read_text() == ""


def test_a_folder_of_somebody_else_is_refused_and_untouched(tmp_path: Path) -> None:
    path, owner = Path("/proc"), "root"  # nothing can be changed there, whatever goes wrong
    if path.stat().st_uid == os.geteuid() != 0:
        pytest.skip("in a user namespace the system's own folders are ours")
    if os.geteuid() == 0:
        path, owner = tmp_path / "theirs", "nobody"
        (path / "secrets").mkdir(parents=True)
        shutil.chown(path, "nobody")
        shutil.chown(path / "secrets", "nobody")
    with pytest.raises(FolderProblem) as reported:
        DataFolder(path)
    assert f"The data folder {path} belongs to {owner}, not to " in str(reported.value)
    assert f"run the command as {owner} or choose another folder with --data." in str(
        reported.value
    )
    assert not (path / "logs").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_may_use_a_mounted_folder_that_another_user_owns_and_nobody_has_used(
    tmp_path: Path,
) -> None:
    shutil.chown(tmp_path, "nobody")
    DataFolder(tmp_path).secret("django")
    assert len(DataFolder(tmp_path).secret("django")) == 64


def test_a_folder_that_cannot_be_made_is_reported() -> None:
    with pytest.raises(FolderProblem, match=r"^The data folder /sys/qaitar-test is not writable"):
        DataFolder("/sys/qaitar-test")


def test_a_folder_that_holds_other_things_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    tmp_path.chmod(0o755)
    with pytest.raises(
        FolderProblem, match=r"holds other things \(photos\): choose an empty or a new"
    ):
        DataFolder(tmp_path)
    assert (names(tmp_path), mode(tmp_path)) == (["photos"], "0o755")


def test_the_top_of_a_new_disk_is_as_good_as_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    assert names(DataFolder(tmp_path).path) == [
        *("files", "logs", "lost+found", "postgres", "secrets"),
    ]


def test_a_file_in_the_way_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderProblem, match="is in the way of a file"):
        DataFolder(tmp_path / "file")


@pytest.mark.parametrize(("free", "refused"), [(64 * 1024 * 1024 - 1, True), (67_108_864, False)])
def test_less_than_64_megabytes_is_a_full_disk(tmp_path: Path, free: int, refused: bool) -> None:
    if not refused:
        assert DataFolder(tmp_path, free=lambda _: free).files.is_dir()
        return
    with pytest.raises(FolderProblem, match=r"is full: 63 MB free, at least 64 MB needed; free"):
        DataFolder(tmp_path, free=lambda _: free)
    assert names(tmp_path) == []


def test_a_real_small_disk_is_reported_to_be_full(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size=32m none \'{tmp_path}\' && exec "$0" "$@"'
    code = "import sys; from qaitar.runtime.folder import DataFolder; DataFolder(sys.argv[1])"
    if subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system does not let us make a mount namespace")
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, sys.executable, "-c", code, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 1
    assert (
        f"FolderProblem: The disk of the data folder {tmp_path} is full: 32 MB free" in done.stderr
    )
