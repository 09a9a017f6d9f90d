"""Stand-ins of outside systems, written from the vendors' documents."""
