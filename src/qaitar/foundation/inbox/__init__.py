"""What comes in from outside: stored before it is acknowledged, removed when it must be."""
