"""What a call to an outside system can come to.  A business "no" is a value; an exception is our bug or a wrong setting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """Executed: `reference` is the outside system's own id, `address` where a person can see it, `detail` its words."""

    reference: str
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The system understood and said no; a person has to act.  `reason` is its own words, fit to show."""

    reason: str


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """A setting, right or address is wrong; no repeat helps until it is mended.  `what` says what, `how` says what to do.

    `whole` off: only this one thing is stopped by it (a protected row, a closed period), not the whole connection.
    """

    what: str
    how: str
    whole: bool = True


ADDRESS_NOT_ALLOWED = Misconfigured(
    "This machine may not call the address of this connection.",
    "Private addresses and plain http have to be allowed by the machine's operator: QAITAR_PRIVATE_HOSTS.",
)


@dataclass(frozen=True, slots=True)
class Busy:
    """Surely not executed; may be repeated after `retry_after_s` seconds (429, 503 before work, not connected)."""

    detail: str
    retry_after_s: int = 30


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been executed: only a look-up by our marker may settle it, never a repeat."""

    detail: str


Outcome = Done | Refused | Misconfigured | Busy | Unknown


@dataclass(frozen=True, slots=True)
class Missing:
    """A look-up by our marker got a whole, readable answer: nothing with this marker exists."""


Found = Done | Missing | Misconfigured | Busy | Unknown


@dataclass(frozen=True, slots=True)
class Healthy:
    """A connection test passed; `facts` are short sentences fit to show (account name, rights, latency)."""

    facts: tuple[str, ...] = ()


Health = Healthy | Refused | Misconfigured | Busy | Unknown
