"""What the program logs, as it writes it, for tests that look at the lines."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from qaitar.foundation.ops import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Send every line of this process into a text for the block; the set-up before it comes back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure("INFO", written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
