"""What pages, the API and jobs read of requests."""
