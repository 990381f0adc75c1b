"""Valid and invalid settings, and the restrictions of production."""

import os

import pytest
from pydantic import ValidationError

from app.settings import Settings

PRODUCTION = {"ENVIRONMENT": "production", "PUBLIC_URL": "https://tiendo.example.vn"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TIENDO_"):
            monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"TIENDO_{name}", value)
    return Settings()


def test_no_setting_is_required() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.database_url is None
    assert settings.clock_start is None
    assert settings.embedded_worker


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8080"}, "http://127.0.0.1:8080"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),  # noqa: S104 - not bound here
        ({"HOST": "10.1.2.3"}, "http://10.1.2.3:8000"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"PUBLIC_URL": "https://tiendo.example.vn/"}, "https://tiendo.example.vn"),
    ],
)
def test_the_public_url_defaults_to_host_and_port(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], url: str
) -> None:
    assert read(monkeypatch, values).public_url == url


@pytest.mark.parametrize(
    "values",
    [
        {"DATABASE_URL": "postgresql://tiendo:pw@db.example.vn:5432/tiendo?sslmode=require"},
        {"DATABASE_URL": "postgres://tiendo@/tiendo?host=/run/postgresql"},
        {"CLOCK_START": "2024-06-10T08:00:00+07:00"},
        {"SMTP_URL": "", "MAIL_FROM": ""},  # the defaults of compose.yaml
        {"SMTP_URL": "smtp://127.0.0.1:25"},
        {"SMTP_URL": "smtps://tiendo:m%C3%A1@mail.example.vn:465?ca=/etc/ca.pem"},
        {"MAIL_FROM": "tiendo@example.vn"},
        {"TRUSTED_PROXIES": ""},
        {"CORS_ORIGINS": ""},
        {"CORS_ORIGINS": "*"},
        {"CORS_ORIGINS": "http://localhost:5173, http://[::1]:5173, https://xn--v-d-zka.vn"},
        {**PRODUCTION, "CORS_ORIGINS": "https://app.example.vn"},
        {"MAIL_FROM": "Tiến độ <tiendo@example.vn>"},
        {"MAIL_FROM": '"Phòng LĐ, huyện" <tiendo@example.vn>'},
        {"ADMIN_PASSWORD": "ngắn"},
        {**PRODUCTION, "ADMIN_PASSWORD": "đủ tám ký tự"},
        PRODUCTION,
        {**PRODUCTION, "CLOCK_OFFSET_SECONDS": "0.0"},
    ],
)
def test_valid_settings_are_accepted(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    assert read(monkeypatch, values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"PORT": "0"}, "port"),
        ({"PORT": "70000"}, "port"),
        ({"WORKERS": "0"}, "workers"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "postgresql://"),
        ({"DATABASE_URL": "postgresql://a@b:port/x"}, "postgresql://"),
        ({"CLOCK_START": "2024-06-10T08:00:00"}, "timezone"),
        ({"CLOCK_START": "soon"}, "clock_start"),
        ({**PRODUCTION, "ADMIN_PASSWORD": "ngắn"}, "TIENDO_ADMIN_PASSWORD"),
        ({"ENVIRONMENT": "test"}, "production"),
        ({"PUBLIC_URL": "tiendo.example.vn"}, "https://"),
        ({"TRUSTED_PROXIES": "*"}, "addresses or networks"),
        ({"TRUSTED_PROXIES": "127.0.0.1, proxy.example.vn"}, "addresses or networks"),
        ({"TRUSTED_PROXIES": "10.1.2.3/24"}, "host bits"),
        ({"CORS_ORIGINS": "app.example.vn"}, "expected origins"),
        ({"CORS_ORIGINS": "https://app.example.vn/"}, "expected origins"),
        ({"CORS_ORIGINS": "https://app.example.vn/app"}, "expected origins"),
        ({"CORS_ORIGINS": "https://App.example.vn"}, "expected origins"),
        ({"CORS_ORIGINS": "https://app.example.vn:443"}, "expected origins"),
        ({"CORS_ORIGINS": "https://*.example.vn"}, "expected origins"),
        ({"CORS_ORIGINS": "https://user@app.example.vn"}, "expected origins"),
        ({"CORS_ORIGINS": "https://ví-dụ.vn"}, "expected origins"),
        ({"CORS_ORIGINS": "null"}, "expected origins"),
        ({**PRODUCTION, "CORS_ORIGINS": "https://app.example.vn, *"}, "TIENDO_CORS_ORIGINS"),
        ({"SMTP_URL": "ftp://nope"}, "smtp://host"),
        ({"SMTP_URL": "smtp://"}, "smtp://host"),
        ({"SMTP_URL": "mail.example.vn:25"}, "smtp://host"),
        ({"SMTP_URL": "smtp://mail.example.vn:port"}, "smtp://host"),
        ({**PRODUCTION, "SMTP_URL": "ftp://nope"}, "smtp://host"),
        ({"MAIL_FROM": "Tiến độ"}, "expected one address"),
        ({"MAIL_FROM": "tiendo@example.vn, other@example.vn"}, "expected one address"),
        ({"MAIL_FROM": "Tiến độ <tiendo@ví-dụ.vn>"}, "expected one address"),
        ({"MAIL_FROM": "Tiến độ\n <tiendo@example.vn>"}, "expected one address"),
        ({**PRODUCTION, "MAIL_FROM": "nobody"}, "expected one address"),
        ({**PRODUCTION, "CLOCK_START": "2024-06-10T08:00:00+07:00"}, "TIENDO_CLOCK_START"),
        ({**PRODUCTION, "CLOCK_OFFSET_SECONDS": "3600"}, "TIENDO_CLOCK_OFFSET_SECONDS"),
        ({**PRODUCTION, "PUBLIC_URL": "http://tiendo.example.vn"}, "TIENDO_PUBLIC_URL"),
    ],
)
def test_invalid_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        read(monkeypatch, values)


def test_proxies_are_separated_by_commas_or_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"TRUSTED_PROXIES": "127.0.0.1,::1, 172.18.0.0/16 "}
    assert read(monkeypatch, values).trusted_proxies == ("127.0.0.1", "::1", "172.18.0.0/16")


def test_origins_are_separated_by_commas_or_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"CORS_ORIGINS": "https://a.example.vn,http://b.example.vn:8080 "}
    origins = ("https://a.example.vn", "http://b.example.vn:8080")
    assert read(monkeypatch, values).cors_origins == origins


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch,
        {"ADMIN_PASSWORD": "open-sesame-1", "SMTP_URL": "smtp://a:open-sesame-2@mail.example.vn"},
    )
    assert "open-sesame" not in repr(settings)
