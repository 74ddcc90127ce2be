"""From settings to running services: the one place where everything is put together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis

from kuber.agents.registry import AgentRegistry
from kuber.brokers.port import SimulationOptions
from kuber.config import Settings
from kuber.costs.service import CostService
from kuber.identity.service import IdentityService
from kuber.identity.throttle import Throttle
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database, RawPool, raw_pool
from kuber.infra.kafka import KafkaProbe, KafkaProducer
from kuber.infra.outbound import OutboundClient
from kuber.infra.redis import connect_redis
from kuber.infra.telemetry import trace_database
from kuber.kernel.clock import Clock, SystemClock
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.replay import ReplayClock
from kuber.market.providers.bar_quotes import replayed_quotes, simulated_quotes
from kuber.market.providers.port import BarProvider
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.stored import StoredBars
from kuber.market.scanners.limits import RefreshLimits
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService
from kuber.market.service import MarketService
from kuber.pipelines.service import PipelineService
from kuber.realtime.broadcast import RedisBroadcaster
from kuber.realtime.hub import Hub
from kuber.runs.service import RunService
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.service import GeneratorService
from kuber.signals.service import SignalService
from kuber.signals.tiers import TierPolicy
from kuber.startup import observe, reveal
from kuber.workers.celery_app import Waker, make_celery

if TYPE_CHECKING:
    from kuber.agents.llm import LanguageModel
    from kuber.signals.gateway.service import WebhookGateway
    from kuber.signals.gateway.sources import WebhookSources

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ApiServices:
    """What the API works with; satisfies `kuber.api.container.Container`."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis
    kafka_probe: KafkaProbe
    identity: IdentityService
    throttle: Throttle
    registry: AgentRegistry
    market: MarketService
    scanners: ScannerService
    scanner_refresher: ScannerRefresher
    costs: CostService
    pipelines: PipelineService
    runs: RunService
    hub: Hub
    webhooks: "WebhookGateway"
    webhook_sources: "WebhookSources"
    signals: SignalService
    generators: GeneratorService
    waker: Waker

    def kafka_producer(self) -> KafkaProducer:
        """Return the producer of this process, made when it is first needed."""
        return _producer(self.settings.kafka_bootstrap)

    async def wake_workers(self) -> None:
        """Call a worker to the queue of runs."""
        await self.waker.wake()


@cache
def _producer(bootstrap: str) -> KafkaProducer:
    return KafkaProducer(bootstrap, client_id="kuber-api")


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[ApiServices]:
    """Open the services of the API process and close them in reverse order."""
    from kuber.api.errors import STATUS
    from kuber.signals.catalog import signal_types
    from kuber.signals.gateway.assembly import GatewayOptions, make_gateway

    observe(settings, "api")
    async with AsyncExitStack() as stack:
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
        secret = reveal(settings.jwt_secret)
        deliveries = raw_pool(url, size=8, application_name="kuber-webhooks", checked=False)
        await deliveries.open(wait=False)
        stack.push_async_callback(deliveries.close)
        webhooks, webhook_sources = make_gateway(
            deliveries,
            redis,
            clock,
            GatewayOptions(secret, settings.webhooks_per_minute, settings.webhooks_in_flight),
            signal_types,
            STATUS.__getitem__,
        )
        registry = AgentRegistry.discover()
        market = MarketService(pool, clock, market_provider(settings, clock))
        outbound = OutboundClient()
        stack.push_async_callback(outbound.close)
        scanners = ScannerService(market, outbound, clock)
        pipelines = PipelineService(registry, clock)
        yield ApiServices(
            settings=settings,
            clock=clock,
            database=database,
            redis=redis,
            kafka_probe=KafkaProbe(settings.kafka_bootstrap),
            identity=IdentityService(
                AccessTokens(secret, settings.access_token_s, clock),
                clock,
                refresh_token_s=settings.refresh_token_s,
            ),
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
            runs=RunService(pipelines, market, registry, broadcaster, clock),
            hub=hub,
            webhooks=webhooks,
            webhook_sources=webhook_sources,
            signals=SignalService(
                pipelines, TierPolicy(settings.enforce_subscription_limits), clock
            ),
            generators=GeneratorService(GeneratorRegistry.discover(), market, clock),
            waker=Waker(make_celery(reveal(settings.redis_url)), redis),
        )


