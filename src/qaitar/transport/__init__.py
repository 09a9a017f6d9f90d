"""The one HTTP client: timeouts, limits, scrubbing. No business word in it."""
