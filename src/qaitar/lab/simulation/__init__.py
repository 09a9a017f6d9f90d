"""A year of a shop in minutes: a world played from a seed against the real services, with faults on purpose."""
