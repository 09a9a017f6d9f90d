"""Who people are here (design §1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A person's role at one merchant; SYSTEM is the program itself (guard, mirror, imports)."""

    OPERATOR = "OPERATOR"
    SENIOR = "SENIOR"
    ACCOUNTANT = "ACCOUNTANT"
    CLERK = "CLERK"
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    VIEWER = "VIEWER"
    SYSTEM = "SYSTEM"


SENIORS: Final = frozenset({Role.SENIOR, Role.OWNER, Role.ADMIN})
WORKERS: Final = SENIORS | {Role.OPERATOR}  # work on requests: file, import, read the cabinet
OWNERS: Final = frozenset({Role.OWNER})  # security journal, ways in, state of the installation
MANAGERS: Final = frozenset({Role.OWNER, Role.ADMIN})  # change settings
SEE_PHONES: Final = WORKERS | {Role.SYSTEM}  # everybody else is shown masked phones
