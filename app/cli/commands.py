"""The commands. Each returns the exit code of the process; None is 0."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from logging.config import dictConfig
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from app.cli import texts
from app.cli.console import Console
from app.clock import Clock
from app.text.bilingual import Bilingual

if TYPE_CHECKING:
    from app.db.roles import DatabaseUrls
    from app.settings import Settings

# Commands import the application when they run: `tiendo --help` takes 0.2 s instead of 2 s.
# ruff: noqa: PLC0415


class UsageError(Exception):
    """The arguments do not fit together."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


def serve(console: Console) -> None:
    """Run the server."""
    from app.server import serving
    from app.settings import Settings

    serving.serve(Settings(), console.say)


def worker(console: Console, *, concurrency: int) -> None:
    """Plan and send reminders until the process is stopped."""
    from app import jobs
    from app.server import operating, stopping
    from app.server.logs import LOGGING
    from app.server.supervision import supervised

    dictConfig(LOGGING)
    with suppress(stopping.Stopped), _database(migrated=False) as (settings, urls):
        clock = Clock.from_settings(settings.clock_start, settings.clock_offset_seconds)
        operating.announce_hold(settings, urls.application, console.say)
        console.say(texts.WORKER_STARTED)
        with supervised(settings, urls.owner):
            stopping.run(jobs.work_alone(urls.application, settings, clock, concurrency))


def migrate(console: Console) -> None:
    """Migrate the database."""
    with _database(migrated=True):
        console.say(texts.MIGRATED)


def seed(console: Console, *, folder: Path | None, move_open_periods: bool) -> None:
    """Load a plan, a programme or a reorganisation."""
    from app.server import operating

    with _database(migrated=True) as (settings, urls):
        operating.load_plan(
            settings,
            urls.application,
            folder or operating.FIRST_PLAN,
            _now(settings),
            console.say,
            move_open_periods=move_open_periods,
        )


def simulate(
    console: Console, *, provinces: int, districts: int, communes: int, years: int
) -> None:
    """Fill an empty database with a simulated country."""
    from app.server import simulating
    from seed.simulation.shape import Shape

    shape, total = Shape(provinces, districts, communes, years), districts * years
    with _database(migrated=True) as (settings, urls):
        figures = simulating.simulate(
            settings, urls, shape, lambda done, _: console.show_share(done, total), console.say
        )
    console.end_progress()
    console.say(texts.SIMULATED, plans=total, figures=figures)


def user(
    console: Console,
    *,
    name: str,
    role: str | None,
    agency: str | None,
    full_name: str | None,
    email: str | None,
    password: str | None,
    reset: bool,
) -> None:
    """Create an account, or reset its password.

    Raises:
        UsageError: neither a role nor a reset is requested.
    """
    from app.schemas.accounts import UserIn
    from app.server import operating
    from app.services.accounts.accounts import AccountValues
    from app.vocabulary import Role

    # 1. Check the options.
    if role is None and not reset:
        raise UsageError(texts.ROLE_OR_RESET)
    payload = UserIn(
        username=name,
        full_name=full_name or name,
        email=email,
        role=Role(role or Role.VIEWER),
        agency=agency,
        password=password,
    )
    # 2. Create or reset.
    with _database(migrated=True) as (settings, urls):
        now = _now(settings)
        if reset:
            operation = partial(operating.reset_password, username=name, password=password, now=now)
        else:
            values = AccountValues(**payload.model_dump(exclude={"password"}))
            operation = partial(operating.create_account, values=values, password=password, now=now)
        generated_password = operating.in_transaction(settings, urls.application, operation)
    # 3. Print what the operator passes on.
    for line in operating.account_lines(name, generated_password, operating.AS_GIVEN):
        console.say(line)


