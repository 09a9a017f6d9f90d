"""Stand-in of Kaspi: the Shop API v2, the cabinet's refunds service and plain cabinet pages, over one ledger in memory."""