class RunWorker:
    """The services of one worker process; satisfies `kuber.workers.runs.WorkerServices`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Connect, and build the engine; called once on the process's event loop."""
        from kuber.runs.attempt import Limits
        from kuber.runs.context import Surroundings
        from kuber.runs.engine import EngineOptions, RunEngine
        from kuber.runs.flow import HookExecutor
        from kuber.runs.store import RunStore

        asyncio.get_running_loop().set_default_executor(HookExecutor())
        settings, clock = self._settings, SystemClock()
        url = reveal(settings.database_url)
        pool = raw_pool(
            url, size=settings.runs_per_process + 4, application_name="kuber-worker", checked=False
        )
        await pool.open(wait=False)
        self._stack.push_async_callback(pool.close)
        redis = connect_redis(reveal(settings.redis_url))
        self._stack.push_async_callback(redis.aclose)
        broadcaster = RedisBroadcaster(redis)
        self._stack.push_async_callback(broadcaster.close)
        self._waker = Waker(make_celery(reveal(settings.redis_url)), redis)
        costs = cost_service(settings, clock)
        surroundings = Surroundings(
            market=MarketService(pool, clock, market_provider(settings, clock)),
            llm=await self._language_model(costs, clock),
            pool=pool,
            clock=clock,
            costs=costs,
            simulation=SimulationOptions(),
        )
        self._store = RunStore(pool, clock, worker_name(), settings.run_lease_s)
        self._engine = RunEngine(
            pool,
            self._store,
            AgentRegistry.discover(),
            surroundings,
            broadcaster,
            clock,
            EngineOptions(
                capacity=settings.runs_per_process,
                lease_s=settings.run_lease_s,
                limits=Limits(
                    node_s=settings.node_time_limit_s,
                    run_s=settings.run_time_limit_s,
                    attempts=settings.node_attempts,
                    retry_base_s=settings.retry_base_s,
                    retry_cap_s=settings.retry_cap_s,
                ),
            ),
            self._waker.wake,
        )

    async def close(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()

    async def drain(self) -> int:
        """Work until the queue of runs is empty."""
        await self._waker.answered()
        return await self._engine.drain()

    async def sweep(self) -> int:
        """Free runs of dead workers, wake those that are due, and call for pending ones."""
        moved = await self._store.sweep()
        if await self._store.backlog():
            await self._waker.wake()
        return moved

    async def _language_model(self, costs: CostService, clock: Clock) -> "LanguageModel | None":
        settings = self._settings
        if not settings.llm_configured:
            log.info("llm_not_configured", consequence="agents use their rule engine")
            return None
        from kuber.agents.llm import LanguageModel, ModelSettings

        database = Database(reveal(settings.database_url), pool_size=1)
        async with database.transaction() as session:
            prices = await costs.price_book(session)
        await database.close()
        model = LanguageModel(
            ModelSettings(
                model=settings.llm_model,
                base_url=settings.llm_base_url,
                api_key=reveal(settings.llm_api_key),
                timeout_s=settings.llm_timeout_s,
            ),
            prices,
            clock,
        )
        self._stack.push_async_callback(model.close)
        return model


def market_provider(settings: Settings, clock: Clock) -> BarProvider:
    """Return the provider behind imports and sample: Alpaca with keys, else the simulator."""
    if settings.alpaca_api_key and settings.alpaca_api_secret:
        from kuber.market.providers.alpaca import AlpacaBars

        return AlpacaBars(
            reveal(settings.alpaca_api_key), reveal(settings.alpaca_api_secret), clock
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


def cost_service(settings: Settings, clock: Clock) -> CostService:
    """Return the cost service with the platform's default budgets."""
    return CostService(clock, settings.budget_per_run, settings.budget_per_day)


def worker_name() -> str:
    """Return what tells this worker process from all others."""
    return f"{socket.gethostname()}:{os.getpid()}"
