"""Mutation testing of the heart: small faults are put in on purpose, and the tests have to notice each."""
