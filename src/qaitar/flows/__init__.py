"""Procedures that cross areas, one file a story."""
