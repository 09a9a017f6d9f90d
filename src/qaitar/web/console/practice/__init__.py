"""Practice of a newcomer."""
