"""Writes of the practice: begun, gone on with, ended."""
