"""Webhooks out: signed by the Standard Webhooks specification, sent only where they may go."""