def backup(console: Console, *, file: Path, check: bool) -> None:
    """Write an archive of the whole database, or check one."""
    from app.server import backup

    if check:
        manifest, done = backup.check(file, console.show_bytes), texts.ARCHIVE_COMPLETE
    else:
        with _database(migrated=False) as (settings, urls):
            manifest = backup.write(urls, file, _now(settings), console.show_bytes)
        done = texts.ARCHIVE_WRITTEN
    console.end_progress()
    rows = sum(manifest.rows.values())
    console.say(done, file=str(file), rows=rows, instant=manifest.taken_at)
    console.say(texts.PLANS, plans=", ".join(manifest.plans) or "-")


def restore(console: Console, *, file: Path, hold_mail: bool) -> None:
    """Fill an empty database from an archive."""
    from app.server.restore import restore
    from app.services.verification import checkpoint_files

    with _database(migrated=False) as (settings, urls):
        now = _now(settings)
        manifest = restore(urls, file, now, console.show_bytes, hold_mail=hold_mail)
        aside = checkpoint_files.set_aside(settings.data_dir, manifest.taken_at, now)
    console.end_progress()
    rows = sum(manifest.rows.values())
    console.say(texts.RESTORED, rows=rows, instant=manifest.taken_at)
    if aside is not None:
        console.say(texts.CHECKPOINTS_ASIDE, folder=str(aside))
    console.say(texts.SIGN_IN_AGAIN)
    if hold_mail:
        console.say(texts.MESSAGES_HELD)


def messages(
    console: Console, *, hold: bool, release: bool, drop: Sequence[UUID] | None, drop_all: bool
) -> None:
    """List the messages that wait to leave; hold, release or drop them."""
    from app.server import operating
    from app.server.messages import Order, carry_out

    order = Order(hold, release, None if drop_all else tuple(drop or ()))
    with _database(migrated=False) as (settings, urls):
        operation = partial(carry_out, order=order, now=_now(settings))
        lines = operating.in_transaction(settings, urls.application, operation)
    for line in lines:
        console.say(line)


def verify(console: Console, *, checkpoint: Sequence[Path] | None) -> int:
    """Verify the record; the exit code is 1 if it is not intact."""
    from app.server import verifying
    from app.services.verification import checkpoint_files

    with _database(migrated=False) as (settings, urls):
        files = [*checkpoint_files.list_files(settings.data_dir), *(checkpoint or ())]
        checkpoints = checkpoint_files.read(files)
        console.say(texts.CHECKPOINTS, count=len(checkpoints), files=len(files))
        findings = verifying.verify(
            settings,
            urls.owner,
            checkpoints,
            console.say,
            lambda finding: console.warn(str(finding)),
        )
    if findings:
        console.warn(texts.NOT_INTACT, count=findings)
        return 1
    console.say(texts.INTACT)
    return 0


def checkpoint(console: Console) -> None:
    """Take a checkpoint of the audit events."""
    from app.server import verifying

    with _database(migrated=False) as (settings, urls):
        clock = Clock.from_settings(settings.clock_start, settings.clock_offset_seconds)
        file = verifying.take_checkpoint(settings, urls.application, clock)
    console.say(texts.CHECKPOINT_TAKEN, file=str(file))


COMMANDS: dict[str, Callable[..., int | None]] = {
    command.__name__: command
    for command in (
        serve,
        worker,
        migrate,
        seed,
        simulate,
        user,
        backup,
        restore,
        messages,
        verify,
        checkpoint,
    )
}


@contextmanager
def _database(*, migrated: bool) -> "Iterator[tuple[Settings, DatabaseUrls]]":
    """The settings and the database's URLs, after a check and, if requested, the migrations."""
    from app.server import operating
    from app.server.embedded import database_urls
    from app.server.stopping import exit_if_stopped, recorded_signals
    from app.settings import Settings

    settings = Settings()
    with recorded_signals(), database_urls(settings) as urls:
        if migrated:
            operating.migrate_checked(settings, urls)
            exit_if_stopped()
        else:
            operating.check(settings, urls.owner)
        yield settings, urls


def _now(settings: "Settings") -> datetime:
    return Clock.from_settings(settings.clock_start, settings.clock_offset_seconds).now()
