"""Attached files over OData: the entry, its content in either generation of storage, the presence flag.

Every step is looked up before it is written, so that a repetition finishes what was begun and adds
nothing twice.  Our mark `[qtr:sha256:…]` in the entry's description is what is looked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from qaitar.connectors.onec.answers import MAP_HOW, OneCTrouble
from qaitar.connectors.onec.facts import (
    BLOB_TYPE,
    CODE_KEY_EXISTS,
    EXTENSION_LENGTH,
    FILE_BYTES_MAX,
    FILE_IN_BASE,
    FILE_NAME_LENGTH,
    TEXT_NOT_EXTRACTED,
    TYPE_PREFIX,
)
from qaitar.connectors.onec.fieldmap import author_attributes, file_generation
from qaitar.connectors.onec.metadata import BLOBS_A, BLOBS_B, LINKS_B, PRESENCE
from qaitar.connectors.onec.translate import differences, reference, standing
from qaitar.connectors.onec.wire import (
    OneCUnreadable,
    Row,
    composite,
    guid,
    moment,
    path,
    quoted,
    text,
)
from qaitar.contracts.erp import DoneInPart
from qaitar.contracts.outcome import Done, Misconfigured, Missing, Refused, Unknown

if TYPE_CHECKING:
    from qaitar.connectors.onec.fieldmap import OneCSettings
    from qaitar.connectors.onec.metadata import Metadata
    from qaitar.connectors.onec.session import OneCSession
    from qaitar.contracts.erp import FileToAttach, Written
    from qaitar.contracts.outcome import Found

_SHA256 = re.compile(r"[0-9a-f]{64}")
_USERS = "Catalog_Пользователи"


def file_mark(sha256: str) -> str:
    """Write the mark an attached file carries in its description."""
    return f"[qtr:sha256:{sha256}]"


@dataclass(frozen=True, slots=True)
class Attachments:
    """Files of return orders of one publication; nothing is kept between calls."""

    session: OneCSession
    settings: OneCSettings
    metadata: Metadata

    def attach(self, owner: str, file: FileToAttach) -> Written:
        """Hang a file on a return order, finishing a half-made attachment rather than adding another.

        Raises:
            ValueError: the given hash is not that of the content.
        """
        _check(file)
        if len(file.content) > FILE_BYTES_MAX:
            return Refused(f"{file.name}.{file.extension} is larger than 25 MB")
        made = self._ensure_entry(owner, file)
        if isinstance(made, OneCTrouble):
            return made.outcome
        if isinstance(made, DoneInPart):
            return made
        done = Done(reference(made), detail=_full_name(made))
        problem = self._store(done.reference, file) or self._flag(owner)
        if problem is None:
            return done
        if isinstance(problem.outcome, Refused | Misconfigured):
            return DoneInPart(done, problem.outcome)
        return problem.outcome

    def find(self, owner: str, sha256_or_name: str) -> Found:
        """Find a whole attachment by hash or full name; an entry without content is missing."""
        entry = self._entry(owner, sha256_or_name)
        if isinstance(entry, OneCTrouble):
            return entry.looked_up()
        if entry is None:
            return Missing()
        file = reference(entry)
        register = BLOBS_A if self._generation == "A" else LINKS_B
        stored = self._recorded(register, file)
        if isinstance(stored, OneCTrouble):
            return stored.looked_up()
        return Done(file, detail=_full_name(entry)) if stored else Missing()

    @property
    def _generation(self) -> str:
        return file_generation(self.settings.field_map, self.metadata)

    def _entry(self, owner: str, sha256_or_name: str) -> Row | OneCTrouble | None:
        """Find the entry of a file; one that is there without a key of its own leaves it unknown what to do with it."""
        rows = self.session.rows(
            self.settings.field_map.files_set,
            filter=f"ВладелецФайла_Key eq {guid(owner)}",
            select="Ref_Key,DeletionMark,Description,Расширение,Размер,Описание",
        )
        if isinstance(rows, OneCTrouble):
            return rows
        by_hash = _SHA256.fullmatch(sha256_or_name) is not None
        mark = file_mark(sha256_or_name)
        for row in standing(rows):
            if mark in text(row, "Описание") if by_hash else _full_name(row) == sha256_or_name:
                return _with_key(row)
        return None

    def _ensure_entry(self, owner: str, file: FileToAttach) -> Row | DoneInPart | OneCTrouble:
        entry = self._entry(owner, file.sha256)
        if isinstance(entry, OneCTrouble):
            return OneCTrouble(entry.before_writing(), entry.code)
        return entry or self._make_entry(owner, file)

    def _make_entry(self, owner: str, file: FileToAttach) -> Row | DoneInPart | OneCTrouble:
        values = self._entry_values(owner, file)
        made = self.session.create(self.settings.field_map.files_set, values)
        if isinstance(made, OneCTrouble):
            return made
        try:
            key = reference(made)
        except OneCUnreadable as error:
            return OneCTrouble(Unknown(f"the file may have been attached: {error}"))
        wrong = differences(values, made)
        if wrong:
            names = ", ".join(one.key for one in wrong)
            problem = Misconfigured(f"1C kept other values of an attached file: {names}", MAP_HOW)
            return DoneInPart(Done(key, detail=_full_name(made)), problem, wrong)
        return made

    def _entry_values(self, owner: str, file: FileToAttach) -> Row:
        author = self.settings.author_key
        if author_attributes(self.settings.field_map, self.metadata):
            who: Row = {"Автор_Key": author}
        else:
            who = {"Автор": author, "Автор_Type": TYPE_PREFIX + _USERS}
        return {
            "Description": file.name[:FILE_NAME_LENGTH],
            "ВладелецФайла_Key": owner,
            "Расширение": file.extension.lower()[:EXTENSION_LENGTH],
            "Размер": str(len(file.content)),
            "ТипХраненияФайла": FILE_IN_BASE,
            "ДатаСоздания": moment(file.created_at.astimezone(self.settings.zone)),
            "ДатаМодификацииУниверсальная": moment(file.created_at.astimezone(UTC)),
            "СтатусИзвлеченияТекста": TEXT_NOT_EXTRACTED,
            "Описание": file_mark(file.sha256),
            **who,
        }

    def _store(self, entry: str, file: FileToAttach) -> OneCTrouble | None:
        register = BLOBS_A if self._generation == "A" else LINKS_B
        stored = self._recorded(register, entry)
        if isinstance(stored, OneCTrouble):
            return stored
        if stored:
            return None
        link = {"Файл": entry, "Файл_Type": TYPE_PREFIX + self.settings.field_map.files_set}
        if self._generation == "A":
            link["ДвоичныеДанныеФайла_Type"] = BLOB_TYPE
            link["ДвоичныеДанныеФайла_Base64Data"] = base64.b64encode(file.content).decode()
            return self._record(BLOBS_A, link)
        blob = self._blob(file)
        if isinstance(blob, OneCTrouble):
            return blob
        return self._record(LINKS_B, {**link, "ХранилищеДвоичныхДанных_Key": blob})

    def _blob(self, file: FileToAttach) -> str | OneCTrouble:
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        same = self.session.page(
            BLOBS_B,
            filter=f"Хеш eq {quoted(digest)} and DeletionMark eq false",
            select="Ref_Key,Хеш,Размер",
            top="1",
        )
        if isinstance(same, OneCTrouble):
            return same
        values = {
            "Хеш": digest,
            "Размер": str(len(file.content)),
            "ДвоичныеДанные_Type": BLOB_TYPE,
            "ДвоичныеДанные_Base64Data": base64.b64encode(file.content).decode(),
        }
        blob = same[0] if same else self.session.create(BLOBS_B, values)
        if isinstance(blob, OneCTrouble):
            return blob
        try:
            return reference(blob)
        except OneCUnreadable as error:
            return OneCTrouble(Unknown(f"the content may have been stored: {error}"))

    def _flag(self, owner: str) -> OneCTrouble | None:
        """Tell 1C that the document has files, where the base keeps such a flag."""
        if not self.metadata.publishes(PRESENCE):
            return None
        kind = self.settings.field_map.return_set
        rows = self.session.page(PRESENCE, filter=composite("ОбъектСФайлами", owner, kind), top="1")
        if isinstance(rows, OneCTrouble):
            return rows
        if rows and rows[0].get("ЕстьФайлы") is True:
            return None
        type_name = TYPE_PREFIX + kind
        if rows:
            key = f"ОбъектСФайлами={guid(owner)},ОбъектСФайлами_Type={quoted(type_name)}"
            changed = self.session.change(path(PRESENCE, key), {"ЕстьФайлы": True})
            return changed if isinstance(changed, OneCTrouble) else None
        values = {"ОбъектСФайлами": owner, "ОбъектСФайлами_Type": type_name, "ЕстьФайлы": True}
        return self._record(PRESENCE, values)

    def _recorded(self, register: str, entry: str) -> bool | OneCTrouble:
        kind = self.settings.field_map.files_set
        rows = self.session.page(
            register, filter=composite("Файл", entry, kind), select="Файл,Файл_Type", top="1"
        )
        return rows if isinstance(rows, OneCTrouble) else bool(rows)

    def _record(self, register: str, values: Row) -> OneCTrouble | None:
        """Write a register record; one with this key already there is what was wanted."""
        made = self.session.create(register, values)
        if isinstance(made, OneCTrouble) and made.code != CODE_KEY_EXISTS:
            return made
        return None


def _check(file: FileToAttach) -> None:
    if hashlib.sha256(file.content).hexdigest() != file.sha256:
        raise ValueError("the hash is not that of the content")
    if file.created_at.tzinfo is None:
        raise ValueError("created_at must know its time zone")


def _with_key(row: Row) -> Row | OneCTrouble:
    try:
        reference(row)
    except OneCUnreadable as error:
        return OneCTrouble(Unknown(f"an attached file in 1C: {error}"))
    return row


def _full_name(row: Row) -> str:
    name, extension = text(row, "Description"), text(row, "Расширение")
    return f"{name}.{extension}" if extension else name
