"""`python -m tests.hosts.on_app NAME`: makes a web host ready as `qaitar` does, then runs `tests.hosts.NAME` there.

Reads its task as JSON from standard input, tells what it did as JSON in its last line.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from qaitar.cli.environment import prepare

if __name__ == "__main__":
    task = json.load(sys.stdin)
    prepare(None, os.environ)
    reported = importlib.import_module(f"tests.hosts.{sys.argv[1]}").run(task)
    print(json.dumps(reported))  # noqa: T201  its answer
