"""The process's limit of open files, of which each connection takes one."""

import resource

from app.errors import OperatorError
from app.settings import Settings
from app.text.bilingual import Bilingual

RESERVED = 100
"""For sockets and files other than clients' and the two pools' connections."""


class OpenFilesError(OperatorError):
    """The process may not open as many files as the settings need."""


def allow_connections(settings: Settings) -> None:
    """Raise the limit of open files to what the settings need; worker processes inherit it.

    Raises:
        OpenFilesError: the system allows fewer.
    """
    needed = settings.max_connections + 2 * settings.pool_size + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if needed <= soft or soft == resource.RLIM_INFINITY:
        return
    if needed > hard != resource.RLIM_INFINITY:
        raise OpenFilesError(
            Bilingual(
                f"TIENDO_MAX_CONNECTIONS={settings.max_connections} cần mở {needed} tệp, hệ thống "
                f"chỉ cho {hard}: hãy nâng giới hạn (`ulimit -n`, `LimitNOFILE=` của systemd), "
                "hoặc đặt TIENDO_MAX_CONNECTIONS là "
                f"{max(hard - needed + settings.max_connections, 10)}",
                f"TIENDO_MAX_CONNECTIONS={settings.max_connections} needs {needed} open files, "
                "and the"
                f" system allows {hard}: raise the limit (`ulimit -n`, `LimitNOFILE=` of systemd),"
                " or set TIENDO_MAX_CONNECTIONS to "
                f"{max(hard - needed + settings.max_connections, 10)}",
            )
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
