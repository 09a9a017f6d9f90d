"""Screens for staff, HTMX over plain forms."""
