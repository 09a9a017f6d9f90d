"""Marketplace return requests: procedure, policy, control dates, evidence, disputes."""
