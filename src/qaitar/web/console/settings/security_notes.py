"""Writes what signed-in people do into the security journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.identity.request_origin import origin_of
from qaitar.foundation.identity.security_journal import (
    SecurityKind,
    SecurityNote,
    merchants_of,
    security_note,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from qaitar.foundation.models import User
    from qaitar.web.console.frame.auth import PageRequest


def visit_note(
    visit: PageRequest,
    kind: SecurityKind,
    merchants: Sequence[UUID] | None = None,
    *,
    about: User | None = None,
    **details: Any,
) -> None:
    """Write an event behind the walls of these merchants; of all the reader works for, where none are named."""
    subject = (about.pk, str(about)) if about else (None, "")
    note = SecurityNote(
        kind,
        visit.now,
        origin_of(visit.request),
        by=(visit.who.user_id, visit.who.name),
        about=subject,
        details=details,
    )
    security_note(visit.who.merchants if merchants is None else merchants, note)


def account_change_note(visit: PageRequest, kind: SecurityKind, user: User, **details: Any) -> None:
    """Write what the reader did to an account, their own or another's, wherever that account works."""
    about = None if user.pk == visit.who.user_id else user
    visit_note(visit, kind, merchants_of(user), about=about, **details)


def export_note(
    visit: PageRequest, merchants: Sequence[UUID], *, what: str, rows: int | None, **details: Any
) -> None:
    """Write that a list left as a file: which one, by which filters, how many lines; None: not counted."""
    visit_note(visit, SecurityKind.EXPORT, merchants, list=what, rows=rows, **details)
