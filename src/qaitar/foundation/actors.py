"""Who acts: a person at a merchant, a program with a token, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass

from qaitar.kernel.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, in which role, through which door, in which request."""

    user_id: int | None
    name: str
    role: Role
    channel: str  # web, api, job, import, mirror, guard
    request_ref: str = ""


def system_actor(channel: str) -> Actor:
    """Speak for the program itself: the deadline guard, the mirror, an import."""
    return Actor(user_id=None, name="Qaitar", role=Role.SYSTEM, channel=channel)
