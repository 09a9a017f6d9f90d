"""Removes backups beyond the number that is kept, and files that no kept backup names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qaitar.backup.file_copies import files_parse
from qaitar.backup.manifest import FILES, MANIFEST, backup_ids, manifest_read

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.backup.target import Target


_LEFT_AFTER: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed: backups by id, and how many files."""

    backups: tuple[str, ...]
    files: int


def backups_prune(target: Target, keep: int, *, now: datetime) -> Removed:
    """Keep the newest `keep` backups that are whole, and whatever is newer than the oldest of them.

    Call it only while nobody makes a backup there: files of an unfinished one are named by none.  What a broken-off
    one left is removed after two days.
    """
    for each in target.folders("backups") - set(backup_ids(target)):
        if each < f"{now - _LEFT_AFTER:%Y%m%dT%H%M%SZ}":
            parts_remove(target, each)
    manifests = [manifest_read(target, each) for each in backup_ids(target)]
    whole = [each.id for each in manifests if each.whole]
    if len(whole) <= keep:
        return Removed((), 0)
    oldest = whole[-keep]
    gone = tuple(each.id for each in manifests if each.id < oldest)
    needed = {
        target.file_name(sha256)
        for each in manifests
        if each.id >= oldest
        for sha256 in files_parse(target.read(f"backups/{each.id}/{FILES}"))
    }
    for each in gone:
        parts_remove(target, each)
    return Removed(gone, _files_remove(target, needed))


def _files_remove(target: Target, needed: set[str]) -> int:
    removed = 0
    for folder in sorted(target.folders("files")):
        for name in sorted(target.names(f"files/{folder}")):
            if f"files/{folder}/{name}" not in needed:
                target.remove(f"files/{folder}/{name}")
                removed += 1
    return removed


def parts_remove(target: Target, backup_id: str) -> None:
    """Remove what lies in the folder of a backup, its manifest first, so that it is gone before it is not whole."""
    folder = f"backups/{backup_id}"
    for name in sorted(target.names(folder), key=lambda name: name != MANIFEST):
        target.remove(f"{folder}/{name}")
    target.remove_empty(folder)
