"""Kaspi cabinet's order exports (ACTIVEORDERS / ARCHIVE, 28 columns, genuine file of 2025-07-31 read): XLSX and CSV in."""
