"""The analytics area as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """The app."""

    name = "qaitar.analytics"
    label = "analytics"
