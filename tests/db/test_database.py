"""The version check and the URL conversion."""

import pytest

from app.db.database import DatabaseUnavailableError, driver_url, ensure_supported_version


@pytest.mark.parametrize("number", [150000, 150004, 160003, 180001])
def test_a_supported_version_is_accepted(number: int) -> None:
    ensure_supported_version("somewhere", number)


@pytest.mark.parametrize(("number", "name"), [(140011, "14"), (90624, "9")])
def test_an_old_version_is_rejected_by_name(number: int, name: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=f"somewhere is PostgreSQL {name}; 15 or"):
        ensure_supported_version("somewhere", number)


def test_a_libpq_url_is_converted_for_the_driver() -> None:
    url = driver_url("postgres://tiendo:p%40ss@db.example.vn:5433/tiendo?sslmode=require")
    assert url.drivername == "postgresql+asyncpg"
    assert (url.password, url.port) == ("p@ss", 5433)
    assert dict(url.query) == {"ssl": "require"}
