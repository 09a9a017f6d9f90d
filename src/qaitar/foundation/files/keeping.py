"""Takes a file in whole: judged, stored under its content, previews drawn beside it, and a row written about it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import connection

from qaitar.foundation.files.checks import Accepted, Rejected, inspect
from qaitar.foundation.files.previews import Previews, draw
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import StoredFile
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor


_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 14))"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A content that is in the store, with its judged facts and the keys of its previews ('' for none)."""

    facts: Accepted
    preview_sha256: str
    thumb_sha256: str


def content_keep(source: Path | bytes, declared_name: str) -> CheckedFile | Rejected:
    """Judge a file and keep it with its previews; a rejected one leaves nothing behind.

    Touches no table, so it may run before a transaction is opened: judging and drawing take their time.
    """
    facts = inspect(source, declared_name)
    if isinstance(facts, Rejected):
        return facts
    store = FileStore()
    if isinstance(source, Path):
        with source.open("rb") as stream:
            stored = store.put(stream)
    else:
        stored = store.put(io.BytesIO(source))
    assert stored.sha256 == facts.sha256, "the file changed while it was looked at"
    drawn = draw(source, facts.kind)
    if not isinstance(drawn, Previews):
        return CheckedFile(facts, "", "")
    large = store.put(io.BytesIO(drawn.large)).sha256
    small = store.put(io.BytesIO(drawn.small)).sha256
    return CheckedFile(facts, large, small)


def file_note(
    *, merchant_id: UUID, file: CheckedFile, by: Actor, origin: str, now: datetime
) -> StoredFile:
    """Give the row of a kept file, in the caller's transaction, behind the merchant's walls.

    The same content that comes again under the same name from the same source keeps its row; its first sender stays named.
    """
    facts = file.facts
    with (
        connection.cursor() as cursor
    ):  # two who send the same at once get one row; one lock, so that no two wait for each other
        cursor.execute(_ONE_AT_A_TIME, [f"files {merchant_id}"])
    known = StoredFile.objects.filter(
        merchant_id=merchant_id, sha256=facts.sha256, name=facts.name, origin=origin[:100]
    )
    if (row := known.order_by("id").first()) is not None:
        return row
    return StoredFile.objects.create(
        id=new_id(),
        merchant_id=merchant_id,
        sha256=facts.sha256,
        size=facts.size,
        name=facts.name,
        kind=facts.kind.value,
        mime=facts.mime,
        extension=facts.extension,
        width=facts.width,
        height=facts.height,
        pages=facts.pages,
        preview_sha256=file.preview_sha256,
        thumb_sha256=file.thumb_sha256,
        created_at=now,
        created_by_id=by.user_id,
        created_by_name=by.name,
        origin=origin[:100],
    )
