"""The append-only journal: lines, chain, signatures, and the one way to change a journalled row."""
