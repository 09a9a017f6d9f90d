"""Tells Django about this app."""

from __future__ import annotations

from django.apps import AppConfig


class FlowsConfig(AppConfig):
    """Procedures that cross areas; no tables of its own."""

    name = "qaitar.flows"
    label = "flows"
