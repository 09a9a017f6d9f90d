"""The register of requests as a table."""
