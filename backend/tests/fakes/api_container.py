"""The services of an API process that has accounts and nothing else, on real servers."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis

from kuber.api.container import Container
from kuber.identity.api_keys.door import KeyDoor
from kuber.identity.api_keys.service import ApiKeys
from kuber.identity.limits import LimitService
from kuber.identity.passwords import PasswordHasher
from kuber.identity.service import IdentityService
from kuber.identity.throttle import Throttle
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe
from kuber.infra.slots import AdvisorySlots
from kuber.kernel.clock import FixedClock
from kuber.trading.accounts.service import AccountService

SECRET = "a secret of the test session, 32+ characters"
HASHER = PasswordHasher()


@dataclass
class PlainSettings:
    """What the API reads, at the defaults of a development installation."""

    environment: Literal["development", "production"] = "development"
    public_url: str = ""
    served_names: frozenset[str] | None = frozenset()
    frontend_dir: Path | None = None
    requests_in_flight: int = 256
    jwt_secret: SecretStr = field(default_factory=lambda: SecretStr(SECRET))
    demo_login: SecretStr | None = None
    llm_configured: bool = False
    llm_base_url: str = ""
    llm_model: str = "gpt-4o-mini"
    alpaca_api_key: SecretStr | None = None
    alpaca_api_secret: SecretStr | None = None
    finnhub_api_key: SecretStr | None = None
    cmc_api_key: SecretStr | None = None


@dataclass
class AccountsContainer:
    """Accounts on the given servers; `attempts_per_minute` is the limit of the throttle."""

    database: Database
    redis: Redis
    kafka_probe: KafkaProbe
    clock: FixedClock
    settings: PlainSettings = field(default_factory=PlainSettings)
    attempts_per_minute: int = 1000

    def __post_init__(self) -> None:
        self.tokens = AccessTokens(SECRET, 900, self.clock)
        self.api_keys = ApiKeys(self.clock)
        self.key_door = KeyDoor(self.database, self.clock)
        self.limits = LimitService(self.database, self.clock)
        self.import_slots = AdvisorySlots(self.database.url, 1, "kuber-test")
        self.identity = IdentityService(
            self.tokens, self.clock, refresh_token_s=30 * 86_400, hasher=HASHER
        )
        self.accounts = AccountService(self.clock)
        self.throttle = Throttle(
            self.redis, self.clock, per_minute=self.attempts_per_minute, secret=SECRET
        )


def opener(container: "AccountsContainer") -> Callable[[], AbstractAsyncContextManager[Container]]:
    """Return what `create_app` calls to open `container`, which is open already."""

    @asynccontextmanager
    async def open_it() -> AsyncIterator[Container]:
        yield cast(Container, container)  # routes of other resources are not called

    return open_it


@asynccontextmanager
async def browser(
    app: FastAPI, ip: str = "10.0.0.1", **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a cookie jar of its own, speaking to a started `app` from `ip`."""
    transport = httpx.ASGITransport(app, client=(ip, 40_000), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        yield client
