"""What we need from outside systems, by kind: protocols and frozen records. Pure."""
