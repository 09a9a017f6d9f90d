"""The backup area as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class BackupConfig(AppConfig):
    """The app."""

    name = "qaitar.backup"
    label = "backup"
