"""What the marketplace's cabinet shows, and what that proves."""
