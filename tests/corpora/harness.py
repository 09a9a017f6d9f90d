"""One parser before a fuzzer that follows which lines of it are reached: `python -m tests.corpora.harness NAME FOLDER SECONDS`.

Whatever the bytes, a parser answers or raises the one error it declares; anything else ends the process with a traceback.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import atheris
import django

with atheris.instrument_imports(include=["qaitar"]):
    django.setup()
    from qaitar.connectors.kaspi_cabinet.saved import read_cabinet, read_counts
    from qaitar.connectors.kaspi_files import translate, wire
    from qaitar.connectors.kaspi_files.reader import FileRefused, read_orders
    from qaitar.connectors.onec import wire as odata
    from qaitar.connectors.onec.metadata import NotMetadata, read_metadata
    from qaitar.connectors.usedesk.webhook import read_event
    from qaitar.foundation.files.kinds import recognise
    from qaitar.foundation.search import folded, query_words
    from qaitar.kernel import identifiers, money, phones
    from qaitar.returns.queue import Place
    from qaitar.transport import lenient
    from qaitar.web.api.bodies import json_parsed
    from qaitar.web.api.idempotency import key_read
    from qaitar.web.api.problems import Turned

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH_MAX: Final = 4_096
MEGABYTES_MAX: Final = 400
SECONDS_MAX: Final = 5


def _text(data: bytes) -> str:
    """Half of the inputs as letters of every plane, half as the bytes say."""
    if data[:1] < b"\x80":
        return data[1:].decode("utf-8", "surrogateescape")
    return data[1:].decode("utf-16-le", "replace")


def _money(data: bytes) -> None:
    text = _text(data)
    with suppress(money.UnreadableAmount):
        money.parse_minor(text)
    assert (lenient.minor(text) or 0) >= 0
    assert (translate.tiyn(text) or 0) >= 0
    lenient.milli(text)
    lenient.whole(text)


def _dates(data: bytes) -> None:
    text = _text(data)
    for read in (translate.day_start, Place.read, lenient.moment_ms):
        read(text)
    wire.cell_text(text)


def _numbers(data: bytes) -> None:
    text = _text(data)
    for read in (
        identifiers.request_attempt,
        identifiers.checked_iin_bin,
        identifiers.checked_imei,
    ):
        with suppress(identifiers.UnreadableNumber):
            read(text)
    phone = phones.normalise_phone(text)
    assert phone is None or phone.startswith("+")
    identifiers.mask_phone(text)


def _search(data: bytes) -> None:
    text = _text(data)
    words = query_words(text)
    assert all(folded(word) == word for word in words)
    key_read(text)


def _orders(data: bytes) -> None:
    told = read_orders(data)
    if not isinstance(told, FileRefused):
        assert sum(1 for _ in told) <= told.rows_total + 1


def _cabinet(data: bytes) -> None:
    read_cabinet(data)
    read_counts(data)


def _archive(data: bytes) -> None:
    """A browser's archive around what is made up, so that it is looked into."""
    text = data.decode("utf-8", "replace")
    entry = {
        "request": {"url": "https://mc.shop.kaspi.kz/refund/api/" + text[:40]},
        "response": {
            "status": 200,
            "content": {"text": text, "encoding": "base64" if len(data) % 2 else ""},
        },
    }
    read_cabinet(json.dumps({"log": {"entries": [entry, text[:20]]}}).encode())


def _odata(data: bytes) -> None:
    odata.read_error(data)
    for read in (odata.read_rows, odata.read_object):
        with suppress(odata.Unreadable):
            read(data)
    with suppress(NotMetadata):
        read_metadata(BytesIO(data))


def _bodies(data: bytes) -> None:
    with suppress(Turned):
        json_parsed(data)
    read_event(data, secret="a secret of tests")
    recognise(data, "orders.csv")


HARNESSES: Final[dict[str, Callable[[bytes], None]]] = {
    "money": _money,
    "dates": _dates,
    "numbers": _numbers,
    "search": _search,
    "orders": _orders,
    "cabinet": _cabinet,
    "archive": _archive,
    "odata": _odata,
    "bodies": _bodies,
}


def main(name: str, folder: Path, seconds: str) -> None:
    """Feed one parser for so long; what broke it is kept in the folder."""
    flags = [
        f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX}", f"-timeout={SECONDS_MAX}",
        f"-rss_limit_mb={MEGABYTES_MAX}", f"-artifact_prefix={folder}/broke-", "-seed=20260514",
        "-print_final_stats=1", str(folder / "seeds"),
    ]  # fmt: skip
    atheris.Setup([name, *flags], HARNESSES[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
