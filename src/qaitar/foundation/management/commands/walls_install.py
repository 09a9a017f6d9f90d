"""Puts the walls up after a migration; called by `qaitar migrate` and by every command on an empty folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from django.core.management.base import BaseCommand
from typing_extensions import override

from qaitar.foundation.tenancy import walls_install

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Forces row-level security and grants the program's role what it needs."""

    help = "Force row-level security on every business table."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the owner's address and the program's role."""
        parser.add_argument("--owner-dsn", required=True)
        parser.add_argument("--app-role", required=True)

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in one transaction."""
        with psycopg.connect(options["owner_dsn"]) as owner:
            walls_install.install(owner, app_role=options["app_role"])
