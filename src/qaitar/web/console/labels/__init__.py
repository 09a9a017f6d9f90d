"""Words of values that several pages show."""
