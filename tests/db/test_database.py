"""The check of the database server."""

import pytest

from app.db.database import DatabaseUnavailableError, driver_url, ensure_supported_version


@pytest.mark.parametrize("number", [150000, 150004, 160003, 180001])
def test_a_server_that_is_new_enough_is_taken(number: int) -> None:
    ensure_supported_version("somewhere", number)


@pytest.mark.parametrize(("number", "name"), [(140011, "14"), (90624, "9")])
def test_a_server_that_is_too_old_is_named(number: int, name: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=f"somewhere is PostgreSQL {name}; 15 or"):
        ensure_supported_version("somewhere", number)


def test_a_url_as_other_programs_take_it_suits_the_driver() -> None:
    url = driver_url("postgres://tiendo:p%40ss@db.example.vn:5433/tiendo?sslmode=require")
    assert url.drivername == "postgresql+asyncpg"
    assert (url.password, url.port) == ("p@ss", 5433)
    assert dict(url.query) == {"ssl": "require"}
