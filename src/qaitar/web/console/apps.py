"""Tells Django about this app."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Screens for staff; no tables of its own."""

    name = "qaitar.web.console"
    label = "console"
