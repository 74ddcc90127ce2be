"""What the API process works with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from kuber.api.at_start import record_left_out, retire_demo_user
from kuber.api.container import Container
from kuber.bootstrap.account_news import AccountNewsReader
from kuber.bootstrap.parts import Parts
from kuber.bootstrap.trading import fire_drill, switch_service
from kuber.bootstrap.watches import open_watches
from kuber.config import Settings, why_no_demo
from kuber.identity.api_keys.door import KeyDoor
from kuber.identity.api_keys.service import ApiKeys
from kuber.identity.limits import LimitService
from kuber.identity.service import IdentityService
from kuber.identity.throttle import Throttle
from kuber.identity.tokens import AccessTokens
from kuber.infra.children import ChildPool
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe
from kuber.infra.loop_watch import LoopWatch
from kuber.infra.slots import AdvisorySlots
from kuber.infra.tasks import end_tasks
from kuber.infra.telemetry import trace_database
from kuber.market.chart_indicators.service import TIME_LIMIT_S, IndicatorService
from kuber.market.feed.pushed.intake import PushedQuotes
from kuber.market.importing.importer import CHILD_MEMORY_MB, FileImporter
from kuber.market.importing.service import ImportService
from kuber.market.later import LaterBars
from kuber.market.scanners.limits import RefreshLimits
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService, tickers_of
from kuber.notifications.channels import Channels, Codes
from kuber.notifications.service import NoticeService
from kuber.pipelines.rechecking import recheck_all
from kuber.pipelines.service import PipelineService
from kuber.realtime.hub import Hub
from kuber.realtime.socket_leases import SocketLeases
from kuber.runs.service import RunService
from kuber.runs.what_next.service import WhatNext
from kuber.signals.generators.checks import recheck_all_generators
from kuber.signals.generators.service import GeneratorService
from kuber.signals.service import SignalService
from kuber.signals.tiers import TierPolicy
from kuber.startup import observe
from kuber.trading.accounts.service import AccountService
from kuber.trading.order_service.terms_of import TermsOfSymbols
from kuber.trading.reconciliation.service import Reconciler
from kuber.trading.resetting import Resets
from kuber.trading.tickets.placing import Tickets

if TYPE_CHECKING:
    from kuber.signals.gateway.service import WebhookGateway
    from kuber.signals.gateway.sources import WebhookSources

log = structlog.get_logger(__name__)

_DELIVERY_WAITS_S = 5.0
"""How long a webhook's sender waits for a connection of ours before it is told to come back."""

IMPORTS = 0x6B756D70
"""The advisory locks of imports at work."""


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Container]:
    """Open the services of the API process and close them in reverse order."""
    observe(settings, "api")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(LoopWatch())
        parts = Parts(settings, stack, "kuber-api")
        clock, redis = parts.clock, parts.redis
        await parts.read_calendars()
        database = parts.open_database(pool_size=10)
        if settings.otlp_endpoint:
            trace_database(database.engine)
        pool = await parts.open_pool(4, "kuber-api-raw")
        hub = Hub(redis)
        stack.push_async_callback(hub.close)
        limits = LimitService(parts.open_database(1, "kuber-limits"), clock)
        socket_leases, import_slots = _open_leases(parts, limits)
        tokens = AccessTokens(parts.secret, settings.access_token_s, clock)
        identity = IdentityService(tokens, clock, refresh_token_s=settings.refresh_token_s)
        webhooks, webhook_sources = await _open_gateway(parts)
        short_pool, import_pool, audit_pool, indicator_pool = _child_pools(stack)
        market = parts.market_on(pool)
        imports = ImportService(
            FileImporter(import_pool, settings.calendars_folder),
            parts.uploads,
            clock,
            market.forget,
        )
        scanners = ScannerService(market, parts.outbound, clock)
        pipelines = PipelineService(parts.agents, clock, short_pool)
        accounts = AccountService(clock)
        switches = switch_service(settings, clock)
        notices = NoticeService(clock)
        session_watch, pushes = open_watches(
            stack,
            database,
            clock,
            identity,
            notices,
            AccountNewsReader(database, accounts, pipelines, clock),
        )
        generators = GeneratorService(parts.generators, market, clock, short_pool)
        indicators = IndicatorService(parts.indicators, market, short_pool, indicator_pool)
        plugin_problems = (
            parts.agents.problems
            + parts.generators.problems
            + parts.providers.problems
            + parts.indicators.problems
        )
        _recheck(stack, database, pipelines, generators)
        if reason := why_no_demo(settings):
            await retire_demo_user(database, identity, clock, reason)
        await record_left_out(database, clock, plugin_problems)
        yield Container(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            kafka_probe=KafkaProbe(settings.kafka_bootstrap),
            identity=identity,
            tokens=tokens,
            api_keys=ApiKeys(clock),
            key_door=KeyDoor(parts.open_database(1, "kuber-keys"), clock),
            limits=limits,
            import_slots=import_slots,
            throttle=Throttle(
                redis, clock, per_minute=settings.login_attempts_per_minute, secret=parts.secret
            ),
            registry=parts.agents,
            market=market,
            indicators=indicators,
            imports=imports,
            instruments=parts.instruments_on(pool, market),
            pushed_quotes=PushedQuotes(clock),
            scanners=scanners,
            scanner_refresher=ScannerRefresher(
                database, scanners, parts.outbound, clock, RefreshLimits(redis)
            ),
            costs=parts.costs,
            accounts=accounts,
            resets=Resets(accounts, clock),
            tickets=Tickets(database, pool, clock, TermsOfSymbols(pool), switches),
            switches=switches,
            fire_drill=fire_drill(pool, database, clock),
            reconciler=Reconciler(pool, clock),
            pipelines=pipelines,
            runs=RunService(pipelines, market, parts.broadcaster, clock),
            what_next=WhatNext(LaterBars(pool, market, clock)),
            notices=notices,
            channels=Channels(clock, Codes(parts.secret), mails=settings.smtp_url is not None),
            hub=hub,
            pushes=pushes,
            session_watch=session_watch,
            socket_leases=socket_leases,
            webhooks=webhooks,
            webhook_sources=webhook_sources,
            signals=SignalService(
                pipelines, tickers_of, TierPolicy(settings.enforce_subscription_limits), clock
            ),
            generators=generators,
            short_pool=short_pool,
            audit_pool=audit_pool,
            plugin_problems=plugin_problems,
            waker=parts.waker,
        )


