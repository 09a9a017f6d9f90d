"""`qaitar migrate`: brings the database up to date; every command does so on an empty folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import connections

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no flags of its own."""


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Migrating itself happened while the environment was made ready; the walls are put up once more."""
    owner = connections["owner"].get_connection_params()
    dsn = " ".join(
        f"{k}='{v}'"
        for k, v in owner.items()
        if k in {"dbname", "user", "password", "host", "port"}
    )
    call_command("walls_install", owner_dsn=dsn, app_role=settings.DATABASES["default"]["USER"])
    print("The database is up to date and walled.")
    return 0
