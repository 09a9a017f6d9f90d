"""Measuring and proving: benches and the simulated year.  Only `qaitar.cli` uses it, the product never does."""
