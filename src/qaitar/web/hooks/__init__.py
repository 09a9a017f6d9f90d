"""What outside systems hand over: verify, store raw, answer."""
