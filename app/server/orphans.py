"""Processes that a killed PostgreSQL has left behind."""

from contextlib import suppress
from pathlib import Path

import psutil

END_SECONDS = 5.0


def end_orphans(folder: Path) -> None:
    """Kill the processes of a cluster's folder whose server has ended.

    A process that runs a statement does not notice that its server was killed. Until it ends, its
    memory keeps a new server from starting. The new server recovers the database.
    """
    orphans = [process for process in psutil.process_iter() if _is_orphan(process, folder)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(orphans, END_SECONDS)


def _is_orphan(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error, OSError):
        if process.name() == "postgres" and Path(process.cwd()).samefile(folder):
            parent = process.parent()
            return parent is None or parent.name() != "postgres"
    return False
