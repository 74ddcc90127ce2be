"""The demo account can always be signed in to with the password of the day."""

from typing import Any

import pytest
from pydantic import SecretStr

from kuber.config import Settings
from kuber.identity.errors import BadCredentials, SessionEnded
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.identity.types import DEMO_EMAIL, Client
from kuber.infra.db import Database
from kuber.installation import seed_demo_user
from kuber.kernel.clock import FixedClock

SECRET = "a secret of this test, 32 characters or more"
PASSWORD = "three quiet herons"


def installation(postgres_url: str, **more: Any) -> Settings:
    """Return the settings of an installation that asks for a demo account."""
    return Settings(
        database_url=SecretStr(postgres_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        kafka_bootstrap="127.0.0.1:1",
        jwt_secret=SecretStr(SECRET),
        demo_password=SecretStr(PASSWORD),
        **more,
    )


async def test_seeding_twice_keeps_one_demo_account_and_takes_the_newest_password(
    database: Database, clock: FixedClock
) -> None:
    identity = IdentityService(AccessTokens(SECRET, 60, clock), clock, refresh_token_s=60)
    made, changes = [], []
    for password in ("three quiet herons", "three quiet herons", "four quiet herons"):
        async with database.transaction() as session:
            account, changed = await identity.ensure_demo_user(session, password)
            made.append(account)
            changes.append(changed)
        async with database.transaction() as session:
            stored = await identity.credentials(session, DEMO_EMAIL.upper())
        assert await identity.authenticate(stored, password) == made[0]
    assert len({account.id for account in made}) == 1
    assert changes == [True, False, True]


async def test_where_others_reach_the_server_the_demo_account_is_closed_and_its_sessions_end(
    database: Database, clock: FixedClock, postgres_url: str
) -> None:
    identity = IdentityService(AccessTokens(SECRET, 60, clock), clock, refresh_token_s=60)
    async with database.transaction() as session:
        await seed_demo_user(session, identity, installation(postgres_url))
    async with database.transaction() as session:
        account = await identity.authenticate(
            await identity.credentials(session, DEMO_EMAIL), PASSWORD
        )
        tokens = await identity.open_session(session, account.id, Client("a browser", "127.0.0.1"))
        assert (await identity.principal(session, tokens.access_token)).email == DEMO_EMAIL

    for _ in range(2):
        async with database.transaction() as session:
            await seed_demo_user(session, identity, installation(postgres_url, host="192.168.1.7"))
    async with database.transaction() as session:
        stored = await identity.credentials(session, DEMO_EMAIL)
        for guess in (PASSWORD, "", "a password that nobody has"):
            with pytest.raises(BadCredentials):
                await identity.authenticate(stored, guess)
        with pytest.raises(SessionEnded):
            await identity.principal(session, tokens.access_token)
        assert isinstance(await identity.refresh(session, tokens.refresh_token), SessionEnded)
        assert not await identity.retire_demo_user(session), "it is told once"

    async with database.transaction() as session:
        await seed_demo_user(session, identity, installation(postgres_url))
        again = await identity.credentials(session, DEMO_EMAIL)
    assert await identity.authenticate(again, PASSWORD) == account, "with all that it owns"


async def test_an_installation_that_others_reach_gets_no_demo_account(
    database: Database, clock: FixedClock, postgres_url: str
) -> None:
    identity = IdentityService(AccessTokens(SECRET, 60, clock), clock, refresh_token_s=60)
    async with database.transaction() as session:
        await seed_demo_user(session, identity, installation(postgres_url, host="192.168.1.7"))
        assert (await identity.credentials(session, DEMO_EMAIL)).account is None
