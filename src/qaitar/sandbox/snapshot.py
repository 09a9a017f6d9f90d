"""Keeps what the stand-ins know in one file, so that they go on where they stopped, in step with the database.

The file is JSON in which a tagged object stands for a record, a moment or bytes; only the records named here are read.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qaitar.sandbox.kaspi.ledger import (
    Buyer,
    BuyerClaim,
    BuyerFiling,
    Goods,
    LedgerEvent,
    Relabelling,
    SoldOrder,
)
from qaitar.sandbox.outside import SHEET, Outside
from qaitar.sandbox.usedesk.account import StoredComment, StoredTicket, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION: Final = 1
PLACE: Final = Path("demo") / "stand-ins.json"  # inside the data folder
_TAG: Final = "$"
_RECORDS: Final = {
    each.__name__: each
    for each in (
        Buyer,
        BuyerClaim,
        LedgerEvent,
        BuyerFiling,
        Goods,
        Relabelling,
        SoldOrder,
        StoredComment,
        StoredTicket,
        UploadedFile,
    )
}


class NotASnapshot(ValueError):
    """The file was not written here, or by another version."""


def written(value: Any) -> str:
    """Write records, moments and bytes as tagged JSON.

    >>> read(written((b"x", Buyer("A", "B", "7"))))
    (b'x', Buyer(first_name='A', last_name='B', phone='7'))
    """
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    tag, held = _tagged(value)
    if not tag:
        return held
    return {_TAG: tag, **held} if isinstance(held, dict) else {_TAG: tag, "v": held}


def _tagged(value: Any) -> tuple[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        members = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return type(value).__name__, members
    if isinstance(value, datetime):
        return "at", value.isoformat()
    if isinstance(value, bytes):
        return "bytes", base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return "tuple", [_plain(each) for each in value]
    return "", value


def read(text: str) -> Any:
    """Read what `written` wrote.

    Raises:
        NotASnapshot: it is not that, or names a record not known here.
    """
    try:
        return json.loads(text, object_hook=_record)
    except (ValueError, TypeError, KeyError) as error:
        raise NotASnapshot(str(error)) from error


def _record(value: dict[str, Any]) -> Any:
    match value.pop(_TAG, None):
        case None:
            return value
        case "at":
            return datetime.fromisoformat(value["v"])
        case "bytes":
            return base64.b64decode(value["v"])
        case "tuple":
            return tuple(value["v"])
        case name:
            return _RECORDS[name](**value)


def snapshot(outside: Outside, extra: dict[str, Any] | None = None) -> str:
    """Write down the whole state of the stand-ins; `extra` comes back as it was given."""
    with outside.kaspi.still() as ledger:
        kaspi = {
            "orders": list(ledger.orders.values()),
            "filings": [(filing.order.code, filing) for filing in ledger.filings.values()],
            "deeds": list(ledger.deeds),
        }
        kaspi_text = written(kaspi)
    with outside.onec.still() as base:
        onec_text = written(base.state())
    with outside.usedesk.account.still() as tickets:
        usedesk_text = written(list(tickets.values()))
    with outside.book.lock:
        rows_text = written(outside.book.sheets[SHEET].rows)
    head = {
        "version": VERSION,
        "extra": extra or {},
        "account_json": outside.account_json,
        "public_keys": dict(outside.sheets.tokens.public_keys),
    }
    parts = f'"kaspi": {kaspi_text}, "onec": {onec_text}, "usedesk": {usedesk_text}, "rows": {rows_text}'
    return written(head)[:-1] + ", " + parts + "}"


def put_back(outside: Outside, text: str) -> dict[str, Any]:
    """Bring fresh stand-ins to a state written earlier and return its `extra`.

    Raises:
        NotASnapshot: the text is no snapshot of this version; nothing was changed.
    """
    saved = read(text)
    if not isinstance(saved, dict) or saved.get("version") != VERSION:
        raise NotASnapshot("another version")
    with outside.kaspi.still() as ledger:
        ledger.orders = {order.code: order for order in saved["kaspi"]["orders"]}
        for code, filing in saved["kaspi"]["filings"]:
            filing.order = ledger.orders[code]
            ledger.filings[filing.number] = filing
        ledger.deeds = saved["kaspi"]["deeds"]
    with outside.onec.still() as base:
        base.resume(saved["onec"])
    outside.usedesk.account.resume(saved["usedesk"])
    outside.book.sheets[SHEET].rows = saved["rows"]
    outside.account_json = saved["account_json"]
    outside.sheets.tokens.public_keys.update(saved["public_keys"])
    extra: dict[str, Any] = saved["extra"]
    return extra


def save(path: Path, text: str) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new state, never half of one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".snapshot-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def load(path: Path, clock: Callable[[], datetime]) -> tuple[Outside, dict[str, Any]] | None:
    """Make stand-ins that go on from a saved file, with its `extra`; None when nothing usable is there."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    outside = Outside(clock)
    try:
        return outside, put_back(outside, text)
    except NotASnapshot:
        return None
