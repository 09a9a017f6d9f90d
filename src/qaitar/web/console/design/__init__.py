"""The page of the design and its samples."""
