"""Shapes used all over the API: bounded values in, plain records out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from qaitar.kernel.zones import as_utc

BIGINT_MAX: Final = 2**63 - 1
_YEARS: Final = range(2000, 2101)


def _sane_moment(value: datetime) -> datetime:
    if value.year not in _YEARS:
        raise ValueError("a moment between 2000 and 2100")
    return as_utc(value)  # a caller may be 20 hours from Greenwich, PostgreSQL's clock may not


def _sane_day(value: date) -> date:
    if value.year not in _YEARS:
        raise ValueError("a day between 2000 and 2100")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_sane_moment)]
Day = Annotated[date, AfterValidator(_sane_day)]
Minor = Annotated[int, Field(strict=True, ge=0, le=BIGINT_MAX)]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Flag = Annotated[bool, Field(strict=True)]
Short = Annotated[str, Field(max_length=60)]
Name = Annotated[str, Field(max_length=200)]
Line = Annotated[str, Field(max_length=500)]
Words = Annotated[str, Field(max_length=4000)]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
At = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
On = Annotated[str, Field(json_schema_extra={"format": "date"})]


class InModel(BaseModel):
    """What a caller sends: an unknown name is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class OutModel(BaseModel):
    """What a caller gets: exactly these names."""

    model_config = ConfigDict(extra="forbid")


class ProblemOut(BaseModel):
    """RFC 9457 problem details; `code` is stable, `detail` is a sentence in the caller's language."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: str = ""
    detail: str = ""
    step: str = ""
    params: dict[str, str | int] = {}
    errors: list[ProblemError] = []


class ProblemError(BaseModel):
    """One wrong value: where it stands (`pointer` in the body, `parameter` in the address) and what is wrong."""

    detail: str
    code: str
    pointer: str = ""
    parameter: str = ""


class MoneyOut(OutModel):
    """A sum in minor units; null when nobody has told it."""

    minor: int | None
    currency: str
