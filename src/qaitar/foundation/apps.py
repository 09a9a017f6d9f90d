"""Tells Django about this app."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from typing_extensions import override

from qaitar.transport.outgoing import set_policy


class FoundationConfig(AppConfig):
    """The ground: accounts, walls, journal, effects, files, connections."""

    name = "qaitar.foundation"
    label = "foundation"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        """Tell the one way out which private hosts the machine's operator allows."""
        # tables in modules of their own
        for module in (
            "identity.invitation_model",
            "journal.head_model",
            "journal.personal_models",
            "identity.security_models",
            "identity.sessions",
        ):
            import_module(f"qaitar.foundation.{module}")
        set_policy(settings.QAITAR_PRIVATE_HOSTS)

    @override
    def import_models(self) -> None:
        """Load the tables that stand in packages of their own too."""
        super().import_models()
        import_module("qaitar.foundation.approvals.models")
        import_module("qaitar.foundation.records.models")
