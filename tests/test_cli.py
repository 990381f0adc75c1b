"""The operator's commands of `tiendo`: accounts, plans, the audit log."""

import asyncio
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.util import CommandError

from app import jobs
from app.cli.explaining import explain
from app.cli.main import main
from app.db.roles import DatabaseUrls
from app.errors import NotFound
from app.server.operating import FIRST_PLAN, HELD_WARNING
from app.text import terms
from tests.conftest import PLAN_FOLDER, PROGRAMME_FOLDER
from tests.support.seed_folders import correct


class Command:
    """Runs `tiendo` with arguments in this process, on the test's database."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._patch.setattr("sys.argv", ["tiendo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, out, err


@pytest.fixture
def tiendo(
    database_urls: DatabaseUrls,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    monkeypatch.setenv("TIENDO_DATABASE_URL", database_urls.application)
    monkeypatch.setenv("TIENDO_OWNER_DATABASE_URL", database_urls.owner)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TIENDO_LANG", "en")
    return Command(capsys, monkeypatch)


def fetch_value(url: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_a_new_accounts_password_is_printed_once(tiendo: Command, database_url: str) -> None:
    code, out, _ = tiendo("user", "new-one", "--role", "viewer", "--agency", "395")
    assert code == 0
    assert "new-one" in out
    assert "shown only this once" in out
    (password,) = [line.split()[1] for line in out.splitlines() if line.startswith("password:")]
    assert len(password) == len("xxxx-xxxx-xxxx-xxxx")
    stored = fetch_value(
        database_url, "SELECT password_hash FROM account WHERE username = 'new-one'"
    )
    assert stored.startswith("$argon2id$")
    assert password not in stored
    actor = fetch_value(
        database_url, "SELECT actor FROM audit_event WHERE subject = 'users/new-one' LIMIT 1"
    )
    assert actor == "command-line"


def test_a_reset_activates_the_account_and_revokes_its_tokens(
    tiendo: Command, database_url: str
) -> None:
    closed = "UPDATE account SET active = false WHERE username = 'xuan-hong' RETURNING id"
    account = fetch_value(database_url, closed)
    code, out, _ = tiendo("user", "xuan-hong", "--reset", "--password", "mật khẩu mới của tôi")
    assert code == 0
    assert "mật khẩu mới" not in out
    assert fetch_value(database_url, "SELECT active FROM account WHERE username = 'xuan-hong'")
    left = f"SELECT count(*) FROM access_token WHERE account_id = {account}"  # noqa: S608 - a number
    assert fetch_value(database_url, left) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["user", "new-one"], 2, "--role"),
        (["user", "new-one", "--role", "king"], 2, "king"),
        (["user", "New One", "--role", "admin"], 1, "username"),
        (["user", "new-one", "--role", "viewer"], 1, "needs an agency"),
        (["user", "new-one", "--role", "viewer", "--agency", "99999"], 1, "no agency 99999"),
        (["user", "new-one", "--role", "admin", "--password", "short"], 1, "password"),
        (["user", "admin", "--role", "admin"], 1, "already"),
        (["user", "nobody", "--reset"], 1, "nobody"),
        (["seed", "no-such-folder"], 1, "no-such-folder"),
        (["dance"], 2, "dance"),
    ],
)
def test_errors_are_one_message(
    tiendo: Command, arguments: list[str], code: int, message: str
) -> None:
    exit_code, _, err = tiendo(*arguments)
    assert exit_code == code
    assert message in err
    assert "Traceback" not in err


def test_a_plan_can_be_loaded_again(tiendo: Command, database_url: str) -> None:
    before = fetch_value(database_url, "SELECT count(*) FROM obligation")
    code, out, _ = tiendo("seed", str(PLAN_FOLDER))
    assert code == 0
    assert out
    assert fetch_value(database_url, "SELECT count(*) FROM obligation") == before


def test_loading_a_plan_moves_its_open_periods_on_request(
    tiendo: Command, database_url: str, tmp_path: Path
) -> None:
    shutil.copytree(PROGRAMME_FOLDER, tmp_path / PROGRAMME_FOLDER.name)
    folder = Path(shutil.copytree(PLAN_FOLDER, tmp_path / "plan"))
    correct(folder / "schedules.yaml", "day: 20", "day: 21")
    due = "SELECT due_date FROM reporting_period WHERE code = '2024-H1'"
    code, out, _ = tiendo("seed", str(folder))
    assert (code, "--move-open-periods" in out) == (0, True)
    assert fetch_value(database_url, due) == date(2024, 6, 20)
    assert tiendo("seed", "--move-open-periods", str(folder))[0] == 0
    assert fetch_value(database_url, due) == date(2024, 6, 21)


def test_a_backup_is_written_and_checked(tiendo: Command, tmp_path: Path) -> None:
    file = str(tmp_path / "tiendo.zip")
    code, out, _ = tiendo("backup", file)
    assert (code, "is written" in out, "tho-xuan-2024" in out) == (0, True, True)
    assert "is complete" in tiendo("backup", "--check", file)[1]
    code, _, err = tiendo("restore", file)
    assert (code, "not empty" in err) == (1, True)


def test_a_restore_tells_what_to_know(
    tiendo: Command,
    blank_database_urls: DatabaseUrls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIENDO_DATA_DIR", str(tmp_path / "data"))
    file = str(tmp_path / "tiendo.zip")
    assert tiendo("backup", file)[0] == 0
    assert tiendo("user", "new-one", "--role", "viewer", "--agency", "395")[0] == 0
    assert tiendo("checkpoint")[0] == 0
    monkeypatch.setenv("TIENDO_DATABASE_URL", blank_database_urls.application)
    monkeypatch.setenv("TIENDO_OWNER_DATABASE_URL", blank_database_urls.owner)
    code, out, _ = tiendo("restore", "--hold-mail", file)
    assert (code, "Messages are held" in out) == (0, True)
    (aside,) = (tmp_path / "data").iterdir()
    assert f"Checkpoints that are newer than the archive are moved to {aside}." in out
    assert tiendo("verify")[0] == 0
    assert tiendo("user", "another", "--role", "viewer", "--agency", "395")[0] == 0
    code, out, err = tiendo("verify", "--checkpoint", *map(str, aside.iterdir()))
    assert (code, "no plan: " in err) == (1, True)
    assert "The database was restored at" in out


@pytest.mark.parametrize(("order", "is_told"), [(["--hold"], True), ([], False)])
def test_a_worker_announces_a_hold(
    tiendo: Command, monkeypatch: pytest.MonkeyPatch, order: list[str], *, is_told: bool
) -> None:
    async def work(*_: object) -> None:
        pass

    monkeypatch.setattr(jobs, "work_alone", work)
    assert tiendo("messages", *order)[0] == 0
    code, out, _ = tiendo("worker")
    assert (code, HELD_WARNING.en in out) == (0, is_told)


def test_migrating_twice_succeeds(tiendo: Command) -> None:
    assert tiendo("migrate")[0] == 0
    assert tiendo("migrate")[0] == 0


def test_the_audit_log_is_verified(tiendo: Command, database_urls: DatabaseUrls) -> None:
    assert tiendo("verify")[0] == 0
    changed = "UPDATE audit_event SET actor = 'nobody' WHERE id = 1 RETURNING id"
    assert fetch_value(database_urls.owner, changed) == 1
    code, _, err = tiendo("verify")
    assert code == 1
    assert err.startswith("audit event 1 (")
    assert "The record is not intact: 1 findings." in err


def test_checkpoints_are_compared(
    tiendo: Command, database_urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIENDO_DATA_DIR", str(tmp_path / "data"))
    assert tiendo("user", "new-one", "--role", "viewer", "--agency", "395")[0] == 0
    code, out, _ = tiendo("checkpoint")
    assert code == 0
    file = Path(out.removeprefix("The checkpoint is in ").removesuffix(".\n"))
    copy = file.rename(tmp_path / "copy.jsonl")
    cut = """WITH gone AS (DELETE FROM audit_event WHERE ledger_id = (SELECT id FROM ledger
        WHERE plan_id IS NULL) RETURNING id)
        UPDATE ledger SET last_hash = '' FROM (SELECT count(*) FROM gone) AS deleted
        WHERE plan_id IS NULL RETURNING ledger.id"""
    assert fetch_value(database_urls.owner, cut)
    assert tiendo("verify")[0] == 0, "the database alone does not show it"
    code, out, err = tiendo("verify", "--checkpoint", str(copy))
    assert code == 1
    assert "checkpoints: 2 in 1 files" in out
    assert "no plan: number of audit events: expected" in err


def test_a_missing_table_is_reported(tiendo: Command, database_urls: DatabaseUrls) -> None:
    fetch_value(database_urls.owner, "DROP TABLE audit_event")
    code, _, err = tiendo("verify")
    assert (code, "audit_event" in err, "Traceback" in err) == (1, True, False)


def test_an_invalid_setting_is_named_without_its_value(
    tiendo: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIENDO_DATABASE_URL", "mysql://root:open-sesame@localhost/x")
    code, _, err = tiendo("verify")
    assert code == 1
    assert err == (
        "tiendo: TIENDO_DATABASE_URL: expected postgresql://user:password@host:port/database\n"
    )
    monkeypatch.setenv("TIENDO_SMTP_URL", "ftp://tiendo:open-sesame@localhost")
    monkeypatch.delenv("TIENDO_DATABASE_URL")
    monkeypatch.delenv("TIENDO_OWNER_DATABASE_URL")
    assert tiendo("verify")[2] == (
        "tiendo: TIENDO_SMTP_URL: expected smtp://host:port or smtps://host:port\n"
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CommandError("Can't locate revision identified by '9999'"), "9999"),
        (NotFound(terms.ACCOUNT, username="x"), "There is no account x."),
        (ZeroDivisionError("a programming error"), None),
    ],
)
def test_only_expected_errors_are_explained(error: Exception, expected: str | None) -> None:
    message = explain(error, "en")
    assert message is None if expected is None else expected in str(message)


def test_help_names_every_command(tiendo: Command) -> None:
    code, out, _ = tiendo("--help")
    assert code == 0
    for command in ("serve", "migrate", "seed", "user", "verify"):
        assert command in out


def test_the_first_plan_is_packaged() -> None:
    assert Path(FIRST_PLAN).samefile(PLAN_FOLDER)
