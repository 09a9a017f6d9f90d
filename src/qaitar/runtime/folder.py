"""The data folder: everything one installation keeps on its machine, closed to other users."""

from __future__ import annotations

import errno
import os
import pwd
import re
import secrets
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from qaitar.runtime.problems import FolderProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEAST_FREE_BYTES = 64 * 1024 * 1024
_ROOMS = {"postgres", "files", "secrets", "logs"}
_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# In `postgres/` the group keeps the right to pass through: the database's own account needs it.
_CLOSED_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IRWXO


def free_bytes(path: Path) -> int:
    """Tell how many bytes this user may still write on the disk that holds `path`."""
    return shutil.disk_usage(path).free


def data_path(argument: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Path:
    """Choose the data folder: `--data` first, then `QAITAR_DATA`, then the user's own data folder.

    >>> str(data_path("/srv/shop", {"QAITAR_DATA": "/var/lib/qaitar"}))
    '/srv/shop'
    >>> str(data_path(None, {"QAITAR_DATA": "/var/lib/qaitar"}))
    '/var/lib/qaitar'
    """
    chosen = argument or environ.get("QAITAR_DATA") or platformdirs.user_data_path("qaitar")
    return Path(chosen).expanduser().absolute()


class DataFolder:
    """Opens the folder, making what is missing, and keeps it readable by its owner alone.

    `postgres/` holds the embedded database, `files/` what people attached, `secrets/` random
    secrets, `logs/` what programs wrote.  Opening it again changes nothing.

    Raises:
        FolderProblem: it belongs to somebody else, holds other things, is not writable or has no
            room left.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self.path = data_path(path, os.environ if environ is None else environ)
        self._free = free
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = self.path.resolve()
            self._refuse_somebody_elses()
            self._refuse_other_contents()
            self.refuse_full_disk()
            self.postgres = self._room("postgres")
            self.files = self._room("files")
            self.secrets = self._room("secrets")
            self.logs = self._room("logs")
            _close_to_others(self.path)
        except OSError as error:
            raise self.problem(error) from error

    def secret(self, name: str) -> str:
        """Return the secret of that name, made at random on first use and the same ever after.

        Safe under a race: whoever comes second gets what the first one made.
        """
        if not _SECRET_NAME.fullmatch(name):
            raise ValueError(f"not a name of a secret: {name!r}")
        path = self.secrets / name
        try:
            if not path.exists():
                self._make_secret(path)
            value = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise self.problem(error) from error
        if not value:
            raise FolderProblem(
                f"The secret {path} is empty: put it back from a backup of the data folder."
            )
        return value

    def refuse_full_disk(self) -> None:
        """Raise `FolderProblem` when less than 64 MB can be written.

        A database that fills its disk stops in the middle of work, so nothing is begun then.
        """
        left = self._free(self.path)
        if left < LEAST_FREE_BYTES:
            raise FolderProblem(
                f"The disk of the data folder {self.path} is full: {left // 1024 // 1024} MB free, "
                f"at least {LEAST_FREE_BYTES // 1024 // 1024} MB needed; free some space or choose "
                "another folder with --data."
            )

    def problem(self, error: OSError) -> FolderProblem:
        """Say in a sentence what a failed reading or writing in the folder means."""
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            says = "is full: free some space or choose another folder with --data"
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            says = (
                f"is not writable for {_user_name(os.geteuid())}: give that user the right to "
                "write there or choose another folder with --data"
            )
        elif error.errno in {errno.EEXIST, errno.ENOTDIR}:
            says = f"is in the way of a file ({error.filename}): choose another folder with --data"
        else:
            says = f"cannot be used ({error.strerror}): choose another folder with --data"
        return FolderProblem(f"The data folder {self.path} {says}.")

    def _refuse_other_contents(self) -> None:
        """Take only an empty folder or one of ours: closing `/` or a home would lock others out."""
        if (self.path / "secrets").is_dir() and self.path != self.path.parent:
            return
        others = {inside.name for inside in self.path.iterdir()} - _ROOMS - {"lost+found"}
        if others:
            raise FolderProblem(
                f"The folder {self.path} holds other things ({min(others)}): choose an empty or a new "
                "folder with --data."
            )

    def _make_secret(self, path: Path) -> None:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # fails when another process was first: theirs stands
            except FileExistsError:
                return
            _sync_folder(path.parent)
        finally:
            draft.unlink()

    def _room(self, name: str) -> Path:
        room = self.path / name
        room.mkdir(mode=0o700, exist_ok=True)
        _close_to_others(room)
        return room

    def _refuse_somebody_elses(self) -> None:
        """Let root into a folder only when root made what is in it, so that no owner is locked out."""
        owner, me = self.path.stat().st_uid, os.geteuid()
        if owner != me and me == 0:
            made = self.path / "secrets"
            owner = made.stat().st_uid if made.exists() else 0
        if owner != me:
            raise FolderProblem(
                f"The data folder {self.path} belongs to {_user_name(owner)}, not to "
                f"{_user_name(me)}: run the command as {_user_name(owner)} or choose another "
                "folder with --data."
            )


def _close_to_others(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _CLOSED_TO_OTHERS:
        folder.chmod(mode & ~_CLOSED_TO_OTHERS)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
