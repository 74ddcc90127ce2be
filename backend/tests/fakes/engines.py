"""Run engines in the test's own process, on a real PostgreSQL and a clock that the test moves.

What nodes do is scripted by their ids: see `Script`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import Any, cast

from psycopg.types.json import Jsonb

from kuber.agents.base import AgentMetadata, BaseAgent, Category
from kuber.agents.effects import Reads, recorded
from kuber.agents.llm import LanguageModel
from kuber.agents.registry import GROUP, AgentRegistry
from kuber.agents.state import PipelineState
from kuber.costs.service import CostService
from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.ids import RunId, UserId, new_id
from kuber.market.types import DatasetMarket
from kuber.runs.attempt import Limits
from kuber.runs.context import Surroundings
from kuber.runs.engine import EngineOptions, RunEngine
from kuber.runs.store import RunStore
from kuber.runs.types import RunEvent
from kuber.runs.writer import RunWriter
from tests.fakes.subscribers import add_pipeline

START = datetime(2026, 11, 27, 15, tzinfo=UTC)
OPTIONS = EngineOptions(
    computing=8,
    open_runs=200,
    models=10,
    executions=5,
    plugins=10,
    lease_s=10,
    limits=Limits(node_s=300, run_s=900, attempts=5, retry_base_s=1, retry_cap_s=60),
    trusted_packages=frozenset({"tests"}),
)


class MovedClock:
    """A clock that stands where the test puts it."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


Deed = Callable[[BaseAgent[Any], PipelineState], Any]
"""What one attempt does; it may give something to await, and raise."""


@dataclass
class Script:
    """What scripted nodes do, by node id: one deed for each attempt, then nothing more."""

    deeds: dict[str, list[Deed]] = field(default_factory=dict)
    always: dict[str, Deed] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    as_of: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    async def play(self, agent: BaseAgent[Any], state: PipelineState) -> None:
        node_id = agent.context.node_id
        self.tried[node_id] += 1
        self.as_of[node_id].append(agent.context.as_of)
        left = self.deeds.get(node_id)
        deed = left.pop(0) if left else self.always.get(node_id)
        done = deed(agent, state) if deed else None
        if asyncio.iscoroutine(done):
            await done


script = Script()


class _Scripted(BaseAgent[Any]):
    async def process(self, state: PipelineState) -> PipelineState:
        await script.play(self, state)
        return state


class Paid(_Scripted):
    """Asks a model, as far as permits and budgets know."""

    metadata = AgentMetadata(
        "fake_paid",
        "Paid",
        "For tests.",
        Category.ANALYSIS,
        "science",
        uses_llm=True,
        effects=recorded(Reads.OUTSIDE),
    )


class Watcher(_Scripted):
    """A trigger."""

    metadata = AgentMetadata(
        "fake_watcher",
        "Watcher",
        "For tests.",
        Category.TRIGGER,
        "science",
        effects=recorded(Reads.CLOCK),
    )


class Judge(_Scripted):
    """Reads the account."""

    metadata = AgentMetadata(
        "fake_judge",
        "Judge",
        "For tests.",
        Category.RISK,
        "science",
        effects=recorded(Reads.ACCOUNT),
    )


class Nobody:
    """Hears the events and keeps none."""

    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None:
        return None

    def keep_state(self, run_id: RunId, state: Callable[[], str]) -> None:
        return None


def registry() -> AgentRegistry:
    """Return the built-in agents and the scripted ones."""
    found = AgentRegistry.discover()
    for agent in (Paid, Watcher, Judge):
        name = agent.metadata.agent_type
        found._install(EntryPoint(name, f"{__name__}:{agent.__name__}", GROUP), "tests")
    return found


class Scene:
    """A database with runs, and engines that carry them."""

    def __init__(self, url: str, pool: RawPool) -> None:
        self.url, self.pool = url, pool
        self.clock = MovedClock()
        self.script = script
        script.__init__()  # type: ignore[misc] # each scene begins with an empty one
        self._registry = registry()
        self.store = self.new_store("first")

    def new_store(self, worker: str) -> RunStore:
        return RunStore(self.pool, self.clock, worker, 10)

    def new_writer(self) -> RunWriter:
        return RunWriter(self.pool, self.clock, Decimal(25))

    def engine(
        self,
        options: EngineOptions = OPTIONS,
        store: RunStore | None = None,
        writer: RunWriter | None = None,
    ) -> RunEngine:
        surroundings = Surroundings(
            market=cast(DatasetMarket, None),
            llm=cast(LanguageModel, object()),
            pool=self.pool,
            clock=self.clock,
            costs=CostService(self.clock, Decimal(5), Decimal(25)),
        )
        return RunEngine(
            store or self.store,
            writer or self.new_writer(),
            self._registry,
            surroundings,
            Nobody(),
            self.clock,
            options,
            _call_nobody,
        )

    async def add(
        self,
        user: UserId,
        graph: JsonObject,
        *,
        started_by: str = "signal",
        count: int = 1,
        real_time: bool = True,
    ) -> list[RunId]:
        """Queue runs of a pipeline with this graph, each on a symbol of its own."""
        pipeline = add_pipeline(self.url, user)
        ids = [new_id() for _ in range(count)]
        async with self.pool.connection() as connection:
            await connection.execute(
                "update pipeline_graphs set graph = %s where pipeline_id = %s",
                (Jsonb(graph), pipeline),
            )
            await connection.execute(
                "insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols,"
                " as_of, real_time, seed, correlation_id, status, started_by)"
                " select r.id, p.user_id, p.id, p.published_graph_id, 'simulation',"
                " 'S' || r.number, array['S' || r.number], %s, %s, 1, 'c', 'pending', %s"
                " from pipelines p, unnest(%s::uuid[]) with ordinality as r (id, number)"
                " where p.id = %s",
                (self.clock.at, real_time, started_by, ids, pipeline),
            )
        return [RunId(run_id) for run_id in ids]

    async def later(self, seconds: float, engine: RunEngine | None = None) -> None:
        """Let time pass, wake what is due, and carry it as far as it goes."""
        self.clock.move(seconds)
        await self.store.sweep()
        await (engine or self.engine()).drain()

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def run(self, run_id: RunId) -> JsonObject:
        """Return the columns of a run that tell how it stands."""
        [row] = await self.rows("select to_jsonb(r) from runs r where id = %s", run_id)
        found: JsonObject = row[0]
        return found


async def _call_nobody() -> None:
    return None
