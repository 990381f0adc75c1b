"""The command `tiendo`: the server and the operator's commands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from logging.config import dictConfig
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.clock import Clock
from app.errors import OperatorError, Problem
from app.vocabulary import Role

if TYPE_CHECKING:
    from pydantic import ValidationError

    from app.db.roles import DatabaseUrls
    from app.settings import Settings

# Commands import the application when they run: `tiendo --help` takes 0.3 s instead of 2 s.
# ruff: noqa: PLC0415

app = typer.Typer(
    help="Tiến độ: báo cáo tiến độ chương trình mục tiêu quốc gia.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def serve() -> None:
    """Run the server. Fills an empty database with the first plan and the user admin."""
    from app.server import serving
    from app.settings import Settings

    serving.serve(Settings(), typer.echo)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Number of concurrent jobs.")] = 4,
) -> None:
    """Plan and send reminders, for servers with TIENDO_EMBEDDED_WORKER=false."""
    from app import jobs
    from app.server import operating, stopping
    from app.server.logs import LOGGING
    from app.server.supervision import supervised

    dictConfig(LOGGING)
    with suppress(stopping.Stopped), _database(migrated=False) as (settings, urls):
        clock = Clock.from_settings(settings.clock_start, settings.clock_offset_seconds)
        operating.announce_hold(settings, urls.application, typer.echo)
        typer.echo("Worker started (Ctrl+C to stop).")
        with supervised(settings, urls.owner):
            stopping.run(jobs.work_alone(urls.application, settings, clock, concurrency))


@app.command()
def migrate() -> None:
    """Migrate the database to the newest schema."""
    with _database(migrated=True):
        typer.echo("The database has the newest schema.")


@app.command()
def seed(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a plan, a programme or a reorganisation. Default: the plan of 2024."
        ),
    ] = None,
    move_open_periods: Annotated[
        bool,
        typer.Option(
            "--move-open-periods",
            help="Move open periods to the due dates of changed schedules, and tell the reporters.",
        ),
    ] = False,
) -> None:
    """Load a plan, a programme or a reorganisation, or update it with corrected files."""
    from app.server import operating

    with _database(migrated=True) as (settings, urls):
        operating.load_plan(
            settings,
            urls.application,
            folder or operating.FIRST_PLAN,
            _now(settings),
            typer.echo,
            move_open_periods=move_open_periods,
        )


@app.command()
def simulate(
    provinces: Annotated[int, typer.Option(min=1, max=99)] = 63,
    districts: Annotated[int, typer.Option(min=1, max=9_999)] = 705,
    communes: Annotated[int, typer.Option(min=30, max=99_999)] = 10_598,
    years: Annotated[int, typer.Option(min=1, max=4, help="Years of plans, up to 2024.")] = 3,
) -> None:
    """Fill an empty database with a simulated country, for rehearsals and measurements."""
    from app.server import simulating
    from seed.simulation.shape import Shape

    shape = Shape(provinces, districts, communes, years)
    progressbar = typer.progressbar(length=districts * years, file=sys.stderr)
    with _database(migrated=True) as (settings, urls), progressbar as bar:
        figures = simulating.simulate(
            settings, urls, shape, lambda done, _: bar.update(done - bar.pos), typer.echo
        )
    typer.echo(f"{districts * years:,} plans and {figures:,} figures are simulated.")


@app.command()
def user(
    name: Annotated[str, typer.Argument(help="The user name.")],
    role: Annotated[Role | None, typer.Option(help="Role of a new account.")] = None,
    agency: Annotated[
        str | None, typer.Option(help="Code of the agency; optional only for an admin.")
    ] = None,
    full_name: Annotated[str | None, typer.Option(help="Default: the user name.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    password: Annotated[str | None, typer.Option(help="Default: a generated password.")] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Set a new password and activate the account.")
    ] = False,
) -> None:
    """Create an account, or reset its password."""
    from app.schemas.accounts import UserIn
    from app.server import operating
    from app.services.accounts.accounts import AccountValues

    # 1. Check the options.
    if role is None and not reset:
        raise typer.BadParameter(
            "expected --role for a new account, or --reset for an existing one"
        )
    payload = UserIn(
        username=name,
        full_name=full_name or name,
        email=email,
        role=role or Role.VIEWER,
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
    typer.echo(f"user:      {name}")
    shown = f"{generated_password}   (shown only this once)" if generated_password else "as given"
    typer.echo(f"password:  {shown}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, or to check.")],
    check: Annotated[
        bool, typer.Option("--check", help="Read an existing archive, and check all of it.")
    ] = False,
) -> None:
    """Write one archive of the whole database, also while the service runs."""
    from app.server import backup

    if check:
        manifest, what = backup.check(file, _show_progress), "is complete"
    else:
        with _database(migrated=False) as (settings, urls):
            manifest = backup.write(urls, file, _now(settings), _show_progress)
        what = "is written"
    _end_progress()
    typer.echo(f"{file} {what}: {sum(manifest.rows.values()):,} rows, {manifest.taken_at}")
    typer.echo(f"plans: {', '.join(manifest.plans) or '-'}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="An archive of `tiendo backup`.")],
    hold_mail: Annotated[
        bool, typer.Option("--hold-mail", help="Let no message leave until you release them.")
    ] = False,
) -> None:
    """Fill an empty database from an archive. Start the service only afterwards."""
    from app.server.restore import restore
    from app.services.verification import checkpoint_files

    with _database(migrated=False) as (settings, urls):
        now = _now(settings)
        manifest = restore(urls, file, now, _show_progress, hold_mail=hold_mail)
        aside = checkpoint_files.set_aside(settings.data_dir, manifest.taken_at, now)
    _end_progress()
    typer.echo(f"{sum(manifest.rows.values()):,} rows are restored, as of {manifest.taken_at}.")
    if aside is not None:
        typer.echo(f"Checkpoints that are newer than the archive are moved to {aside}.")
    typer.echo("All accounts have to sign in again. Run `tiendo verify` next.")
    if hold_mail:
        typer.echo("Messages are held: `tiendo messages` lists them.")


@app.command()
def messages(
    hold: Annotated[bool, typer.Option("--hold", help="Let no message leave.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Let messages leave again.")] = False,
    drop: Annotated[
        list[UUID] | None, typer.Option(help="Id of a message that is not to leave; repeatable.")
    ] = None,
    drop_all: Annotated[
        bool, typer.Option("--drop-all", help="Drop all messages that wait.")
    ] = False,
) -> None:
    """List the messages that wait to leave by e-mail or webhook; hold, release or drop them."""
    from app.server import operating
    from app.server.messages import Order, carry_out

    order = Order(hold, release, None if drop_all else tuple(drop or ()))
    with _database(migrated=False) as (settings, urls):
        operation = partial(carry_out, order=order, now=_now(settings))
        lines = operating.in_transaction(settings, urls.application, operation)
    for line in lines:
        typer.echo(line)


@app.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="File of checkpoints, besides those in the data folder; repeatable."),
    ] = None,
) -> None:
    """Verify that nothing that was recorded has been changed or removed."""
    from app.server import verifying
    from app.services.verification import checkpoint_files

    with _database(migrated=False) as (settings, urls):
        files = [*checkpoint_files.list_files(settings.data_dir), *(checkpoint or ())]
        checkpoints = checkpoint_files.read(files)
        typer.echo(f"checkpoints: {len(checkpoints):,} in {len(files)} files")
        findings = verifying.verify(
            settings,
            urls.owner,
            checkpoints,
            typer.echo,
            lambda finding: typer.echo(str(finding), err=True),
        )
    if findings:
        typer.echo(f"The record is not intact: {findings} findings.", err=True)
        raise typer.Exit(1)
    typer.echo("The record is intact.")


@app.command()
def checkpoint() -> None:
    """Take a checkpoint of the audit events now, into a file of the data folder."""
    from app.server import verifying

    with _database(migrated=False) as (settings, urls):
        clock = Clock.from_settings(settings.clock_start, settings.clock_offset_seconds)
        file = verifying.take_checkpoint(settings, urls.application, clock)
    typer.echo(f"The checkpoint is in {file}.")


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


def _show_progress(done: int) -> None:
    """Show on a terminal how many bytes are read or written."""
    if sys.stderr.isatty():
        typer.echo(f"\r{done / 1_000_000:,.0f} MB", nl=False, err=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        typer.echo("\r", nl=False, err=True)


def _now(settings: "Settings") -> datetime:
    return Clock.from_settings(settings.clock_start, settings.clock_offset_seconds).now()


def main() -> None:
    """Run the command. Expected errors print one message without a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # the terminal's encoding may lack Vietnamese letters
    try:
        app()
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        typer.echo(f"tiendo: {message}", err=True)
        sys.exit(1)


