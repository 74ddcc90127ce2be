"""From settings to running services: the one place where everything is put together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis

from kuber.agents.registry import AgentRegistry
from kuber.api.at_start import record_left_out, retire_demo_user
from kuber.config import Settings, why_no_demo
from kuber.costs.service import CostService
from kuber.identity.limits import LimitService
from kuber.identity.service import SESSIONS_CHANNEL, IdentityService
from kuber.identity.throttle import Throttle
from kuber.identity.tokens import AccessTokens
from kuber.identity.types import SessionId
from kuber.infra.breakers import BreakerLimits
from kuber.infra.children import ChildPool
from kuber.infra.db import Database, JsonObject, RawPool, raw_pool
from kuber.infra.kafka import KafkaProbe
from kuber.infra.loop_watch import LoopWatch
from kuber.infra.outbound import OutboundClient
from kuber.infra.plugins import PluginProblem, Verdicts
from kuber.infra.redis import connect_redis
from kuber.infra.slots import AdvisorySlots
from kuber.infra.tasks import end_tasks
from kuber.infra.telemetry import trace_database
from kuber.kernel.clock import Clock, SystemClock
from kuber.kernel.ids import UserId
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.replay import ReplayClock
from kuber.market.providers.bar_quotes import replayed_quotes, simulated_quotes
from kuber.market.providers.port import ListingProvider
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.stored import StoredBars
from kuber.market.scanners.limits import RefreshLimits
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService
from kuber.market.service import MarketService
from kuber.notifications.channels import Channels, Codes
from kuber.notifications.service import NoticeService
from kuber.notifications.types import NOTICES_CHANNEL
from kuber.pipelines.announcing import CHANNEL as PIPELINES_CHANNEL
from kuber.pipelines.rechecking import recheck_all
from kuber.pipelines.service import PipelineService
from kuber.realtime.broadcast import RedisBroadcaster
from kuber.realtime.database_channels import DatabaseChannels
from kuber.realtime.hub import Hub
from kuber.realtime.notice_push import NoticePush
from kuber.realtime.pipeline_push import PipelinePush
from kuber.realtime.session_watch import SessionWatch
from kuber.realtime.socket_leases import SocketLeases
from kuber.runs.service import RunService
from kuber.signals.generators.checks import recheck_all_generators
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.service import GeneratorService
from kuber.signals.service import SignalService
from kuber.signals.tiers import TierPolicy
from kuber.startup import observe, reveal
from kuber.workers.celery_app import Waker, make_celery

if TYPE_CHECKING:
    from kuber.signals.gateway.service import WebhookGateway
    from kuber.signals.gateway.sources import WebhookSources

log = structlog.get_logger(__name__)

_DELIVERY_WAITS_S = 5.0
"""How long a webhook's sender waits for a connection of ours before it is told to come back."""

IMPORTS = 0x6B756D70
"""The advisory locks of imports at work."""


