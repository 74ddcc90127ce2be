"""What may be made only so often is not made more often by being quick.

Every racer makes one thing and keeps its transaction open until all others have made theirs or wait
for somebody's lock: so each of them counts before any other has committed, unless it may not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.registry import AgentRegistry
from kuber.infra.db import Database
from kuber.infra.outbound import OutboundClient
from kuber.kernel.clock import FixedClock
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.scanners import service as scanners
from kuber.market.scanners.schemas import ScannerBody
from kuber.market.scanners.types import ScannerKind
from kuber.notifications import channels
from kuber.pipelines.schemas import PipelineClone, PipelineCreate
from kuber.pipelines.service import PipelineService
from kuber.signals.gateway import sources
from kuber.signals.gateway.keys import SecretKeeper
from kuber.signals.gateway.schemas import WebhookSourceCreate
from kuber.signals.gateway.types import SourceKind
from kuber.signals.generators import service as generators
from kuber.signals.generators.schemas import GeneratorBody
from tests.fakes.generator_bars import REGISTRY
from tests.fixtures.limits import allow
from tests.fixtures.waiting import LIMIT_S

MOST = 3
RACERS = 6
SECRET = "a secret of the test session, 32+ characters"

Make = Callable[[AsyncSession], Awaitable[object]]


@dataclass
class World:
    database: Database
    clock: FixedClock
    user: UserId
    made: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def query(self, statement: str) -> Any:
        async with self.database.transaction() as session:
            return (await session.execute(text(statement), {"user": self.user})).scalar()

    async def once(self, make: Make) -> str:
        """Make one thing; return the code of the refusal, or "made"."""
        try:
            async with self.database.transaction() as session:
                await make(session)
                self.made += 1
                await self.over.wait()
        except KuberError as error:
            self.made += 1
            return error.code
        return "made"

    async def race(self, make: Make) -> list[str]:
        racers = [asyncio.create_task(self.once(make)) for _ in range(RACERS)]
        waiting = "select count(*) from pg_locks where not granted"
        async with asyncio.timeout(LIMIT_S):
            while self.made + await self.query(waiting) < RACERS:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        self.over.set()
        return await asyncio.gather(*racers)


@pytest.fixture
async def world(database: Database, clock: FixedClock) -> World:
    made = World(database, clock, UserId(uuid4()))
    async with database.transaction() as session:
        await session.execute(
            text(
                "insert into users (id, email, password_hash, role, tier, created_at)"
                " values (:user, 'ann@example.com', 'x', 'user', 'FREE', now())"
            ),
            {"user": made.user},
        )
    return made


async def a_scanner(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Make, str]:
    monkeypatch.setattr(scanners, "MAX_SCANNERS", MOST)
    market: Any = None
    service = scanners.ScannerService(market, OutboundClient(), world.clock)
    body = ScannerBody(name="S", kind=ScannerKind.MANUAL, tickers=["AAPL"])
    return lambda session: service.create(session, world.user, body), "scanners"


async def a_source(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Make, str]:
    monkeypatch.setattr(sources, "MAX_SOURCES", MOST)
    service = sources.WebhookSources(SecretKeeper(SECRET), world.clock)
    body = WebhookSourceCreate(name="W", kind=SourceKind.HMAC)
    at = sources.Addresses("http://127.0.0.1")
    return lambda session: service.create(session, world.user, body, at), "webhook_sources"


async def a_generator(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Make, str]:
    monkeypatch.setattr(generators, "MAX_PER_USER", MOST)
    market: Any = None
    service = generators.GeneratorService(REGISTRY, market, world.clock)
    body = GeneratorBody(name="G", kind="rsi", symbols=("AAPL",))
    return lambda session: service.create(session, world.user, body), "signal_generators"


async def a_pipeline(world: World, _: pytest.MonkeyPatch) -> tuple[Make, str]:
    allow(world.database.url, str(world.user), pipelines=MOST)
    service = PipelineService(AgentRegistry.discover(), world.clock)
    body = PipelineCreate(name="P")
    return lambda session: service.create(session, world.user, body), "pipelines"


async def a_copy(world: World, _: pytest.MonkeyPatch) -> tuple[Make, str]:
    allow(world.database.url, str(world.user), pipelines=MOST)
    service = PipelineService(AgentRegistry.discover(), world.clock)
    async with world.database.transaction() as session:
        first = await service.create(session, world.user, PipelineCreate(name="P"))
    source = PipelineId(first.head.id)
    return lambda session: service.clone(session, world.user, source, PipelineClone()), "pipelines"


async def a_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Make, str]:
    monkeypatch.setattr(channels, "ASKED_PER_HOUR", MOST)
    service = channels.Channels(world.clock, channels.Codes(SECRET), mails=True)
    return lambda session: service.send_code(
        session, world.user, "ann@example.com"
    ), "notice_deliveries"


@pytest.mark.parametrize(
    "begin",
    [a_scanner, a_source, a_generator, a_pipeline, a_copy, a_mail],
    ids=lambda f: f.__name__,
)
async def test_a_quota_holds_against_requests_at_the_same_moment(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[[World, pytest.MonkeyPatch], Awaitable[tuple[Make, str]]],
) -> None:
    make, table = await begin(world, monkeypatch)
    before = await world.query(f"select count(*) from {table} where user_id = :user")
    outcomes = await world.race(make)
    after = await world.query(f"select count(*) from {table} where user_id = :user")
    assert after == MOST
    assert outcomes.count("made") == MOST - before
