"""The relay hears of new messages from PostgreSQL, and shows how many wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProducer
from kuber.infra.outbox import OUTBOX_CHANNEL
from kuber.infra.tasks import end_tasks
from kuber.infra.telemetry import OUTBOX_WAITING
from kuber.kernel.ids import new_id
from kuber.workers import relay as module
from kuber.workers.relay import OutboxRelay
from tests.fixtures.waiting import until_async

NEVER_S = 600.0
"""Longer than any test takes."""
SLEEPING = """
    select pid from pg_stat_activity where datname = current_database()
      and application_name = 'kuber-relay' and state = 'idle' and query like '%from outbox o%'
"""
pytestmark = pytest.mark.kafka


async def announce(connection: AsyncConnection, count: int = 1) -> None:
    statement = (
        "insert into outbox (event_id, topic, key, payload, headers)"
        " values (%s, 'audit.event', 'key', %s, %s)"
    )
    for _ in range(count):
        await connection.execute(statement, (new_id(), Jsonb({}), Jsonb({})))


async def sleeping(connection: AsyncConnection, other_than: int = 0) -> int:
    """Return the relay's process in PostgreSQL once it has looked and waits."""
    while True:
        row = await (await connection.execute(SLEEPING.encode())).fetchone()
        if row and row[0] != other_than:
            return int(row[0])
        await asyncio.sleep(0.01)


async def left(connection: AsyncConnection, count: int) -> None:
    """Return once so many messages have left the outbox."""
    query = "select count(*) from event_history"
    while (await (await connection.execute(query)).fetchone()) != (count,):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.url, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def relay(database: Database, kafka_bootstrap: str) -> AsyncIterator[OutboxRelay]:
    """A relay that looks only when it is told, or a short while after."""
    producer = KafkaProducer(kafka_bootstrap, client_id="test")
    yield OutboxRelay(database.url, producer, look_every_s=NEVER_S)
    producer.close()


@asynccontextmanager
async def running(relay: OutboxRelay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        await end_tasks([task])


async def test_a_message_leaves_when_it_is_committed_not_when_somebody_looks(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAKE_S", 0.0)
    async with running(relay):
        for number in (1, 2):
            await sleeping(connection)
            await announce(connection)
            await left(connection, number)


async def test_a_relay_that_lost_its_connection_hears_again(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAKE_S", 0.0)
    async with running(relay):
        lost = await sleeping(connection)
        await connection.execute("select pg_terminate_backend(%s)", (lost,))
        await announce(connection)  # while nobody listens
        await left(connection, 1)
        await sleeping(connection, other_than=lost)
        await announce(connection)
        await left(connection, 2)


async def test_of_two_transactions_at_once_one_tells_and_the_message_of_the_other_leaves_too(
    database: Database,
    connection: AsyncConnection,
    relay: OutboxRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AWAKE_S", NEVER_S)
    await connection.execute(f"listen {OUTBOX_CHANNEL}".encode())
    async with (
        running(relay),
        await AsyncConnection.connect(database.url) as first,
        await AsyncConnection.connect(database.url) as second,
    ):
        await announce(first, 2)
        await announce(second, 2)
        await first.commit()
        await left(connection, 2)
        await sleeping(connection)  # it has looked again, and found nothing of the second
        await second.commit()
        await left(connection, 4)
        told = [note async for note in connection.notifies(timeout=0)]
        assert [note.payload for note in told] == [""]


class Moments:
    """The relay's clock and its pauses, both in the test's hands; it notes its batches."""

    def __init__(self, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at_s = 0.0
        self.gathering = asyncio.Event()
        self.let = asyncio.Event()
        self.paused_s: list[float] = []
        self.batches: list[int] = []
        self._publish = relay.publish_batch
        monkeypatch.setattr(relay, "publish_batch", self._noted)
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.at_s))
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=self._pause))
        monkeypatch.setattr(module, "AWAKE_S", 0.0)

    async def _noted(self, connection: AsyncConnection[Any]) -> int:
        published = await self._publish(connection)
        self.batches += [published] if published else []
        return published

    async def _pause(self, seconds: float) -> None:
        self.paused_s.append(seconds)
        self.gathering.set()
        await self.let.wait()


async def test_what_is_announced_while_the_relay_is_busy_shares_a_batch(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = Moments(relay, monkeypatch)
    async with running(relay):
        await sleeping(connection)
        moments.at_s = 100.0
        await announce(connection)
        await left(connection, 1)
        await sleeping(connection)
        moments.at_s += module.BUSY_S * 0.99
        await announce(connection)
        await moments.gathering.wait()
        await announce(connection, 3)
        assert moments.batches == [1]
        moments.let.set()
        await left(connection, 5)
    assert moments.batches == [1, 4]
    assert {*moments.paused_s} == {module.GATHER_S}


async def test_a_lone_message_waits_for_no_others(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = Moments(relay, monkeypatch)
    async with running(relay):
        for number in (1, 2, 3):
            await sleeping(connection)
            moments.at_s += 1.0
            await announce(connection)
            await left(connection, number)
    assert (moments.batches, moments.paused_s) == ([1, 1, 1], [])


async def test_of_several_relays_one_acts(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = Moments(relay, monkeypatch)
    await announce(connection)
    await connection.execute("select pg_advisory_lock(%s)", (module._LOCK,))
    async with running(relay):
        await until_async(lambda: moments.paused_s or moments.batches, "the relay")
        assert moments.batches == [], "another one acts"
        await connection.execute("select pg_advisory_unlock(%s)", (module._LOCK,))
        moments.let.set()
        await left(connection, 1)


async def test_a_backlog_of_more_than_a_batch_is_shown_whole(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    await announce(connection, 7)
    assert await relay.publish_batch(connection) == 3
    assert OUTBOX_WAITING._value.get() == 7
    while await relay.publish_batch(connection):
        pass
    assert OUTBOX_WAITING._value.get() == 0


async def test_a_long_backlog_is_counted_no_more_often_than_the_relay_looks(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = Moments(relay, monkeypatch)
    monkeypatch.setattr(module, "BATCH", 1)
    await announce(connection, 5)
    shown = []
    for later_s in (0, NEVER_S - 1, 1):
        moments.at_s += later_s
        await relay.publish_batch(connection)
        shown.append(OUTBOX_WAITING._value.get())
    assert shown == [5, 5, 3]
