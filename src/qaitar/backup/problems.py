"""What can be wrong with a backup or a restore."""

from __future__ import annotations

from qaitar.runtime.problems import Problem


class BackupProblem(Problem):
    """A backup cannot be made, read or restored; the sentence says why and what to do."""


class DamagedBackup(BackupProblem):
    """What lies in the backup is not what was put there: a part is missing, cut off or altered."""
