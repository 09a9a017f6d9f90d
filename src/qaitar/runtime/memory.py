"""Gives memory back to the system once a long-lived program has loaded what it needs."""

from __future__ import annotations

import ctypes
import gc
import sys


def settle() -> None:
    """Collect what loading left behind, keep the rest out of every later collection, and return free pages.

    Frozen objects are not marked any more, so processes forked from here on go on sharing their pages.  On systems
    without glibc nothing is returned; that costs a few megabytes and no more.
    """
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
