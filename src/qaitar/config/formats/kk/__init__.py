"""Kazakh: how dates and numbers are written."""
