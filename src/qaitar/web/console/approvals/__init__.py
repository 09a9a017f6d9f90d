"""What waits for a senior, and who decides in their place."""
