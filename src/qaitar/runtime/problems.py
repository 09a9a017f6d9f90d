"""What can be wrong with one machine, each told in a sentence with what to do about it."""

from __future__ import annotations


class Problem(Exception):
    """Says in its text what is wrong and what to do; a command prints it and exits, no traceback."""


class FolderProblem(Problem):
    """The data folder cannot be used: it is somebody else's, not writable or full."""


class DatabaseProblem(Problem):
    """No working database can be had: it does not start, does not answer or lacks a right."""


class UnsafeDatabase(DatabaseProblem):
    """The database works but may lose acknowledged rows or open the walls between merchants."""


class PortInUse(Problem):
    """Another program listens on the port that was asked for."""


class AlreadyRunning(Problem):
    """Another process does the same on the same data folder; only one may."""


class NotReady(Problem):
    """A program that was started has not answered in the time it was given."""
