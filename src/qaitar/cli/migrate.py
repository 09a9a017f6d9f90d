"""`qaitar migrate`: brings the database up to date; every command does so on an empty folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command

from qaitar.runtime.database import OWNER_VARIABLE

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no flags of its own."""


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Migrating itself happened while the environment was made ready; the walls are put up once more."""
    call_command(
        "walls_install",
        owner_dsn=os.environ[OWNER_VARIABLE],
        app_role=settings.DATABASES["default"]["USER"],
    )
    print("The database is up to date and walled.")
    return 0
