"""The manifest of a backup: what it holds, of which moment, made by which generation of tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from qaitar.backup.problems import BackupProblem, DamagedBackup

if TYPE_CHECKING:
    from collections.abc import Collection

    from qaitar.backup.target import Target, WrittenObject

DATABASE: Final = "database.dump"
CHANGES: Final = "changes.txt"
FILES: Final = "files.txt"
KEYS: Final = "keys.json"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 2
NAMES_CHANGED: Final = "returns.0011_plain_columns"
"""The change of tables before which the journal named its values otherwise; signed lines cannot be rewritten."""


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a backup: its name, and length in bytes and SHA-256 as it lies in the target."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, written: WrittenObject) -> Part:
        """Describe what was just written."""
        return cls(name, written.size, written.sha256)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one backup is.

    `as_of` is the moment of the last snapshot, when the dump was done: everything acknowledged before it is in the backup.  `schema`
    lists the migrations applied, `rows` counts the rows of every table, `faults` names the attached files that were
    missing or damaged when the backup was made.
    """

    id: str
    version: str
    postgresql: str
    as_of: datetime
    finished_at: datetime
    schema: tuple[str, ...]
    rows: dict[str, int]
    files: int
    files_bytes: int
    files_copied: int
    parts: tuple[Part, ...]
    keys: tuple[str, ...] = ()
    faults: tuple[str, ...] = field(default=())

    @property
    def whole(self) -> bool:
        """Whether every attached file was there and intact."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "format": FORMAT,
            **asdict(self),
            "as_of": self.as_of.isoformat(),
            "finished_at": self.finished_at.isoformat(),
        }


def from_json(document: dict[str, Any]) -> Manifest:
    """Read a manifest.

    Raises:
        DamagedBackup: it is none.
        BackupProblem: it is of another format.
    """
    if document.get("format") != FORMAT:
        raise BackupProblem(
            f"The backup has format {document.get('format')}, this version of qaitar reads format "
            f"{FORMAT}: use the version that made it."
        )
    try:
        return Manifest(
            id=document["id"],
            version=document["version"],
            postgresql=document["postgresql"],
            as_of=datetime.fromisoformat(document["as_of"]),
            finished_at=datetime.fromisoformat(document["finished_at"]),
            schema=tuple(document["schema"]),
            rows=dict(document["rows"]),
            files=int(document["files"]),
            files_bytes=int(document["files_bytes"]),
            files_copied=int(document["files_copied"]),
            parts=tuple(Part(**each) for each in document["parts"]),
            keys=tuple(document["keys"]),
            faults=tuple(document["faults"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedBackup(f"The manifest of the backup cannot be read: {error!r}.") from error


def backup_ids(target: Target) -> list[str]:
    """List the backups that are whole in the target, oldest first; one without a manifest is none."""
    found = sorted(target.folders("backups"))
    return [each for each in found if target.exists(f"backups/{each}/{MANIFEST}")]


def manifest_write(target: Target, manifest: Manifest) -> None:
    """Write the manifest, which makes the backup visible."""
    text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1)
    target.write(f"backups/{manifest.id}/{MANIFEST}", [text.encode()])


def manifest_read(target: Target, backup_id: str | None = None) -> Manifest:
    """Read the manifest of one backup, or of the newest.

    Raises:
        BackupProblem: there is no such backup.
        DamagedBackup: its manifest cannot be read.
    """
    known = backup_ids(target)
    if not known:
        raise BackupProblem(f"There is no finished backup in {target.place}.")
    chosen = backup_id or known[-1]
    if chosen not in known:
        raise BackupProblem(
            f"There is no backup {chosen} in {target.place}: see `qaitar backup list`."
        )
    text = b"".join(target.read(f"backups/{chosen}/{MANIFEST}"))
    try:
        document = json.loads(text)
    except ValueError:
        raise DamagedBackup(f"The manifest of the backup {chosen} is damaged.") from None
    return from_json(document)


def schema_accept(manifest: Manifest, program: Collection[str], *, upgrade: bool) -> None:
    """Refuse a backup whose tables this version of the program does not know how to use.

    Raises:
        BackupProblem: made by an older generation of tables (`upgrade` allows that), or by a newer one.
    """
    strange = sorted(set(manifest.schema) - set(program))
    if strange:
        raise BackupProblem(
            f"The backup {manifest.id} was made by another, newer version of qaitar ({manifest.version}): "
            f"{len(strange)} changes of its tables are unknown here ({strange[0]}, …). Install that "
            "version and restore with it."
        )
    if NAMES_CHANGED in program and NAMES_CHANGED not in manifest.schema:
        raise BackupProblem(
            f"The backup {manifest.id} is of a database made by an earlier version of qaitar, whose journal names its "
            "values otherwise: restore it with that version. Nothing can bring it up to date."
        )
    missing = sorted(set(program) - set(manifest.schema))
    if missing and not upgrade:
        raise BackupProblem(
            f"The backup {manifest.id} was made by an older version of qaitar ({manifest.version}): "
            f"{len(missing)} changes of the tables are missing in it ({missing[0]}, …). Install that version, "
            "restore with it and upgrade afterwards as usual; or add --upgrade to restore the backup "
            "here and bring its tables up to date at once."
        )
