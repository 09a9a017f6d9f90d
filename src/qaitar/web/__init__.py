"""Faces of the program: console, public API, incoming hooks."""
