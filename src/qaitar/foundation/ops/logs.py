"""Log lines: one JSON object a line on stderr, from our code and from libraries, with nothing private in."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from qaitar.foundation.ops.scrubbing import scrub, scrub_value

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_TRUSTED_KEYS = frozenset({"timestamp", "level"})
_QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "botocore": logging.WARNING,
    "procrastinate": logging.WARNING,
    # Of a request that was refused it writes the address as it came, which may hold a secret of any form; ours
    # (`request_log.py`) writes the route.
    "django.request": logging.ERROR,
}
_TRACE_LINES_MAX = 200


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of this process, ours or a library's, through the same scrubbing.

    Calling it again replaces the earlier set-up.  `stream` is stderr unless a test looks on.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        trace_as_lines,
        scrub_event,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(capture=True)


def trace_as_lines(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn a traceback into a list of lines: readable, and still one line of log."""
    for key in ("exception", "stack"):
        text = event.get(key)
        if isinstance(text, str):
            event[key] = text.split("\n")[-_TRACE_LINES_MAX:]
    return event


def scrub_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Clean the event and all its values and keys; structlog's own bookkeeping stays."""
    clean: dict[str, Any] = {}
    for key, value in event.items():
        if key in _TRUSTED_KEYS or key.startswith("_"):
            clean[key] = value
        else:
            clean[scrub(key)] = scrub_value(value, key)
    return clean