def _open_leases(parts: Parts, limits: LimitService) -> tuple[SocketLeases, AdvisorySlots]:
    socket_leases = SocketLeases(parts.redis, limits)
    import_slots = AdvisorySlots(parts.database_url, IMPORTS, "kuber-imports")
    parts.stack.push_async_callback(socket_leases.close)
    parts.stack.push_async_callback(import_slots.close)
    return socket_leases, import_slots


def _recheck(
    stack: AsyncExitStack,
    database: Database,
    pipelines: PipelineService,
    generators: GeneratorService,
) -> None:
    """Check what is stored against the agents and generators that are installed now, meanwhile."""
    for recheck in (
        recheck_all(database, pipelines.checks, pipelines.publishing),
        recheck_all_generators(database, generators.checks),
    ):
        stack.push_async_callback(end_tasks, [asyncio.create_task(recheck)])


async def _open_gateway(parts: Parts) -> "tuple[WebhookGateway, WebhookSources]":
    from kuber.api.errors import STATUS
    from kuber.signals.catalog import signal_types
    from kuber.signals.gateway.assembly import GatewayOptions, make_gateway

    settings = parts.settings
    deliveries = await parts.open_pool(8, "kuber-webhooks", patience_s=_DELIVERY_WAITS_S)
    options = GatewayOptions(
        parts.secret, settings.webhooks_per_minute, settings.webhooks_in_flight
    )
    return make_gateway(
        deliveries, parts.redis, parts.clock, options, signal_types, STATUS.__getitem__
    )


def _child_pools(stack: AsyncExitStack) -> tuple[ChildPool, ChildPool, ChildPool, ChildPool]:
    """Return the lanes of the API's child processes: for what a page waits for, for imports, for
    verifying the record, and for indicators of added packages."""
    short = ChildPool(
        "short", processes=2, waiting=16, time_limit_s=10, memory_mb=500, keep_warm=True
    )
    imports = ChildPool(
        "imports",
        processes=2,
        waiting=16,
        time_limit_s=60,
        memory_mb=CHILD_MEMORY_MB,
        keep_warm=False,
        background=True,
    )
    audit = ChildPool(
        "audit",
        processes=1,
        waiting=4,
        time_limit_s=900,
        memory_mb=500,
        keep_warm=True,
        background=True,
    )
    indicators = ChildPool(
        "indicators",
        processes=2,
        waiting=16,
        time_limit_s=TIME_LIMIT_S,
        memory_mb=500,
        keep_warm=True,
        background=True,
    )
    for lane in (short, imports, audit, indicators):
        stack.push_async_callback(lane.close)
    return short, imports, audit, indicators
