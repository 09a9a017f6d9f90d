"""Who acts: a person at a merchant, a program with a token, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

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


class RoleNotAllowed(PermissionDenied):
    """The actor's role may not do this; nothing was changed.  A page answers 403, the API 403 as a problem."""

    def __init__(self, role: Role) -> None:
        """Carry the role that was refused."""
        super().__init__(role.value)
        self.role = role


def require_role(by: Actor, roles: frozenset[Role]) -> None:
    """Let an actor go on who holds one of `roles`, or is the program itself.

    Raises:
        RoleNotAllowed: another role.
    """
    if by.role is not Role.SYSTEM and by.role not in roles:
        raise RoleNotAllowed(by.role)
