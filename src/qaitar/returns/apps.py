"""Tells Django about this app."""

from __future__ import annotations

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """Marketplace return requests."""

    name = "qaitar.returns"
    label = "returns"
