"""What we need from a register people keep in a spreadsheet: one row a key, our columns only, never twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown

if TYPE_CHECKING:
    from qaitar.contracts.outcome import Health

SETTLE_S = 180  # a request older than this is certainly over; wait so long before writing again after `Unknown`

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """What our columns of one row have to say.

    `key` is stable (request number and kind).  `cells` is by our own column names; a column left out stays as it
    is, `None` empties it.  Text is kept to the letter: ``=1+1``, ``+7701…`` and ``007`` stay what they are.
    """

    key: str
    cells: Mapping[str, Cell]

    def __post_init__(self) -> None:
        assert self.key, "a register row needs a key"
        assert self.key == self.key.strip(), (
            "a key has no outer blanks, or people's eyes cannot tell two apart"
        )


@dataclass(frozen=True, slots=True)
class RegisterKeys(Mapping[str, int]):
    """Row number (from 1, as people see it) by key; a key standing in several rows is given with its first.

    >>> keys = RegisterKeys({"R-1": 2}, duplicates={"R-1": (2, 7)})
    >>> keys["R-1"], len(keys), keys.duplicates["R-1"]
    (2, 1, (2, 7))
    """

    rows: Mapping[str, int]
    duplicates: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @override
    def __getitem__(self, key: str) -> int:
        return self.rows[key]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    @override
    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Written:
    """Every row asked for now stands in the register, but those in `refused`.

    `refused` are the keys of rows the register did not take, each with its reason: `Misconfigured` goes on once
    the setting is mended, `Busy` is written later, `Refused` is about what stands in the row.

    `duplicates` are keys people copied into several rows: only the first was written.  `disturbed` are keys of
    other rows that may have got our values because people moved rows in that very second: write them again.
    """

    updated: tuple[str, ...] = ()
    appended: tuple[str, ...] = ()
    duplicates: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    disturbed: tuple[str, ...] = ()
    refused: Mapping[str, Refused | Misconfigured | Busy] = field(default_factory=dict)


RegisterOutcome = Written | Refused | Misconfigured | Busy | Unknown


class Register(Protocol):
    """A connection to one sheet.  The caller promises one writer at a time (a lock); people may edit meanwhile.

    Writing again is safe at any time: rows are looked up by key first.  After `Unknown` wait `SETTLE_S`, because
    a request whose answer was lost may still be under way.
    """

    def write(self, rows: Sequence[RegisterRow], /) -> RegisterOutcome:
        """Make each row say what is asked: known keys are updated in place, the others are added at the end.

        The same key twice in `rows` is one row, the later cell winning.  Columns that are not ours are never written.
        A row that is refused stops no other row; `Refused` or `Misconfigured` as a whole means that none was taken.
        """
        ...

    def health(self) -> Health:
        """Test access, sheet and headings without changing anything."""
        ...
