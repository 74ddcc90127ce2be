"""Prepares the database of an installation: its tables, and what it begins with."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.bootstrap.parts import cost_service
from kuber.config import Settings, why_no_demo
from kuber.identity.limits import seed_limits
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database
from kuber.infra.plugin_acts import PluginAct, taken
from kuber.infra.plugins import Verdicts
from kuber.infra.telemetry import configure_logging
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.market.sample.seed import seed_sample
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.seeding import DAILY, LIVE, seed_generators
from kuber.startup import load_settings, reveal, take_settings
from kuber.trading.accounts.service import AccountService

log = structlog.get_logger(__name__)

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
    """Store limits, prices, the sample and, where it may be used, the demo user; repeatable."""
    asyncio.run(_seed(take_settings()))


async def seed_demo_user(
    session: AsyncSession, identity: IdentityService, settings: Settings
) -> None:
    """Let the demo account be usable exactly where it may be."""
    if settings.demo_login is not None:
        account, changed = await identity.ensure_demo_user(session, reveal(settings.demo_login))
        if changed:
            await append(session, _event(AuditEventType.DEMO_ACCOUNT_OPENED, {}, account.id))
        await AccountService(SystemClock()).ensure_first(session, account.id)
    elif retired := await identity.retire_demo_user(session):
        await append(session, _event(AuditEventType.DEMO_ACCOUNT_RETIRED, {}, retired))
        reason = why_no_demo(settings) or "no demo account is asked for"
        log.warning("demo_account_retired", reason=reason)


async def record_limits(session: AsyncSession) -> None:
    """Store the limits that have no row yet, and put them on record."""
    stored = await seed_limits(session)
    if stored:
        said = {"scope": "default", "limits": dict(stored)}
        await append(session, _event(AuditEventType.LIMIT_CHANGED, said))


async def record_plugin_acts(session: AsyncSession, acts: Sequence[PluginAct]) -> None:
    """Put on record which plug-ins were added and removed since the last start."""
    kinds = {"added": AuditEventType.PLUGIN_ADDED, "removed": AuditEventType.PLUGIN_REMOVED}
    for act in acts:
        said = {"package": act.project}
        event = _event(kinds[act.act], said)
        await append(session, replace(event, at=act.at, event_id=act.event_id))


def _event(
    kind: AuditEventType, said: Mapping[str, object], user_id: UserId | None = None
) -> AuditEvent:
    return AuditEvent(kind, SystemClock().now(), current_correlation_id(), user_id, said)


async def _seed(settings: Settings) -> None:
    configure_logging(settings.log_level, settings.log_format, "seed")
    clock = SystemClock()
    database = Database(reveal(settings.database_url), pool_size=2)
    try:
        with taken(settings.home) as acts:
            async with database.transaction() as session:
                await record_plugin_acts(session, acts)
        async with database.transaction() as session:
            await record_limits(session)
            await cost_service(settings, clock).seed_prices(session)
            await seed_sample(session, clock)
            generators = GeneratorRegistry.discover(Verdicts.of(settings.home))
            await seed_generators(session, generators, clock, (*DAILY, *LIVE))
            tokens = AccessTokens(reveal(settings.jwt_secret), 60, clock)
            identity = IdentityService(tokens, clock, refresh_token_s=60)
            await seed_demo_user(session, identity, settings)
    finally:
        await database.close()
