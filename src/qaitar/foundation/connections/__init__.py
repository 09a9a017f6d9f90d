"""Connections to outside systems: settings, health, sealed secrets."""