@dataclass(frozen=True)
class ApiServices:
    """What the API works with; satisfies `kuber.api.container.Container`."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis
    kafka_probe: KafkaProbe
    tokens: AccessTokens
    limits: LimitService
    import_slots: AdvisorySlots
    identity: IdentityService
    throttle: Throttle
    registry: AgentRegistry
    market: MarketService
    scanners: ScannerService
    scanner_refresher: ScannerRefresher
    costs: CostService
    pipelines: PipelineService
    runs: RunService
    notices: NoticeService
    channels: Channels
    hub: Hub
    notice_push: NoticePush
    pipeline_push: PipelinePush
    session_watch: SessionWatch
    socket_leases: SocketLeases
    webhooks: "WebhookGateway"
    webhook_sources: "WebhookSources"
    signals: SignalService
    generators: GeneratorService
    short_pool: ChildPool
    audit_pool: ChildPool
    plugin_problems: tuple[PluginProblem, ...]
    waker: Waker

    async def wake_workers(self) -> None:
        """Call a worker to the queue of runs."""
        await self.waker.wake()


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[ApiServices]:
    """Open the services of the API process and close them in reverse order."""
    observe(settings, "api")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(LoopWatch())
        clock = SystemClock()
        url = reveal(settings.database_url)
        database = Database(url, application_name="kuber-api")
        if settings.otlp_endpoint:
            trace_database(database.engine)
        stack.push_async_callback(database.close)
        pool = raw_pool(url, size=4, application_name="kuber-api-raw")
        await pool.open(wait=False)
        stack.push_async_callback(pool.close)
        redis = connect_redis(reveal(settings.redis_url))
        stack.push_async_callback(redis.aclose)
        broadcaster = RedisBroadcaster(redis)
        hub = Hub(redis)
        stack.push_async_callback(hub.close)
        limits = _open_limits(stack, url, clock)
        socket_leases = SocketLeases(redis, limits)
        stack.push_async_callback(socket_leases.close)
        import_slots = AdvisorySlots(url, IMPORTS, "kuber-imports")
        stack.push_async_callback(import_slots.close)
        secret = reveal(settings.jwt_secret)
        tokens = AccessTokens(secret, settings.access_token_s, clock)
        identity = IdentityService(tokens, clock, refresh_token_s=settings.refresh_token_s)
        notices, session_watch, notice_push, pipeline_push = _open_watches(
            stack, database, identity, clock
        )
        webhooks, webhook_sources = await _open_gateway(stack, settings, redis, clock)
        short_pool, import_pool, audit_pool = child_pools()
        for lane in (short_pool, import_pool, audit_pool):
            stack.push_async_callback(lane.close)
        verdicts = Verdicts.of(settings.home)
        registry = AgentRegistry.discover(verdicts)
        installed_generators = GeneratorRegistry.discover(verdicts)
        market = MarketService(pool, clock, market_provider(settings, clock), imports=import_pool)
        outbound = OutboundClient()
        stack.push_async_callback(outbound.close)
        scanners = ScannerService(market, outbound, clock)
        pipelines = PipelineService(registry, clock, short_pool)
        generators = GeneratorService(installed_generators, market, clock, short_pool)
        for recheck in (
            recheck_all(database, pipelines.checks, pipelines.publishing),
            recheck_all_generators(database, generators.checks),
        ):
            stack.push_async_callback(end_tasks, [asyncio.create_task(recheck)])
        if reason := why_no_demo(settings):
            await retire_demo_user(database, identity, clock, reason)
        plugin_problems = registry.problems + installed_generators.problems
        await record_left_out(database, clock, plugin_problems)
        yield ApiServices(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            kafka_probe=KafkaProbe(settings.kafka_bootstrap),
            identity=identity,
            tokens=tokens,
            limits=limits,
            import_slots=import_slots,
            throttle=Throttle(
                redis, clock, per_minute=settings.login_attempts_per_minute, secret=secret
            ),
            registry=registry,
            market=market,
            scanners=scanners,
            scanner_refresher=ScannerRefresher(
                database, scanners, outbound, clock, RefreshLimits(redis)
            ),
            costs=cost_service(settings, clock),
            pipelines=pipelines,
            runs=RunService(pipelines, market, broadcaster, clock),
            notices=notices,
            channels=Channels(clock, Codes(secret), mails=settings.smtp_url is not None),
            hub=hub,
            notice_push=notice_push,
            pipeline_push=pipeline_push,
            session_watch=session_watch,
            socket_leases=socket_leases,
            webhooks=webhooks,
            webhook_sources=webhook_sources,
            signals=SignalService(
                pipelines, TierPolicy(settings.enforce_subscription_limits), clock
            ),
            generators=generators,
            short_pool=short_pool,
            audit_pool=audit_pool,
            plugin_problems=plugin_problems,
            waker=Waker(make_celery(reveal(settings.redis_url)), redis),
        )


async def _open_gateway(
    stack: AsyncExitStack, settings: Settings, redis: Redis, clock: Clock
) -> "tuple[WebhookGateway, WebhookSources]":
    from kuber.api.errors import STATUS
    from kuber.signals.catalog import signal_types
    from kuber.signals.gateway.assembly import GatewayOptions, make_gateway

    deliveries = raw_pool(
        reveal(settings.database_url),
        size=8,
        application_name="kuber-webhooks",
        checked=False,
        patience_s=_DELIVERY_WAITS_S,
    )
    await deliveries.open(wait=False)
    stack.push_async_callback(deliveries.close)
    options = GatewayOptions(
        reveal(settings.jwt_secret), settings.webhooks_per_minute, settings.webhooks_in_flight
    )
    return make_gateway(deliveries, redis, clock, options, signal_types, STATUS.__getitem__)


def _open_limits(stack: AsyncExitStack, url: str, clock: Clock) -> LimitService:
    database = Database(url, pool_size=1, application_name="kuber-limits")
    stack.push_async_callback(database.close)
    return LimitService(database, clock)


def _open_watches(
    stack: AsyncExitStack, database: Database, identity: IdentityService, clock: Clock
) -> tuple[NoticeService, SessionWatch, NoticePush, PipelinePush]:
    """Watch what open sockets depend on: their sessions, their users' notices and pipelines."""
    notices = NoticeService(clock)

    async def ended_among(session_ids: Collection[SessionId]) -> set[SessionId]:
        async with database.transaction() as session:
            return await identity.ended_among(session, session_ids)

    async def read_notices(user_id: UserId) -> JsonObject:
        async with database.transaction() as session:
            return await notices.summary(session, user_id)

    watch, push, pipelines = SessionWatch(ended_among), NoticePush(read_notices), PipelinePush()
    channels = DatabaseChannels(database.url)
    channels.take(SESSIONS_CHANNEL, watch.ended)
    channels.take(NOTICES_CHANNEL, push.changed, push.look_again)
    channels.take(PIPELINES_CHANNEL, pipelines.changed, pipelines.look_again)
    for one in (watch, push, channels):
        one.start()
        stack.push_async_callback(one.close)
    return notices, watch, push, pipelines


