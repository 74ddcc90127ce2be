"""Settings: every value the program takes from its environment, checked at start."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from `KUBER_<NAME>`; see docs/env.template for what each one means."""

    model_config = SettingsConfigDict(env_prefix="KUBER_", extra="ignore", frozen=True)

    home: Path = Path(".kuber")
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    frontend_dir: Path | None = None
    trusted_proxies: str = ""
    """Addresses of proxies whose word about a client's address counts, with commas between."""

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
    """Set by the embedded stack only: seeds the demo user and offers its log-in."""

    llm_base_url: str = ""
    llm_api_key: SecretStr | None = None
    llm_model: str = "gpt-4o-mini"
    llm_timeout_s: float = Field(default=60, gt=0, le=600)

    alpaca_api_key: SecretStr | None = None
    alpaca_api_secret: SecretStr | None = None
    market_seed: int = 7
    replay_from: AwareDatetime | None = None
    """The feed replays stored history from this instant instead of giving present quotes."""
    replay_speed: float = Field(default=60, gt=0, le=1_000_000)

    worker_processes: int = Field(default=2, ge=1, le=64)
    runs_per_process: int = Field(default=8, ge=1, le=64)
    run_lease_s: float = Field(default=10, ge=1, le=300)
    run_time_limit_s: float = Field(default=900, ge=1)
    node_time_limit_s: float = Field(default=300, ge=0.1)
    node_attempts: int = Field(default=5, ge=1, le=20)
    retry_base_s: float = Field(default=1, ge=0, le=60)
    retry_cap_s: float = Field(default=60, ge=0, le=3600)

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

    @field_validator("llm_base_url", "public_url", "otlp_endpoint")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @property
    def llm_configured(self) -> bool:
        """A model may be called: there is a key, or a server of one's own."""
        return bool(self.llm_base_url or self.llm_api_key)


class StackSettings(BaseSettings):
    """What the development stack may be told; it makes up what is missing.

    A service whose address is given is not started.
    """

    model_config = SettingsConfigDict(env_prefix="KUBER_", extra="ignore", frozen=True)

    home: Path = Path(__file__).parents[2] / ".kuber"
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    frontend_dir: Path | None = None
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    kafka_bootstrap: str | None = None
    kafka: Literal["light", "apache"] = "light"
    """Which broker is started when none is given."""
    jwt_secret: SecretStr | None = None
    demo_password: SecretStr | None = None
    worker_processes: int = Field(default=2, ge=1, le=64)
    log_format: Literal["json", "console"] | None = None


def process_environment() -> dict[str, str]:
    """Return the environment for the stack's own processes.

    REDIS_URL stays behind: CrewAI would take it for its locks.
    """
    return {name: value for name, value in os.environ.items() if name != "REDIS_URL"}


def complete_environment(values: Mapping[str, str]) -> None:
    """Set the variables that the environment does not have yet."""
    for name, value in values.items():
        os.environ.setdefault(name, value)


class BadSettings(SystemExit):
    """The program cannot start; the message names every setting that is missing or wrong."""


def describe(error: ValidationError) -> str:
    """Return one line per bad setting, by its environment name, without its value."""
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        name = "KUBER_" + "_".join(str(part) for part in item["loc"]).upper()
        lines.append(f"  {name}: {item['msg']}")
    return "Kuber cannot start, these settings are missing or wrong:\n" + "\n".join(lines)
