"""Figures over the other areas: read-only towards them, writing its own tables only."""
