"""Settings: every value the program takes from its environment, checked at start."""

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from kuber.kernel.wire import Instant


def halt_file_in(home: Path) -> Path:
    """Return where `./kuber halt` writes, of an installation whose data are in `home`."""
    return home / "halt"


class Settings(BaseSettings):
    """Read from `KUBER_<NAME>`; see docs/env.template for what each one means."""

    model_config = SettingsConfigDict(
        env_prefix="KUBER_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path(".kuber")
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    frontend_dir: Path | None = None
    requests_in_flight: int = Field(default=256, ge=8, le=10_000)
    """How many requests one API process works on at a time."""
    trusted_proxies: str = ""
    """Addresses of proxies whose word about a client's address counts, with commas between."""
    api_socket: Path | None = None
    """A unix socket on which the API answers besides the port; set by the embedded stack."""
    connections: int = Field(default=4096, ge=16)
    """Connections that one API process holds; fewer where fewer files may be open."""
    connections_per_address: int = Field(default=256, ge=4)
    audit_dir: Path | None = None
    """Where checkpoints of the record are kept, see `audit_folder`."""
    audit_key_dir: Path | None = None
    """Where the key that signs them is kept, if not beside them, see `audit_key_folder`."""
    uploads_dir: Path | None = None
    """Where uploaded price files lie meanwhile, see `uploads_folder`."""

    database_url: SecretStr
    redis_url: SecretStr
    kafka_bootstrap: str

    jwt_secret: SecretStr = Field(min_length=32)
    access_token_s: int = Field(default=900, ge=30, le=86_400)
    refresh_token_s: int = Field(default=30 * 86_400, ge=60)
    login_attempts_per_minute: int = Field(default=10, ge=1)
    webhooks_per_minute: int = Field(default=3000, ge=1)
    webhooks_in_flight: int = Field(default=100, ge=1)
    demo_password: SecretStr | None = None
    """Set by the embedded stack only: the demo user's, see `demo_login`."""

    llm_base_url: str = ""
    llm_api_key: SecretStr | None = None
    llm_model: str = "gpt-4o-mini"
    llm_timeout_s: float = Field(default=60, gt=0, le=600)

    smtp_url: SecretStr | None = None
    """The server that takes mail, such as smtp://user:secret@host:587; without it none is sent."""
    mail_from: str = Field(default="", validate_default=True)
    """The sender of mail, such as Kuber <kuber@example.com>."""

    alpaca_api_key: SecretStr | None = None
    alpaca_api_secret: SecretStr | None = None
    finnhub_api_key: SecretStr | None = None
    cmc_api_key: SecretStr | None = None
    market_seed: int = 7
    replay_from: Instant | None = None
    """The feed replays stored history from this instant instead of giving present quotes."""
    replay_speed: float = Field(default=60, gt=0, le=1_000_000)

    worker_processes: int = Field(default=2, ge=1, le=64)
    runs_per_process: int = Field(default=8, ge=1, le=64)
    """Runs that one worker process computes at a time."""
    open_runs_per_process: int = Field(default=200, ge=1, le=1000)
    """Runs that one process holds, with those that wait for something outside."""
    models_per_process: int = Field(default=10, ge=1, le=64)
    """Nodes of one process that ask a language model at a time."""
    executions_per_process: int = Field(default=5, ge=1, le=64)
    """Nodes of one process that may place orders at a time."""
    plugins_per_process: int = Field(default=10, ge=1, le=64)
    """Nodes of one process whose agents are plug-ins that work at a time."""
    breaker_failures: int = Field(default=5, ge=1, le=1000)
    """Failures in a row after which a host outside is not asked for a while."""
    breaker_open_s: float = Field(default=30, gt=0, le=3600)
    """How long it is not asked then."""
    writer_batch: int = Field(default=64, ge=1, le=256)
    """How many runs of a process record their results in one statement."""
    writer_lanes: int = Field(default=1, ge=1, le=64)
    """How many such statements of a process are under way at a time."""
    run_lease_s: float = Field(default=10, ge=1, le=300)
    run_time_limit_s: float = Field(default=900, ge=1)
    node_time_limit_s: float = Field(default=300, ge=0.1)
    node_attempts: int = Field(default=5, ge=1, le=20)
    retry_base_s: float = Field(default=1, ge=0, le=60)
    retry_cap_s: float = Field(default=60, ge=0, le=3600)
    trusted_effects: str = ""
    """Packages of agents that are believed what they declare of their effects, with commas
    between; agents of other packages are never run again once begun."""

    budget_per_run: Decimal = Field(default=Decimal(5), ge=0)
    budget_per_day: Decimal = Field(default=Decimal(25), ge=0)

    enforce_subscription_limits: bool = False
    """Whether tiers limit which signal types start pipelines."""
    dispatcher_in_flight: int = Field(default=100, ge=1, le=1000)
    kafka_replicas: int = Field(default=1, ge=1, le=7)
    """Copies of each topic that `kuber topics` creates."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = ""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where services and relay serve their figures; the API has `/metrics`."""
    pulse_file: Path | None = None
    """What a worker, a relay or services touch while they live."""

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("postgresql://"):
            raise ValueError("must look like postgresql://user:secret@host:5432/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must look like redis://:secret@host:6379/0")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_smtp(value.get_secret_value()):
            raise ValueError(
                "must look like smtp://user:secret@host:587 or smtps://host:465; in user and secret"
                " write # / ? @ : % as %23 %2F %3F %40 %3A %25"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str, info: ValidationInfo) -> str:
        address = parseaddr(value)[1]
        if info.data.get("smtp_url") and not (value.isprintable() and "@" in address[1:-1]):
            raise ValueError("must name the sender of mail, such as Kuber <kuber@example.com>")
        if info.data.get("smtp_url"):
            name, _, domain = address.rpartition("@")
            if not (name.isascii() and _is_domain(domain)):
                raise ValueError(
                    "must have Latin letters before the @ and a domain behind it, such as"
                    " Kuber <kuber@example.com>"
                )
        return value

    @field_validator("llm_base_url", "public_url", "otlp_endpoint")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if value and not host:
            raise ValueError("must name a host, such as https://kuber.example.com")
        return value.rstrip("/")

    @property
    def demo_login(self) -> SecretStr | None:
        """The demo account's password; None where somebody from elsewhere could use it."""
        if self.environment != "development" or why_no_demo(self):
            return None
        return self.demo_password

    @property
    def audit_folder(self) -> Path:
        """Where checkpoints of the record are kept, outside the database."""
        return self.audit_dir or self.home / "audit"

    @property
    def uploads_folder(self) -> Path:
        """Where uploaded files lie until they are imported: API and services share it."""
        return self.uploads_dir or self.home / "uploads"

    @property
    def halt_file(self) -> Path:
        """Where `./kuber halt` says that nothing may be opened, also without the database."""
        return halt_file_in(self.home)

    @property
    def calendars_folder(self) -> Path:
        """Where the trading hours of exchanges are kept."""
        return self.home / "calendars"

    @property
    def public_address(self) -> str:
        """Where people reach the browser app, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def served_names(self) -> frozenset[str] | None:
        """Names besides loopback's by which a request may call the server; None for any.

        Who listens where others reach it, or behind a proxy, leaves that to the network.
        """
        if not is_loopback(self.host) or self.trusted_proxies.strip():
            return None
        return frozenset({urlsplit(self.public_url).hostname or ""} - {""})

    @property
    def audit_key_folder(self) -> Path:
        """Where the key that signs checkpoints is kept; who only verifies need not read it."""
        return self.audit_key_dir or self.audit_folder

    @property
    def trusted_packages(self) -> frozenset[str]:
        """The packages whose agents are believed what they declare of their effects."""
        return frozenset(name for name in map(str.strip, self.trusted_effects.split(",")) if name)

    @property
    def llm_configured(self) -> bool:
        """A model may be called: there is a key, or a server of one's own."""
        return bool(self.llm_base_url or self.llm_api_key)


class StackSettings(BaseSettings):
    """What the development stack may be told; it makes up what is missing.

    A service whose address is given is not started.
    """

    model_config = SettingsConfigDict(
        env_prefix="KUBER_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path(__file__).parents[2] / ".kuber"
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    public_url: str = ""
    trusted_proxies: str = ""
    frontend_dir: Path | None = None
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    kafka_bootstrap: str | None = None
    kafka: Literal["light", "apache"] = "light"
    """Which broker is started when none is given."""
    jwt_secret: SecretStr | None = None
    demo_password: SecretStr | None = None
    worker_processes: int = Field(default=2, ge=1, le=64)
    outside_intents: bool = False
    """Whether order intents of outside agents are taken from Kafka."""
    log_format: Literal["json", "console"] | None = None


def why_no_demo(settings: Settings | StackSettings) -> str | None:
    """Say why there may be no demo account: others than this machine reach the server."""
    if not is_loopback(settings.host):
        return f"KUBER_HOST is {settings.host}, which other machines reach"
    if settings.trusted_proxies.strip():
        return "KUBER_TRUSTED_PROXIES is set: the server stands behind a proxy"
    if settings.public_url and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        return f"KUBER_PUBLIC_URL is {settings.public_url}, which other machines reach"
    return None


def is_loopback(host: str) -> bool:
    """Say whether only programs of this machine reach a server that listens at `host`."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def process_environment() -> dict[str, str]:
    """Return the environment for the stack's own processes.

    REDIS_URL stays behind: CrewAI would take it for its locks.
    """
    return {name: value for name, value in os.environ.items() if name != "REDIS_URL"}


def complete_environment(values: Mapping[str, str]) -> None:
    """Set the variables that the environment does not have yet."""
    for name, value in values.items():
        os.environ.setdefault(name, value)


def replace_environment(values: Mapping[str, str]) -> None:
    """Set these variables and no others."""
    os.environ.clear()
    os.environ.update(values)


def conceal_secrets() -> None:
    """Take the secrets out of this process's environment, where plug-ins and children would find
    them; settings are read before.

    What the kernel shows of the environment at the start (/proc/self/environ) is written over.
    """
    getenv = ctypes.CDLL(None).getenv
    getenv.restype, getenv.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
    for name in _secret_variables():
        value = os.environ[name]
        place = getenv(name.encode())
        if place:
            ctypes.memset(place, ord("*"), len(os.fsencode(value)))
        del os.environ[name]


@contextmanager
def without_secrets() -> Iterator[None]:
    """Keep the secrets out of the environment while the block runs."""
    kept = {name: os.environ.pop(name) for name in _secret_variables()}
    try:
        yield
    finally:
        os.environ.update(kept)


def _secret_variables() -> list[str]:
    secret = {
        f"KUBER_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
    }
    return [name for name in os.environ if name.upper() in secret]


def _is_smtp(url: str) -> bool:
    """Say whether `url` is one of a mail server, with nothing behind host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its message would show a part of the secret
        return False
    whole = bool(parts.scheme in ("smtp", "smtps") and parts.hostname and port != 0)
    return whole and not (parts.path.strip("/") or "?" in url or "#" in url)


def _is_domain(name: str) -> bool:
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


class BadSettings(SystemExit):
    """The program cannot start; the message names every setting that is missing or wrong."""


def describe(error: ValidationError) -> str:
    """Return one line per bad setting, by its environment name, without its value."""
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        name = "KUBER_" + "_".join(str(part) for part in item["loc"]).upper()
        lines.append(f"  {name}: {item['msg']}")
    return "Kuber cannot start, these settings are missing or wrong:\n" + "\n".join(lines)