def explain(error: Exception) -> str | None:
    """The message for an expected error; None for a programming error."""
    from pydantic import ValidationError

    match error:
        case OperatorError():
            return str(error)
        case Problem():
            return _explain_problem(error)
        case ValidationError():
            return _explain_values(error)
    return _explain_database(error)


def _explain_database(error: Exception) -> str | None:
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    from app.db.failures import Failure, cause_of, failure_of, reason_of

    if failure_of(error) is Failure.FULL:
        return f"the disk is full: {reason_of(error)}"
    match error:
        case CommandError():
            return f"the database cannot be migrated to this version's schema: {error}"
        case DBAPIError():
            return f"the database reports an error: {cause_of(error)}"
    return None


def _explain_values(error: "ValidationError") -> str:
    """One line per invalid setting or option, without its value, which may be a secret."""
    lines = []
    for fault in error.errors():
        message = fault["msg"].removeprefix("Value error, ")
        name = ".".join(map(str, fault["loc"]))
        if name:
            setting = f"TIENDO_{name}".upper() if error.title == "Settings" else name
            message = f"{setting}: {message}"
        lines.append(message)
    return "\n".join(lines)


def _explain_problem(problem: Problem) -> str:
    document = problem.document("en")
    return "\n".join(
        [document["detail"], *(fault["message"] for fault in document.get("errors", []))]
    )
