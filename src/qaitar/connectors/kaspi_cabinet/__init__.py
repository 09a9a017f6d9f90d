"""Return requests as Kaspi's merchant cabinet shows them (unpublished JSON, captures of 2026-08): `ReturnsReader`, reads only."""
