"""What analytics writes: its figures, how they are counted, lists taken away as files."""
