"""The account the embedded server runs under: PostgreSQL refuses root, so root lends it another.

Nothing is opened wider than needed: folders above the PostgreSQL programs, when closed, get the right
to pass through (not to list) for this one account, by an access control list where there are such.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qaitar.runtime.problems import DatabaseProblem

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT_NAME = "qaitar-db"
_NOBODY = "nobody"

# The layout of the attribute is Linux's (uapi/linux/posix_acl_xattr.h): a version, then entries of
# tag, rights and id, sorted by tag and id.
_ACL = "system.posix_acl_access"
_HEAD, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_VERSION, _NO_ID = 2, 0xFFFFFFFF
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_SEARCH = 1


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """A user of the system, by numbers: in a container the volume's owner may have no name."""

    uid: int
    gid: int

    def as_popen(self) -> dict[str, Any]:
        """Return the keyword arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account(data: Path) -> SystemAccount | None:
    """Say whom to run the server as; None means as ourselves, because we are not root.

    Whoever owns an existing cluster keeps it, so a folder moved to another machine goes on working.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return SystemAccount(owner.st_uid, owner.st_gid)
    entry = _entry(ACCOUNT_NAME) or _made() or _entry(_NOBODY)
    if entry is None:
        raise DatabaseProblem(
            f"PostgreSQL does not run as root and there is no account to lend it: make one with "
            f"`useradd --system {ACCOUNT_NAME}` or run the command as an ordinary user."
        )
    return SystemAccount(entry.pw_uid, entry.pw_gid)


def let_through(folder: Path, account: SystemAccount) -> None:
    """Let the account pass through every folder above `folder`, and through it."""
    for step in (*reversed(folder.parents), folder):
        if not _may_pass(step.stat(), account):
            _grant_search(step, account)


def share_with(path: Path, account: SystemAccount, mode: int) -> None:
    """Give our own file or folder the account's group and the given rights."""
    os.chown(path, -1, account.gid)
    path.chmod(mode)


def open_to_all(tree: Path) -> None:
    """Make a tree of programs readable for everybody, as package managers do, if it is not."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | 0o444 | (0o111 if mode & 0o100 else 0)
        if wanted != mode:
            path.chmod(wanted)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd | None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    home, shell = "/nonexistent", "/usr/sbin/nologin"
    subprocess.run(  # noqa: S603  # a fixed program with fixed words
        [program, "--system", "--home-dir", home, "--shell", shell, "--user-group", ACCOUNT_NAME],
        check=False,  # another process may be making it just now; what counts is that it is there
        capture_output=True,
    )
    return _entry(ACCOUNT_NAME)


def _may_pass(found: os.stat_result, account: SystemAccount) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _grant_search(folder: Path, account: SystemAccount) -> None:
    entries = _acl(folder)
    mine = entries.get((_USER, account.uid), 0)
    mask = entries.get((_MASK, _NO_ID), entries[_GROUP_OBJ, _NO_ID])
    if mine & mask & _SEARCH:
        return
    entries[_USER, account.uid] = mine | _SEARCH
    entries[_MASK, _NO_ID] = mask | _SEARCH
    packed = b"".join(
        _ENTRY.pack(tag, rights, who) for (tag, who), rights in sorted(entries.items())
    )
    try:
        os.setxattr(folder, _ACL, _HEAD.pack(_VERSION) + packed)
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.ENOSYS}:
            raise DatabaseProblem(
                f"The database's account may not pass through {folder}, and the right cannot be "
                f"given ({error.strerror}): choose another folder with --data."
            ) from error
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)


def _acl(folder: Path) -> dict[tuple[int, int], int]:
    """Read the list the folder has, or the one its mode bits stand for; keys are (tag, id)."""
    packed = b""
    with contextlib.suppress(OSError):  # no list, or a file system without lists
        packed = os.getxattr(folder, _ACL)
    if packed:
        body = packed[_HEAD.size :]
        return {(tag, who): rights for tag, rights, who in _ENTRY.iter_unpack(body)}
    mode = folder.stat().st_mode
    return {
        (_USER_OBJ, _NO_ID): mode >> 6 & 7,
        (_GROUP_OBJ, _NO_ID): mode >> 3 & 7,
        (_OTHER, _NO_ID): mode & 7,
    }
