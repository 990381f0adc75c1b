"""The command `tiendo` beside the server: accounts, plans, the record of changes."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.util import CommandError

from app.cli import explain, main
from app.errors import NotFound
from app.server.operating import FIRST_PLAN
from app.text import terms
from tests.conftest import PLAN_FOLDER


class Command:
    """`tiendo` with arguments, in this process, on a database of its own."""

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
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    monkeypatch.setenv("TIENDO_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    return Command(capsys, monkeypatch)


def ask(url: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_an_account_is_made_with_a_password_shown_once(tiendo: Command, database_url: str) -> None:
    code, out, _ = tiendo("user", "new-one", "--role", "viewer", "--agency", "395")
    assert code == 0
    assert "new-one" in out
    assert "shown only this once" in out
    (password,) = [line.split()[1] for line in out.splitlines() if line.startswith("password:")]
    assert len(password) == len("xxxx-xxxx-xxxx-xxxx")
    stored = ask(database_url, "SELECT password_hash FROM account WHERE username = 'new-one'")
    assert stored.startswith("$argon2id$")
    assert password not in stored
    actor = ask(
        database_url, "SELECT actor FROM audit_event WHERE subject = 'users/new-one' LIMIT 1"
    )
    assert actor == "command-line"


def test_a_reset_opens_a_closed_account_and_ends_its_tokens(
    tiendo: Command, database_url: str
) -> None:
    closed = "UPDATE account SET active = false WHERE username = 'xuan-hong' RETURNING id"
    account = ask(database_url, closed)
    code, out, _ = tiendo("user", "xuan-hong", "--reset", "--password", "mật khẩu mới của tôi")
    assert code == 0
    assert "mật khẩu mới" not in out
    assert ask(database_url, "SELECT active FROM account WHERE username = 'xuan-hong'")
    left = f"SELECT count(*) FROM access_token WHERE account_id = {account}"  # noqa: S608 - a number
    assert ask(database_url, left) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
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
def test_what_cannot_be_done_is_told_in_one_message(
    tiendo: Command, arguments: list[str], code: int, told: str
) -> None:
    ended, _, err = tiendo(*arguments)
    assert ended == code
    assert told in err
    assert "Traceback" not in err


def test_a_plan_can_be_loaded_again(tiendo: Command, database_url: str) -> None:
    before = ask(database_url, "SELECT count(*) FROM obligation")
    code, out, _ = tiendo("seed", str(PLAN_FOLDER))
    assert code == 0
    assert out
    assert ask(database_url, "SELECT count(*) FROM obligation") == before


def test_migrating_twice_is_no_fault(tiendo: Command) -> None:
    assert tiendo("migrate")[0] == 0
    assert tiendo("migrate")[0] == 0


def test_the_record_is_verified(tiendo: Command, database_url: str) -> None:
    assert tiendo("verify")[0] == 0
    changed = "UPDATE audit_event SET actor = 'nobody' WHERE id = 1 RETURNING id"
    assert ask(database_url, changed) == 1
    code, _, err = tiendo("verify")
    assert code == 1
    assert "audit events 1" in err


def test_a_database_without_tables_is_told(tiendo: Command, database_url: str) -> None:
    ask(database_url, "DROP TABLE audit_event")
    code, _, err = tiendo("verify")
    assert (code, "audit_event" in err, "Traceback" in err) == (1, True, False)


def test_a_wrong_setting_is_named_and_its_value_is_not_shown(
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
    assert tiendo("verify")[2] == (
        "tiendo: TIENDO_SMTP_URL: expected smtp://host:port or smtps://host:port\n"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CommandError("Can't locate revision identified by '9999'"), "9999"),
        (NotFound(terms.ACCOUNT, username="x"), "There is no account x."),
        (ZeroDivisionError("a fault of ours"), None),
    ],
)
def test_faults_of_the_program_are_not_explained_away(error: Exception, told: str | None) -> None:
    message = explain(error)
    assert message is None if told is None else told in str(message)


def test_help_names_every_command(tiendo: Command) -> None:
    code, out, _ = tiendo("--help")
    assert code == 0
    for command in ("serve", "migrate", "seed", "user", "verify"):
        assert command in out


def test_the_first_plan_is_part_of_the_program() -> None:
    assert Path(FIRST_PLAN).samefile(PLAN_FOLDER)
