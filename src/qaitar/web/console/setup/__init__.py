"""The first run and first steps of an installation."""
