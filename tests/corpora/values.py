"""Three hundred texts in the place of a number or a date, as tables, forms and other programs give them."""

from __future__ import annotations

from random import Random

COUNT = 300
SEED = 20260514
NUMBERS = (
    "0", "-0", "+1", "1e3", "1E-3", "1e309", "-1e309", "NaN", "Infinity", "-Infinity", "0x1F", "0b1", "1_000", "١٢٣", "१२३",
    "１２３", "²", "½", "Ⅻ", "1 000,50", "1\u00a0000,50", "1\u202f000,50", "1'000.50", "1.000,50", "1,000.50", ",5", "5,", ".",
    ",", "1,2,3", "1..2", "--1", "1-", "(100)", "100₸", "100 тг", "100%", "=1+1", "12:30", "1/2", "", " ", "\t1\t", "1\n2",
    "null", "true", "[]", "{}", '"1"',
)  # fmt: skip
POWERS = tuple(str(sign * (2**bits + off)) for bits in (15, 31, 32, 53, 63, 64) for sign in (1, -1) for off in (-1, 0, 1))  # fmt: skip
DATES = (
    "29.02.2026", "29.02.2024", "31.11.2026", "00.00.0000", "32.01.2026", "01.13.2026", "1.1.1", "01.01.0001", "31.12.9999",
    "01.01.10000", "31/12/2026", "12/31/2026", "2026-02-30", "2026-12-31", "0001-01-01", "9999-12-31", "10000-01-01", "20261231",
    "2026-366", "2026-W53-7", "31 декабря 2026", "2026 ж. 31 желтоқсан", "31.12.26", "31.12.1969", "1970-01-01T00:00:00Z",
    "2026-01-01T00:00:00+05:00", "2026-01-01T00:00:00+06:00", "2024-03-01T00:00:00+05:00", "2024-02-29T23:59:60Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+25:00", "2026-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-01-01t00:00:00z", "2026-01-01 00:00", "00:00", "24:00",
    "00:00:00.000000001", "2026-01-01T00:00:00.1234567890123Z", "2026-01-01T00:00Z", "２０２６-01-01", "٢٠٢٦-٠١-٠١",
)  # fmt: skip
SERIALS = ("0", "1", "59", "60", "61", "25569", "45658", "45658.5", "45658,999999", "2958465", "2958466", "-1", "1e10", "1747202400000", "-1747202400000")  # fmt: skip


def values(count: int = COUNT, seed: int = SEED) -> list[str]:
    """Give the texts, each once: numbers, powers of two, dates, serial days, then digits put together by chance.

    >>> len(set(values())), values() == values()
    (300, True)
    """
    random = Random(seed)
    made = dict.fromkeys((*NUMBERS, *POWERS, *DATES, *SERIALS))
    while len(made) < count:
        length = random.randint(1, 24)
        made["".join(random.choice("0123456789.,-+eE: \u00a0T/") for _ in range(length))] = None
    return list(made)[:count]
