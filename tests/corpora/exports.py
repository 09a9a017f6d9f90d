"""Exports of orders that went wrong on the way: 75 tables as people save, edit and cut them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import facts
from tests.corpora.papers import mangled
from tests.factories.orders import export_csv, export_rows, export_xlsx

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNT = 75
SEED = 20260514
ENCODINGS = (
    "cp1251",
    "koi8-r",
    "cp866",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "mac-cyrillic",
    "latin-1",
)


def exports(values: Sequence[str], count: int = COUNT, seed: int = SEED) -> list[tuple[str, bytes]]:
    """Give name and bytes: every value in every column that is read as a number or a date, odd encodings, damage."""
    random = Random(seed)
    read = (facts.AMOUNT, facts.QUANTITY, facts.CREATED, facts.STATUS_CHANGED, facts.CODE)
    made = [(f"{n}.csv", export_csv(export_rows(*({name: v, facts.CODE: str(700_000_000 + at)} if name != facts.CODE else {name: v} for at, v in enumerate(values))))) for n, name in enumerate(read)]  # fmt: skip
    plain = export_csv(export_rows(*[{facts.CODE: str(710_000_000 + n)} for n in range(20)]))
    text = plain.decode("utf-8-sig")
    made += [(f"{name}.csv", text.encode(name, "replace")) for name in ENCODINGS]
    made += [
        ("twice.csv", plain + plain),
        ("same-number.csv", export_csv(export_rows(*[{}] * 50))),
        ("no-rows.csv", export_csv([])),
        ("no-head.csv", text.partition("\n")[2].encode()),
        ("head-twice.csv", (text.partition("\n")[0].replace(facts.AMOUNT, facts.CODE) + "\n" + text.partition("\n")[2]).encode()),
        ("quote-open.csv", text.replace("SKU-1", '"SKU-1', 1).encode()),
        ("commas.csv", text.replace(";", ",").encode()),
        ("tabs.csv", text.replace(";", "\t").encode()),
        ("short-rows.csv", "\n".join(line.rpartition(";")[0] for line in text.splitlines()).encode()),
        ("long-rows.csv", "\n".join(line + ";лишнее;" for line in text.splitlines()).encode()),
        ("old-mac.csv", text.replace("\r\n", "\r").encode()),
        ("wide.csv", (text.replace("\r\n", ";" * 5000 + "\r\n")).encode()),
        ("long-line.csv", (text + "я" * 600_000).encode()),
        ("cut.csv", plain[: len(plain) // 2 + 1]),
        ("letter.txt", "Здравствуйте, высылаю заказы".encode()),
    ]  # fmt: skip
    table = export_xlsx(export_rows(*[{facts.CODE: str(720_000_000 + n)} for n in range(20)]))
    while len(made) < count:
        source, name = (plain, "damaged.csv") if len(made) % 3 else (table, "damaged.xlsx")
        made.append((f"{len(made)}-{name}", mangled(source, random)))
    return made[:count]
