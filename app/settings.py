"""The service's settings, read from environment variables with the prefix `TIENDO_`."""

from email.utils import getaddresses
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.common_passwords import is_common
from app.text.bilingual import Bilingual
from app.text.mail_address import is_mailable
from app.text.writing import Language

MINIMUM_PASSWORD_LENGTH = 8


DAY_SECONDS = 86_400.0


def local_url(host: str, port: int) -> str:
    """The URL for a browser on this machine."""
    name = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


DEFAULT_PORTS = {"http": 80, "https": 443}


def _is_origin(text: str) -> bool:
    """Whether this is an origin in the form in which browsers send it (RFC 6454)."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or not text.isascii() or "*" in text:
        return False
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default_port = port is None or port == DEFAULT_PORTS[parts.scheme]
    return text == f"{parts.scheme}://{host}" + ("" if is_default_port else f":{port}")


class Environment(StrEnum):
    """The deployment environment; production rejects rehearsal and insecure settings."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingError(ValueError):
    """A setting has a value that the service cannot use."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


class Settings(BaseSettings):
    """One field per setting; docs/operations.md describes them for operators."""

    model_config = SettingsConfigDict(env_prefix="TIENDO_", frozen=True)

    database_url: str | None = None
    owner_database_url: str | None = None
    """The same database for the role that owns the tables; the default is `database_url`."""
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses and networks whose X-Forwarded-For header is trusted."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins of browser clients that are served from elsewhere."""
    admin_password: SecretStr | None = None
    clock_start: AwareDatetime | None = None
    clock_offset_seconds: float | None = None
    """Set by `tiendo serve` for its worker processes, so that they share one clock."""
    lang: Language = "vi"
    """The language of the command `tiendo`, which reads it before all other settings."""
    environment: Environment = Environment.DEVELOPMENT
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    checkpoint_email: str | None = None
    embedded_worker: bool = True
    public_url: str = "http://127.0.0.1:8000"

    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    pool_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 1.5
    statement_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    token_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 12
    max_connections: Annotated[int, Field(ge=10, le=100_000)] = 1000
    """Open connections of clients, per server process."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024

    def without_time_limit(self) -> Self:
        """The settings of an operator's command, whose statements may take hours."""
        return self.model_copy(update={"statement_timeout_seconds": DAY_SECONDS})

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _ensure_postgresql(cls, url: str | None) -> str | None:
        expected = SettingError(
            Bilingual(
                "cần dạng postgresql://người-dùng:mật-khẩu@máy:cổng/cơ-sở-dữ-liệu",
                "expected postgresql://user:password@host:port/database",
            )
        )
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise expected
        try:
            _ = urlsplit(url or "").port
        except ValueError:
            raise expected from None
        return url

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _parse_proxies(cls, value: Any) -> Any:
        proxies = value.replace(",", " ").split() if isinstance(value, str) else value
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise SettingError(
                    Bilingual(
                        f"cần địa chỉ hoặc dải mạng, như 10.1.2.0/24: {error}",
                        f"expected addresses or networks, as 10.1.2.0/24: {error}",
                    )
                ) from None
        return proxies

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _parse_origins(cls, value: Any) -> Any:
        origins = value.replace(",", " ").split() if isinstance(value, str) else value
        for origin in origins:
            if origin != "*" and not _is_origin(origin):
                raise SettingError(
                    Bilingual(
                        "cần địa chỉ như trình duyệt gửi, chữ thường, không có đường dẫn hay "
                        f"cổng mặc định, như https://app.example.vn: {origin}",
                        "expected origins as browsers send them, in lower case and without a "
                        "path or "
                        f"default port, as https://app.example.vn: {origin}",
                    )
                )
        return tuple(origins)

    @field_validator("smtp_url")
    @classmethod
    def _ensure_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        try:
            parts = urlsplit(url.get_secret_value() if url else "smtp://none")
            is_valid = (
                parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
            )
        except ValueError:
            is_valid = False
        if not is_valid:
            raise SettingError(
                Bilingual(
                    "cần dạng smtp://máy:cổng hoặc smtps://máy:cổng",
                    "expected smtp://host:port or smtps://host:port",
                )
            )
        return url

    @field_validator("mail_from")
    @classmethod
    def _ensure_one_sender(cls, sender: str | None) -> str | None:
        addresses = getaddresses([sender]) if sender and sender.isprintable() else []
        if sender and not (len(addresses) == 1 and is_mailable(addresses[0][1])):
            raise SettingError(
                Bilingual(
                    "cần một địa chỉ, như Tiến độ <tiendo@example.vn>",
                    "expected one address, as Tiến độ <tiendo@example.vn>",
                )
            )
        return sender

    @field_validator("checkpoint_email")
    @classmethod
    def _ensure_one_address(cls, address: str | None) -> str | None:
        if address and not is_mailable(address):
            raise SettingError(
                Bilingual(
                    "cần một địa chỉ, như luu-tru@example.vn",
                    "expected one address, as luu-tru@example.vn",
                )
            )
        return address or None

    @field_validator("public_url")
    @classmethod
    def _ensure_web_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise SettingError(
                Bilingual(
                    "cần một địa chỉ bắt đầu bằng http:// hoặc https://",
                    "expected an address that starts with http:// or https://",
                )
            )
        return url.rstrip("/")

    @model_validator(mode="after")
    def _ensure_two_database_urls(self) -> Self:
        if self.owner_database_url is not None and self.database_url is None:
            raise SettingError(
                Bilingual(
                    "TIENDO_OWNER_DATABASE_URL: cần đặt cả TIENDO_DATABASE_URL",
                    "TIENDO_OWNER_DATABASE_URL: expected TIENDO_DATABASE_URL as well",
                )
            )
        return self

    @model_validator(mode="after")
    def _default_public_url(self) -> Self:
        if "public_url" not in self.model_fields_set:
            object.__setattr__(
                self, "public_url", local_url(self.host, self.port)
            )  # the model is frozen
        return self

    @model_validator(mode="after")
    def _ensure_production_safe(self) -> Self:
        if self.environment is not Environment.PRODUCTION:
            return self
        password = self.admin_password.get_secret_value() if self.admin_password else None
        refused_settings = {
            f"TIENDO_ADMIN_PASSWORD shorter than {MINIMUM_PASSWORD_LENGTH} characters": (
                password is not None and len(password) < MINIMUM_PASSWORD_LENGTH
            ),
            "TIENDO_ADMIN_PASSWORD that is easy to guess": (
                password is not None and is_common(password, ["admin"])
            ),
            "TIENDO_CLOCK_START (a rehearsal clock)": self.clock_start is not None,
            "TIENDO_CLOCK_OFFSET_SECONDS (a rehearsal clock)": bool(self.clock_offset_seconds),
            "TIENDO_CORS_ORIGINS with * (every website)": "*" in self.cors_origins,
            "TIENDO_PUBLIC_URL without https": not self.public_url.startswith("https://"),
        }
        if unsafe := [name for name, is_set in refused_settings.items() if is_set]:
            raise SettingError(
                Bilingual(
                    f"không được dùng khi TIENDO_ENVIRONMENT=production: {', '.join(unsafe)}",
                    f"refused with TIENDO_ENVIRONMENT=production: {', '.join(unsafe)}",
                )
            )
        return self
