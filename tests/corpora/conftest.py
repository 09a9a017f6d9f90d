"""Corpora are data; the harness of the fuzzer is loaded in a process of its own."""

from __future__ import annotations

collect_ignore = ["harness.py"]
