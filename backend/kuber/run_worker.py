"""What a worker process needs to carry runs."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog

from kuber.agents.registry import AgentRegistry
from kuber.bootstrap import breaker_limits, cost_service, market_provider, worker_name
from kuber.brokers.port import SimulationOptions
from kuber.config import Settings
from kuber.costs.service import CostService
from kuber.infra.db import Database, raw_pool
from kuber.infra.plugins import Verdicts
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import Clock, SystemClock
from kuber.market.service import MarketService
from kuber.realtime.broadcast import RedisBroadcaster
from kuber.startup import reveal
from kuber.workers.celery_app import Waker, make_celery

if TYPE_CHECKING:
    from kuber.agents.llm import LanguageModel

log = structlog.get_logger(__name__)


_THREADS = 64
"""For agents that are plain functions: as many as there may be permits of a kind."""


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

        asyncio.get_running_loop().set_default_executor(HookExecutor(_THREADS))
        settings, clock = self._settings, SystemClock()
        url = reveal(settings.database_url)
        pool = raw_pool(
            url,
            # A run takes one for each statement, and its order another.
            size=2 * settings.runs_per_process + 4,
            application_name="kuber-worker",
            checked=False,
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
        self._store = RunStore(
            pool, clock, worker_name(), settings.run_lease_s, settings.budget_per_day
        )
        self._engine = RunEngine(
            self._store,
            AgentRegistry.discover(Verdicts.of(settings.home)),
            surroundings,
            broadcaster,
            clock,
            EngineOptions(
                computing=settings.runs_per_process,
                open_runs=settings.open_runs_per_process,
                models=settings.models_per_process,
                executions=settings.executions_per_process,
                plugins=settings.plugins_per_process,
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

    async def end(self) -> None:
        """Take no more runs; return once those held have ended or are handed back."""
        await self._engine.end()

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
            breaker_limits(settings),
        )
        self._stack.push_async_callback(model.close)
        return model
