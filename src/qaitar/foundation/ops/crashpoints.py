"""Named points at which a test may kill the process, to prove that nothing happens twice or gets lost.

Nothing happens unless the environment variable `QAITAR_CRASHPOINT` names the point; a production process never has it.
"""

from __future__ import annotations

import os
import signal
from typing import Final

VARIABLE: Final = "QAITAR_CRASHPOINT"


def armed() -> str:
    """Tell which point this process dies at; empty in every real installation.

    >>> armed()
    ''
    """
    return os.environ.get(VARIABLE, "")


def crashpoint(name: str) -> None:
    """Kill this very process with SIGKILL if the environment names this point; otherwise do nothing."""
    if armed() == name:
        os.kill(os.getpid(), signal.SIGKILL)
