"""Ground under every area: accounts, merchant walls, journal, transitions, effects, secrets, files, clock."""
