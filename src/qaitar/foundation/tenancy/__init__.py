"""Merchants and the walls around each of them."""
