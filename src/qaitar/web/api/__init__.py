"""Public API under /api/v1."""
