"""Russian: how dates and numbers are written."""
