"""The demo account can always be signed in to with the password of the day."""

from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.identity.types import DEMO_EMAIL
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock

SECRET = "a secret of this test, 32 characters or more"


async def test_seeding_twice_keeps_one_demo_account_and_takes_the_newest_password(
    database: Database, clock: FixedClock
) -> None:
    identity = IdentityService(AccessTokens(SECRET, 60, clock), clock, refresh_token_s=60)
    made = []
    for password in ("three quiet herons", "three quiet herons", "four quiet herons"):
        async with database.transaction() as session:
            made.append(await identity.ensure_demo_user(session, password))
        async with database.transaction() as session:
            stored = await identity.credentials(session, DEMO_EMAIL.upper())
        assert await identity.authenticate(stored, password) == made[0]
    assert len({account.id for account in made}) == 1
