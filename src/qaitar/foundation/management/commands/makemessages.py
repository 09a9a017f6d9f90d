"""`makemessages` that also sees `_now("…")`, the name under which modules with lazy texts import plain gettext."""

from __future__ import annotations

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Gather messages under every name this program calls gettext by."""

    xgettext_options = makemessages.Command.xgettext_options + ["--keyword=_now"]  # noqa: RUF005  Django's list, one more
