"""`qaitar token create`: prints an API token once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.db import transaction

from qaitar.foundation.identity.access import SCOPES, token_create
from qaitar.foundation.identity.security_journal import (
    Origin,
    SecurityKind,
    SecurityNote,
    account_note,
)
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import utc_now

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("action", choices=["create"])
    parser.add_argument("--user", required=True)
    parser.add_argument("--scope", action="append", choices=SCOPES, default=[])
    parser.add_argument("--name", default="command line")


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Make the token."""
    user = User.objects.filter(username=options.user, is_active=True).first()
    if user is None:
        known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)[:20])
        print(f"qaitar: no user '{options.user}'. Known: {known or 'nobody yet'}.", file=sys.stderr)
        return 2
    now = utc_now()
    with transaction.atomic():
        token = token_create(user=user, name=options.name, scopes=options.scope, now=now)
        details = {"token": options.name, "hint": token[-4:], "scopes": options.scope}
        account_note(
            user,
            SecurityNote(
                SecurityKind.TOKEN_MADE,
                now,
                Origin(channel="cli"),
                about=(user.pk, str(user)),
                details=details,
            ),
        )
    print(token)
    return 0