def child_pools() -> tuple[ChildPool, ChildPool, ChildPool]:
    """Return the lanes of the API's child processes: for what a page waits for, for imports, and
    for verifying the record."""
    short = ChildPool(
        "short", processes=2, waiting=16, time_limit_s=10, memory_mb=500, keep_warm=True
    )
    imports = ChildPool(
        "imports", processes=3, waiting=16, time_limit_s=60, memory_mb=1000, keep_warm=False
    )
    audit = ChildPool(
        "audit", processes=1, waiting=4, time_limit_s=900, memory_mb=500, keep_warm=True
    )
    return short, imports, audit


def market_provider(settings: Settings, clock: Clock) -> ListingProvider:
    """Return the provider behind imports and sample: Alpaca with keys, else the simulator."""
    if settings.alpaca_api_key and settings.alpaca_api_secret:
        from kuber.market.providers.alpaca import AlpacaBars

        return AlpacaBars(
            reveal(settings.alpaca_api_key),
            reveal(settings.alpaca_api_secret),
            clock,
            limits=breaker_limits(settings),
        )
    return MarketSimulator(settings.market_seed)


def quote_feed(settings: Settings, clock: Clock, pool: RawPool) -> tuple[QuoteSource, Clock]:
    """Return the source of quotes, and the clock that it goes by: a replay has one of its own."""
    if settings.replay_from is not None:
        moving = ReplayClock(clock, settings.replay_from, settings.replay_speed)
        return replayed_quotes(StoredBars(pool), moving), moving
    if settings.alpaca_api_key and settings.alpaca_api_secret:
        from kuber.market.providers.alpaca_stream import AlpacaQuotes

        keys = reveal(settings.alpaca_api_key), reveal(settings.alpaca_api_secret)
        return AlpacaQuotes(*keys), clock
    return simulated_quotes(settings.market_seed, clock), clock


def breaker_limits(settings: Settings) -> BreakerLimits:
    """Return when a host outside is not asked for a while."""
    return BreakerLimits(settings.breaker_failures, settings.breaker_open_s)


def cost_service(settings: Settings, clock: Clock) -> CostService:
    """Return the cost service with the platform's default budgets."""
    return CostService(clock, settings.budget_per_run, settings.budget_per_day)


def worker_name() -> str:
    """Return what tells this worker process from all others."""
    return f"{socket.gethostname()}:{os.getpid()}"
