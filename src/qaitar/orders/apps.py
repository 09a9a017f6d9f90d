"""Tells Django about this app."""

from __future__ import annotations

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """What was sold."""

    name = "qaitar.orders"
    label = "orders"
