"""Finds the place of backups from its address and from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.files.storage import storages

from qaitar.backup.encryption import BackupKey
from qaitar.backup.problems import BackupProblem
from qaitar.backup.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.files.storage import Storage

TO: Final = "QAITAR_BACKUP_TO"
EVERY_HOURS: Final = "QAITAR_BACKUP_EVERY_HOURS"
KEEP: Final = "QAITAR_BACKUP_KEEP"
KEY: Final = "QAITAR_BACKUP_KEY"
KEY_FILE: Final = "QAITAR_BACKUP_KEY_FILE"
DEFAULT_EVERY_HOURS: Final = 24
DEFAULT_KEEP: Final = 14
_S3_ADDRESS: Final = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<prefix>.*?))?/*\Z")
# Option of the storage → variable of the backups' bucket, else that of the attached files' bucket.
_S3_VARIABLES: Final = {
    "endpoint_url": ("QAITAR_BACKUP_S3_ENDPOINT", "QAITAR_S3_ENDPOINT"),
    "region_name": ("QAITAR_BACKUP_S3_REGION", "QAITAR_S3_REGION"),
    "access_key": ("QAITAR_BACKUP_S3_KEY", "QAITAR_S3_KEY"),
    "secret_key": ("QAITAR_BACKUP_S3_SECRET", "QAITAR_S3_SECRET"),
}
_MEMORY_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """What the machine's operator set: where to (empty: nowhere), how often (0: never), how many are kept."""

    to: str
    every_hours: int
    keep: int

    @property
    def scheduled(self) -> bool:
        """Whether the worker makes backups by itself."""
        return bool(self.to and self.every_hours)


def settings_from(environ: Mapping[str, str]) -> BackupSettings:
    """Read the settings.

    Raises:
        BackupProblem: a number is none.
    """
    return BackupSettings(
        environ.get(TO, "").strip(),
        _number(environ, EVERY_HOURS, DEFAULT_EVERY_HOURS, least=0),
        _number(environ, KEEP, DEFAULT_KEEP, least=1),
    )


def _number(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise BackupProblem(f"{name} has to be a whole number, at least {least}; it is {text!r}.")
    return int(text)


def key_from(environ: Mapping[str, str], key_file: str | None = None) -> BackupKey | None:
    """Read the key of the backups: a file named on the command line, then the environment; None for no encryption.

    Raises:
        BackupProblem: the file cannot be read, or the key is too short.
    """
    named = key_file or environ.get(KEY_FILE)
    if named:
        try:
            return BackupKey(Path(named).expanduser().read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BackupProblem(f"The key file {named} cannot be read: {error}.") from error
    return BackupKey(environ[KEY]) if environ.get(KEY) else None


def target_at(
    address: str, key: BackupKey | None, environ: Mapping[str, str], *, create: bool = False
) -> Target:
    """Find the place: a folder, or `s3://BUCKET/PREFIX`; with `create` a folder that is missing is made.

    Raises:
        BackupProblem: no such folder, or the address cannot be read.
    """
    if address.startswith("s3:"):
        return Target(_bucket(address, environ), address, key)
    folder = Path(address).expanduser().absolute()
    if create:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackupProblem(f"The folder {folder} cannot be made: {error.strerror}.") from error
    elif not folder.is_dir():
        raise BackupProblem(f"There is no folder {folder}.")
    durable = "qaitar.foundation.files.store.DurableFileStorage"
    return Target(_storage(durable, {"location": str(folder)}), str(folder), key)


def _bucket(address: str, environ: Mapping[str, str]) -> Storage:
    found = _S3_ADDRESS.match(address)
    if found is None:
        raise BackupProblem(f"{address} cannot be read: write s3://BUCKET or s3://BUCKET/PREFIX.")

    options = {
        "bucket_name": found["bucket"],
        "location": found["prefix"] or "",
        **{
            option: environ.get(own) or environ.get(of_files) or None
            for option, (own, of_files) in _S3_VARIABLES.items()
        },
        "file_overwrite": True,
        "default_acl": None,
        "max_memory_size": _MEMORY_BYTES,
    }
    return _storage("storages.backends.s3.S3Storage", options)


def _storage(backend: str, options: dict[str, Any]) -> Storage:
    return storages.create_storage({"BACKEND": backend, "OPTIONS": options})
