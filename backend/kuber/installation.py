"""Prepares the database of an installation: its tables, and what it begins with."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig

from kuber.bootstrap import cost_service
from kuber.config import Settings
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database
from kuber.infra.telemetry import configure_logging
from kuber.kernel.clock import SystemClock
from kuber.market.sample.seed import seed_sample
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.seeding import LIVE, ON_THE_SAMPLE, seed_generators
from kuber.startup import load_settings, reveal

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def migrate() -> None:
    """Bring the database's tables up to date."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, "migrate")
    command.upgrade(alembic_config(reveal(settings.database_url)), "head")


def alembic_config(database_url: str) -> AlembicConfig:
    """Return the configuration with which Alembic finds the migrations and the database."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = database_url
    return config


def seed() -> None:
    """Store model prices, the sample history and, in development, the demo user; repeatable."""
    asyncio.run(_seed(load_settings()))


async def _seed(settings: Settings) -> None:
    configure_logging(settings.log_level, settings.log_format, "seed")
    clock = SystemClock()
    database = Database(reveal(settings.database_url), pool_size=2)
    try:
        async with database.transaction() as session:
            await cost_service(settings, clock).seed_prices(session)
            await seed_sample(session, clock)
            generators = GeneratorRegistry.discover()
            await seed_generators(session, generators, clock, (*ON_THE_SAMPLE, *LIVE))
            if settings.demo_password is not None:
                tokens = AccessTokens(reveal(settings.jwt_secret), 60, clock)
                identity = IdentityService(tokens, clock, refresh_token_s=60)
                await identity.ensure_demo_user(session, reveal(settings.demo_password))
    finally:
        await database.close()
