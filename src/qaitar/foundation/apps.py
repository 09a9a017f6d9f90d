"""Tells Django about this app."""

from __future__ import annotations

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """The ground: accounts, walls, journal, effects, files, connections."""

    name = "qaitar.foundation"
    label = "foundation"
    default_auto_field = "django.db.models.BigAutoField"
