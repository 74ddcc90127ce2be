"""What a worker process needs to carry runs."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.bootstrap.parts import Parts, breaker_limits, worker_name
from kuber.config import Settings
from kuber.infra.tasks import end_tasks
from kuber.startup import reveal

if TYPE_CHECKING:
    from kuber.agents.llm import LanguageModel

log = structlog.get_logger(__name__)

POOL_SIZE = 8
"""Connections of a process for what its runs read and order, and for its claims."""

_THREADS = 64
"""For agents that are plain functions: as many as there may be permits of a kind."""


class RunWorker:
    """The services of one worker process; satisfies `kuber.workers.runs.WorkerServices`."""

    def __init__(self, settings: Settings, end_process: Callable[[], None]) -> None:
        """`end_process` ends this process at once; the worker begins another."""
        self._settings = settings
        self._end_process = end_process
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Connect, and build the engine; called once on the process's event loop."""
        from kuber.runs.attempt import Limits
        from kuber.runs.context import Surroundings
        from kuber.runs.engine import EngineOptions, RunEngine
        from kuber.runs.flow import HookExecutor
        from kuber.runs.loop_guard import LoopGuard, renew_from_thread
        from kuber.runs.store import RunStore
        from kuber.runs.writer import RunWriter, WriterOptions
        from kuber.workers.heartbeat import WorkerHeartbeat

        asyncio.get_running_loop().set_default_executor(HookExecutor(_THREADS))
        settings = self._settings
        parts = Parts(settings, self._stack, "kuber-worker")
        # No run holds a connection; each of its statements takes one for as long as it lasts.
        pool = await parts.open_pool(POOL_SIZE + settings.runs_per_process // 4)
        clock, self._waker = parts.clock, parts.waker
        options = WriterOptions(batch=settings.writer_batch, lanes=settings.writer_lanes)
        writer = RunWriter(
            await parts.open_pool(options.connections),
            clock,
            settings.budget_per_day,
            options,
        )
        market = parts.market_on(pool)
        surroundings = Surroundings(
            market=market,
            llm=await self._language_model(parts),
            pool=pool,
            clock=clock,
            costs=parts.costs,
            kept=market.bars_of_version,
        )
        self._store = RunStore(pool, clock, worker_name(), settings.run_lease_s)
        self._engine = RunEngine(
            self._store,
            writer,
            parts.agents,
            surroundings,
            parts.broadcaster,
            clock,
            EngineOptions(
                computing=settings.runs_per_process,
                open_runs=settings.open_runs_per_process,
                models=settings.models_per_process,
                executions=settings.executions_per_process,
                plugins=settings.plugins_per_process,
                trusted_packages=settings.trusted_packages,
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
        guard = LoopGuard(
            self._engine.held,
            renew_from_thread(parts.database_url, settings.run_lease_s),
            self._end_process,
            look_s=settings.run_lease_s / 4,
            most_s=settings.node_time_limit_s + settings.run_lease_s,
        )
        guard.start()
        self._stack.push_async_callback(guard.stop)
        await self._stack.enter_async_context(
            WorkerHeartbeat(pool, clock, worker_name(), lambda: len(self._engine.held()))
        )
        own_sweep = asyncio.create_task(self._sweep_by_itself(), name="own sweep")
        self._stack.push_async_callback(end_tasks, [own_sweep])

    async def end(self) -> None:
        """Take no more runs; return once those held have ended or are handed back."""
        await self._engine.end()

    async def close(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()

    async def drain(self) -> int:
        """Work until the queue of runs is empty."""
        await self._waker.clear_wake_token()
        return await self._engine.drain()

    async def sweep(self) -> int:
        """Free runs of dead workers, wake those that are due, and call for pending ones."""
        moved = await self._store.sweep()
        if await self._store.backlog():
            await self._waker.wake()
        return moved

    async def _sweep_by_itself(self) -> None:
        """Sweep once in a lease without being called: the service that calls may be away."""
        while True:
            await asyncio.sleep(self._settings.run_lease_s)
            try:
                await self.sweep()
            except (DatabaseError, PoolTimeout, OSError) as error:
                log.warning("own_sweep_missed", reason=str(error))

    async def _language_model(self, parts: Parts) -> "LanguageModel | None":
        settings = self._settings
        if not settings.llm_configured:
            log.info("llm_not_configured", consequence="agents use their rule engine")
            return None
        from kuber.agents.llm import LanguageModel, ModelSettings

        database = parts.open_database(pool_size=1)
        async with database.transaction() as session:
            prices = await parts.costs.price_book(session)
        await database.close()
        model = LanguageModel(
            ModelSettings(
                model=settings.llm_model,
                base_url=settings.llm_base_url,
                api_key=reveal(settings.llm_api_key),
                timeout_s=settings.llm_timeout_s,
            ),
            prices,
            parts.clock,
            breaker_limits(settings),
        )
        self._stack.push_async_callback(model.close)
        return model
