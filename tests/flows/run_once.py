"""Drains one merchant's effects in a process of its own, so that it may be killed: `python -m tests.flows.run_once`."""

from __future__ import annotations

import sys
from datetime import datetime
from uuid import UUID

import django

django.setup()

from qaitar.flows.effects.engine import effects_run  # noqa: E402  models need a set-up Django


def main() -> None:
    """Drain `merchant_id` at the moment given; dies where QAITAR_CRASHPOINT says."""
    effects_run(UUID(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))


if __name__ == "__main__":
    main()
