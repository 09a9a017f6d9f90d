"""The training area as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """The app."""

    name = "qaitar.training"
    label = "training"
