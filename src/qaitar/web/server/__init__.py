"""Receives requests in an event loop and runs Django in a few threads: no thread ever waits for a client."""
