"""What a process that opens a hostile file may use up, and the way each such process answers."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qaitar.foundation.files.openers.confinement import confine

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1024 * 1024
MEMORY_MAX_BYTES = 304 * MB  # address space; resident memory stays below 300 MB
CPU_MAX_S = 4
WRITTEN_MAX_BYTES = 20 * MB
OPEN_FILES_MAX = 64
OUT_OF_MEMORY_EXIT = 3

Answer = dict[str, Any]


def refused(code: str, **params: object) -> Answer:
    """Answer that the file may not be taken; `params` fill the sentence of the code.

    >>> refused("pdf_pages", pages=501, limit=500)
    {'refused': 'pdf_pages', 'pages': 501, 'limit': 500}
    """
    return {"refused": code, **params}


def serve(task: Callable[[Path, Path], Answer]) -> int:
    """Do the task on the file and folder named on the command line, and print its answer as JSON.

    Returns 0, or 3 when memory ran out.  A file that cannot be read ends in a traceback and exit 1,
    which the caller reads as damaged: nothing is caught here that is not understood.
    """
    limit_this_process()
    path = Path(sys.argv[1])
    given = [Path(each) for each in sys.argv[2:3]]
    confine([path], given)
    folder = given[0] if given else path.parent
    try:
        answer = task(path, folder)
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    sys.stdout.write(json.dumps(answer))
    return 0


def limit_this_process() -> None:
    """Make the operating system guard this process from here on."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_MAX_BYTES),
        (resource.RLIMIT_CPU, CPU_MAX_S),
        (resource.RLIMIT_FSIZE, WRITTEN_MAX_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
