"""Writes of what was sold: merging readings, keeping imports, noting units, opening stores."""
