"""What one machine runs: the embedded PostgreSQL and the processes beside it. No Django in it."""
