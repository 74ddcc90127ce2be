"""What was accepted is kept until it is recorded: relay, a broker that forgets, dispatcher."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.infra.kafka import CONFIRMED_BY, KafkaProducer
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.kafka_offsets import TopicOffsets
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import new_id
from kuber.signals.index import SubscriptionIndex
from kuber.workers.consumer import ConsumerOptions, MessageLoop
from kuber.workers.relay import OutboxRelay
from tests.fakes.dispatchers import new_dispatcher
from tests.fakes.kafka import new_broker, own_broker, signal
from tests.fixtures.waiting import until_async
from tests.integration.signals.test_signal_outages import Restarted

MANY = 30
TOPIC = "signals.raw"
GROUP = CONFIRMED_BY[TOPIC]
Connection = AsyncConnection[TupleRow]


async def accept(connection: Connection, count: int, **wrong: Any) -> list[UUID]:
    """Accept signals as the gateway does; return their ids."""
    ids = [new_id() for _ in range(count)]
    for number, signal_id in enumerate(ids):
        event_id = new_id()
        content = signal(("AAPL", "MSFT", "GOOG")[number % 3], signal_id=str(signal_id), **wrong)
        await connection.execute(
            "insert into outbox (event_id, topic, key, payload, headers)"
            " values (%s, %s, %s, %s, %s)",
            (
                event_id,
                TOPIC,
                content["tickers"][0]["ticker"],
                Jsonb(content),
                Jsonb({"idempotency_key": str(event_id), "schema_version": "1"}),
            ),
        )
    return ids


async def rows(connection: Connection, query: str) -> list[TupleRow]:
    return await (await connection.execute(query)).fetchall()


async def recorded(connection: Connection) -> set[UUID]:
    return {row[0] for row in await rows(connection, "select id from signals")}


async def waiting(connection: Connection) -> int:
    [[count]] = await rows(connection, f"select count(*) from outbox where topic = '{TOPIC}'")
    return int(count)


@asynccontextmanager
async def relay_on(bootstrap: str, database: Database) -> AsyncIterator[OutboxRelay]:
    producer = KafkaProducer(bootstrap, client_id="test")
    offsets = TopicOffsets(bootstrap, TOPIC, GROUP)
    yield OutboxRelay(database.url, producer, [offsets])
    producer.close()
    offsets.close()


@asynccontextmanager
async def dispatching(bootstrap: str, pool: RawPool) -> AsyncIterator[None]:
    """Let a dispatcher consume, as its service does."""
    consumer = KafkaConsumer(bootstrap, group=GROUP, topics=[TOPIC])
    dispatcher = new_dispatcher(pool, SubscriptionIndex(()))
    options = ConsumerOptions("dispatcher", backoff=Backoff(0.1, 60))
    loop = MessageLoop(consumer, dispatcher.handle, pool, SystemClock(), options)
    running = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await consumer.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with await AsyncConnection.connect(database.url, autocommit=True) as opened:
        yield opened


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[RawPool]:
    opened = raw_pool(database.url, size=3, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


async def high(bootstrap: str) -> int:
    """Return how many messages the topic ever had."""
    offsets = TopicOffsets(bootstrap, TOPIC, "somebody else")
    extents = await offsets.read()
    offsets.close()
    return sum(extent.high for extent in extents.values())


async def test_signals_that_a_broker_forgot_before_they_were_read_are_recorded_once_each(
    tmp_path: Path, database: Database, connection: Connection, pool: RawPool
) -> None:
    broker = new_broker(tmp_path)
    server = Restarted(broker.make)
    server.start()
    async with relay_on(broker.bootstrap, database) as relay:
        accepted = await accept(connection, MANY)
        assert await relay.publish_batch(connection) == MANY
        assert await relay.publish_batch(connection) == 0, "what was sent is not sent again"
        server.kill()
        server.start()
        running = asyncio.create_task(relay.run())
        async with dispatching(broker.bootstrap, pool):
            await until_async(lambda: _all_recorded(connection, accepted), "all signals")
            await until_async(lambda: _none_waiting(connection), "an empty outbox")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await recorded(connection) == set(accepted)
    assert await rows(connection, "select 1 from dead_letters") == []
    server.kill()


async def test_signals_that_come_first_after_a_loss_bring_back_those_before_them(
    tmp_path: Path, database: Database, connection: Connection
) -> None:
    broker = new_broker(tmp_path)
    server = Restarted(broker.make)
    server.start()
    async with relay_on(broker.bootstrap, database) as relay:
        await accept(connection, MANY)
        await relay.publish_batch(connection)
        server.kill()
        server.start()
        # So many that no partition ends below where it was: only where they stand tells of it.
        await accept(connection, 2 * MANY)
        await until_async(lambda: _published(relay, connection), "the second sending")
        assert await rows(connection, "select count(*) from outbox where sent_at is null") == [
            (MANY,)
        ]
    server.kill()


@pytest.mark.kafka
async def test_a_slow_dispatcher_makes_no_message_come_twice(
    tmp_path: Path, database: Database, connection: Connection, pool: RawPool
) -> None:
    with own_broker(tmp_path) as bootstrap:
        async with relay_on(bootstrap, database) as relay:
            accepted = await accept(connection, MANY)
            await relay.publish_batch(connection)
            await connection.execute("update outbox set send_again_at = now() - interval '9 days'")
            for _ in range(3):
                await relay.look_after(connection)
                assert await relay.publish_batch(connection) == 0
            assert (await high(bootstrap), await waiting(connection)) == (MANY, MANY)
            async with dispatching(bootstrap, pool):
                await until_async(lambda: _none_waiting(connection), "an empty outbox")
            assert await recorded(connection) == set(accepted)


@pytest.mark.kafka
async def test_a_signal_is_in_the_event_history_once_it_is_recorded(
    tmp_path: Path, database: Database, connection: Connection, pool: RawPool
) -> None:
    past = f"select data->>'signal_id' from event_history where type = '{TOPIC}'"
    with own_broker(tmp_path) as bootstrap:
        async with relay_on(bootstrap, database) as relay:
            accepted = await accept(connection, MANY)
            await relay.publish_batch(connection)
            assert await rows(connection, past) == []
            async with dispatching(bootstrap, pool):
                await until_async(lambda: _none_waiting(connection), "an empty outbox")
    assert sorted(row[0] for row in await rows(connection, past)) == sorted(map(str, accepted))


@pytest.mark.kafka
async def test_what_the_group_has_passed_without_recording_is_sent_again_when_it_is_due(
    tmp_path: Path, database: Database, connection: Connection
) -> None:
    with own_broker(tmp_path) as bootstrap:
        async with relay_on(bootstrap, database) as relay:
            await accept(connection, MANY)
            await relay.publish_batch(connection)
            await _pass_over(bootstrap)
            await relay.look_after(connection)
            assert await relay.publish_batch(connection) == 0, "not due yet"
            await connection.execute("update outbox set send_again_at = now()")
            await until_async(lambda: _resent(relay, connection), "the second sending")
            [[later, times]] = await rows(
                connection,
                "select min(send_again_at - sent_at), min(times_sent) from outbox",
            )
            assert (later.total_seconds(), times) == (10, 2), "and the next time later"


@pytest.mark.kafka
async def test_a_dead_letter_confirms_its_signal_and_one_that_was_sent_twice_is_one(
    tmp_path: Path, database: Database, connection: Connection, pool: RawPool
) -> None:
    with own_broker(tmp_path) as bootstrap:
        async with relay_on(bootstrap, database) as relay:
            await accept(connection, 1, signal_type="moon_phase")
            await relay.publish_batch(connection)
            await connection.execute("update outbox set sent_at = null")
            await relay.publish_batch(connection)
            async with dispatching(bootstrap, pool):
                await until_async(lambda: _none_waiting(connection), "an empty outbox")
                await accept(connection, 1)
                await relay.publish_batch(connection)
                await until_async(lambda: _none_waiting(connection), "an empty outbox")
            assert await rows(connection, "select reason from dead_letters") == [
                ("unknown_signal_type",)
            ]


async def _all_recorded(connection: Connection, accepted: list[UUID]) -> bool:
    return await recorded(connection) >= set(accepted)


async def _none_waiting(connection: Connection) -> bool:
    return await waiting(connection) == 0


async def _published(relay: OutboxRelay, connection: Connection) -> bool:
    return await relay.publish_batch(connection) == 2 * MANY


async def _resent(relay: OutboxRelay, connection: Connection) -> bool:
    await relay.look_after(connection)
    return await relay.publish_batch(connection) == MANY


async def _pass_over(bootstrap: str) -> None:
    """Commit all messages in the dispatcher's name and record none."""
    consumer = KafkaConsumer(bootstrap, group=GROUP, topics=[TOPIC])
    seen = 0
    while seen < MANY:
        messages = await consumer.poll(MANY, 1)
        assert all(json.loads(message.value) for message in messages)
        if messages:
            await consumer.commit(messages)
        seen += len(messages)
    await consumer.close()
