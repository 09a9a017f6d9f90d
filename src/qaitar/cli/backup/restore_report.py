"""Says what a restore did and what its checks found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qaitar.backup.manifest import Manifest
    from qaitar.cli.backup.restore_steps import Restored


def restored_lines(manifest: Manifest, restored: Restored) -> list[str]:
    """Write one line for each thing that was restored or checked."""
    rows = sum(manifest.rows.values())
    lines = [f"database    {rows} rows in {len(manifest.rows)} tables, walls and rights put up"]
    lines += [
        f"ROWS DIFFER {table}: {before} in the backup, {now} restored"
        for table, (before, now) in restored.rows.items()
    ]
    lines.append(f"files       {restored.files.files} of {manifest.files} proved by their hash")
    lines += [f"FILE LOST   {fault}" for fault in restored.files.faults]
    if restored.keys:
        lines.append(f"keys        {', '.join(restored.keys)}")
    else:
        lines.append(
            "keys        NOT in this backup: put the installation's own `encryption_key` and `journal_key` into the "
            "folder `secrets`, or into QAITAR_ENCRYPTION_KEY and QAITAR_JOURNAL_KEY; without them enter the secrets of "
            "connections again, and signatures of the journal cannot be verified"
        )
    if restored.replaced:
        lines.append(f"replaced    the database that was here is kept as {restored.replaced}")
    checks = restored.checks
    if checks.broken:
        broken = ", ".join(f"{code} by {count}" for code, count in sorted(checks.broken.items()))
        lines.append(f"INVARIANTS  BROKEN: {broken}; see `qaitar check-invariants`")
    else:
        lines.append(f"invariants  all {checks.invariants} hold")
    lines.append(f"{'journal  ' if checks.journal_holds else 'JOURNAL BROKEN'}   {checks.journal}")
    return lines
