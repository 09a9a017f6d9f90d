"""Benchmarks that tell the truth: each measures beside the machine's own ceiling, in the same run, in a database of its own."""
