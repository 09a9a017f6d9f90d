"""What must hold over the whole database at any moment, as statements that name the rows which break it."""
