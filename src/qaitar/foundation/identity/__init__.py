"""People, their ways in, tokens and the journal of security."""
