"""Writes to return requests, one noun a file."""
