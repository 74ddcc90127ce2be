"""What processes have in common, made in one place."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from functools import cached_property

from redis.asyncio import Redis

from kuber.agents.registry import AgentRegistry
from kuber.config import Settings
from kuber.costs.service import CostService
from kuber.infra.breakers import BreakerLimits
from kuber.infra.db import Database, RawPool, raw_pool
from kuber.infra.outbound import OutboundClient
from kuber.infra.plugins import Verdicts
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import Clock, SystemClock
from kuber.market.calendars import keep_sessions_in
from kuber.market.calendars import warm as warm_calendars
from kuber.market.chart_indicators.registry import IndicatorRegistry
from kuber.market.feed.mixed import MixedQuotes, Part
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.replay import ReplayClock
from kuber.market.importing.uploads import Uploads
from kuber.market.providers.answer_tables import PostgresAnswers
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.bar_quotes import replayed_quotes, simulated_quotes
from kuber.market.providers.by_kind import ByKind, KindProvider
from kuber.market.providers.coinmarketcap import CoinMarketCapBars, CoinMarketCapQuotes
from kuber.market.providers.fetching import is_listed_in_new_york
from kuber.market.providers.finnhub import FinnhubBars, FinnhubQuotes
from kuber.market.providers.offers import ProviderKeys
from kuber.market.providers.plugin import ProviderRegistry
from kuber.market.providers.port import ListingProvider
from kuber.market.providers.provided import ProvidedBars
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.stored import StoredBars
from kuber.market.service import MarketService
from kuber.market.terms.service import InstrumentService
from kuber.realtime.broadcast import RedisBroadcaster
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.startup import reveal
from kuber.workers.celery_app import Waker, make_celery


class Parts:
    """The parts of one process: each is made when it is first asked for, and then the same.

    What has to be closed is closed with `stack`, in reverse order.
    """

    def __init__(self, settings: Settings, stack: AsyncExitStack, name: str) -> None:
        """`name` is what connections call themselves in PostgreSQL."""
        self.settings = settings
        self.stack = stack
        self.name = name
        self.clock: Clock = SystemClock()
        self.database_url = reveal(settings.database_url)
        self.redis_url = reveal(settings.redis_url)
        self.secret = reveal(settings.jwt_secret)
        self._provider: ListingProvider | None = None
        keep_sessions_in(settings.calendars_folder)

    async def read_calendars(self) -> None:
        """Read the calendars that nearly every process needs, before anybody waits for them."""
        await asyncio.to_thread(warm_calendars, self.clock.now())

    def open_database(self, pool_size: int, name: str | None = None) -> Database:
        """Return a new pool of sessions; connects at first use."""
        database = Database(
            self.database_url, pool_size=pool_size, application_name=name or self.name
        )
        self.stack.push_async_callback(database.close)
        return database

    async def open_pool(
        self, size: int, name: str | None = None, *, patience_s: float = 30.0
    ) -> RawPool:
        """Return a new pool of plain connections, which come in the background."""
        pool = raw_pool(
            self.database_url,
            size=size,
            application_name=name or self.name,
            patience_s=patience_s,
        )
        await pool.open(wait=False)
        self.stack.push_async_callback(pool.close)
        return pool

    @cached_property
    def redis(self) -> Redis:
        redis = connect_redis(self.redis_url)
        self.stack.push_async_callback(redis.aclose)
        return redis

    @cached_property
    def broadcaster(self) -> RedisBroadcaster:
        broadcaster = RedisBroadcaster(self.redis)
        self.stack.push_async_callback(broadcaster.close)
        return broadcaster

    @cached_property
    def outbound(self) -> OutboundClient:
        outbound = OutboundClient()
        self.stack.push_async_callback(outbound.close)
        return outbound

    @cached_property
    def waker(self) -> Waker:
        return Waker(make_celery(self.redis_url), self.redis)

    @cached_property
    def costs(self) -> CostService:
        return cost_service(self.settings, self.clock)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self.settings.uploads_folder)

    def market_on(self, pool: RawPool) -> MarketService:
        """Return the market whose stored bars are read on `pool`."""
        return MarketService(pool, self.clock, self.provider_on(pool))

    def instruments_on(self, pool: RawPool, market: MarketService) -> InstrumentService:
        """Return the instruments of a market, read on `pool`."""
        return InstrumentService(pool, self.clock, self.provider_on(pool), market.changes)

    def provider_on(self, pool: RawPool) -> ListingProvider:
        """Return the provider behind imports and sample; its answers are stored on the first
        `pool` that is given."""
        if self._provider is None:
            answers = ProviderAnswers(PostgresAnswers(pool), self.clock)
            self._provider = market_provider(self.settings, self.clock, answers, self.providers)
        return self._provider

    def quotes(self, pool: RawPool) -> tuple[QuoteSource, Clock]:
        """Return the source of quotes, and the clock that it goes by: a replay has its own."""
        settings, clock = self.settings, self.clock
        if settings.replay_from is not None:
            moving = ReplayClock(clock, settings.replay_from, settings.replay_speed)
            return replayed_quotes(StoredBars(pool), moving), moving
        return quote_source(settings, clock, self.provider_on(pool)), clock

    @cached_property
    def verdicts(self) -> Verdicts:
        """What is known of the installed plug-ins of every kind."""
        return Verdicts.of(self.settings.home)

    @cached_property
    def agents(self) -> AgentRegistry:
        return AgentRegistry.discover(self.verdicts)

    @cached_property
    def providers(self) -> ProviderRegistry:
        return ProviderRegistry.discover(self.verdicts)

    @cached_property
    def indicators(self) -> IndicatorRegistry:
        return IndicatorRegistry.discover(self.verdicts)

    @cached_property
    def generators(self) -> GeneratorRegistry:
        return GeneratorRegistry.discover(self.verdicts)


def market_provider(
    settings: Settings,
    clock: Clock,
    answers: ProviderAnswers,
    plugins: ProviderRegistry | None = None,
) -> ListingProvider:
    """Return the provider behind imports and sample: added ones first, then those with keys, each
    for what it serves; the simulator for everything else. What they give is kept in `answers`."""
    keys, limits = provider_keys(settings), breaker_limits(settings)
    parts: list[KindProvider] = []
    if plugins is not None:
        parts += [ProvidedBars(one, clock, answers) for one in plugins.make_all()]
    if settings.cmc_api_key:
        key = reveal(settings.cmc_api_key)
        parts.append(CoinMarketCapBars(key, clock, answers, limits=limits))
    if keys.alpaca and settings.alpaca_api_key and settings.alpaca_api_secret:
        from kuber.market.providers.alpaca import AlpacaBars

        pair = reveal(settings.alpaca_api_key), reveal(settings.alpaca_api_secret)
        parts.append(AlpacaBars(*pair, clock, answers, limits=limits))
    elif settings.finnhub_api_key:
        key = reveal(settings.finnhub_api_key)
        parts.append(FinnhubBars(key, clock, answers, limits=limits))
    simulator = MarketSimulator(settings.market_seed)
    return ByKind(parts, simulator) if parts else simulator


def quote_source(settings: Settings, clock: Clock, provider: ListingProvider) -> QuoteSource:
    """Return the source of present quotes, chosen as `market_provider` chose the `provider`; added
    ones give none, and nobody gives them in their place."""
    parts: list[Part] = []
    if settings.cmc_api_key:
        coins = CoinMarketCapQuotes(reveal(settings.cmc_api_key), clock)
        parts.append(Part(coins, CoinMarketCapBars.serves))
    if settings.alpaca_api_key and settings.alpaca_api_secret:
        from kuber.market.providers.alpaca_stream import AlpacaQuotes

        pair = reveal(settings.alpaca_api_key), reveal(settings.alpaca_api_secret)
        parts.append(Part(AlpacaQuotes(*pair), is_listed_in_new_york))
    elif settings.finnhub_api_key:
        shares = FinnhubQuotes(reveal(settings.finnhub_api_key), clock)
        parts.append(Part(shares, FinnhubBars.serves))
    simulated = simulated_quotes(settings.market_seed, clock)
    if not isinstance(provider, ByKind):
        return simulated
    return MixedQuotes([*parts, Part(simulated, provider.is_for_rest)])


def provider_keys(settings: Settings) -> ProviderKeys:
    """Return of which providers the keys are set."""
    return ProviderKeys(
        alpaca=bool(settings.alpaca_api_key and settings.alpaca_api_secret),
        finnhub=bool(settings.finnhub_api_key),
        coinmarketcap=bool(settings.cmc_api_key),
    )


def breaker_limits(settings: Settings) -> BreakerLimits:
    """Return when a host outside is not asked for a while."""
    return BreakerLimits(settings.breaker_failures, settings.breaker_open_s)


def cost_service(settings: Settings, clock: Clock) -> CostService:
    """Return the cost service with the platform's default budgets."""
    return CostService(clock, settings.budget_per_run, settings.budget_per_day)


def worker_name() -> str:
    """Return what tells this worker process from all others."""
    return f"{socket.gethostname()}:{os.getpid()}"
