"""The relay against a real database and a real broker."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.infra import telemetry
from kuber.infra.db import Database
from kuber.infra.dead_letters import Rejected, find, replay, store_dead_letters
from kuber.infra.kafka import IncomingMessage, KafkaProducer
from kuber.infra.outbox import announce_events, outbox_values
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import OrderId, RunId, UserId, new_id
from kuber.trading.events import OrderFilled
from kuber.workers.relay import OutboxRelay
from tests.fakes.kafka import read_until

TOPIC = "audit.event"


async def announce(connection: AsyncConnection, text: str) -> None:
    event_id = new_id()
    await connection.execute(
        "insert into outbox (event_id, topic, key, payload, headers) values (%s, %s, %s, %s, %s)",
        (event_id, TOPIC, "key", Jsonb({"text": text}), Jsonb({"idempotency_key": str(event_id)})),
    )


@pytest.mark.kafka
async def test_a_message_that_kafka_never_takes_is_set_aside_and_holds_up_nothing(
    database: Database, kafka_bootstrap: str
) -> None:
    mark = f"für {new_id()}"
    producer = KafkaProducer(kafka_bootstrap, client_id="test")
    relay = OutboxRelay(database.url, producer)
    async with await AsyncConnection.connect(database.url, autocommit=True) as connection:
        for text in (f"first {mark}", "x" * 1_100_000, f"last {mark}"):
            await announce(connection, text)
        assert await relay.publish_batch(connection) == 3
        rows = await (
            await connection.execute("select length(payload::text), refusal from outbox")
        ).fetchall()
        assert [row[0] > 1_000_000 for row in rows] == [True]
        assert "too large" in rows[0][1].lower()
        assert await relay.publish_batch(connection) == 0
    producer.close()
    values = read_until(kafka_bootstrap, TOPIC, f"last {mark}".encode())
    ours = [value for value in values if mark.encode() in value]
    assert ours == [f'{{"text": "{place} {mark}"}}'.encode() for place in ("first", "last")]


async def history(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    query = "select id, at, type, service, correlation_id, user_id, data from event_history"
    return list(await (await connection.execute(f"{query} order by at, id")).fetchall())


def filled(user_id: UserId) -> OrderFilled:
    at = datetime(2026, 1, 5, 15, 0, 0, 123456, tzinfo=UTC)
    return OrderFilled(
        occurred_at=at,
        correlation_id="corr-1",
        order_id=OrderId(new_id()),
        run_id=RunId(new_id()),
        user_id=user_id,
        mode="paper",
        symbol="AAPL",
        side="buy",
        quantity=Decimal("1.5"),
        fill_id="f-1",
        execution_venue="simulation",
        fill_status="filled",
        price=Decimal("123.07"),
        commission=Decimal(0),
        filled_at=at,
    )


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def relay(database: Database, kafka_bootstrap: str) -> Iterator[OutboxRelay]:
    producer = KafkaProducer(kafka_bootstrap, client_id="test")
    yield OutboxRelay(database.url, producer)
    producer.close()


@pytest.mark.kafka
async def test_what_was_published_is_in_the_event_history(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry._PROCESS, "name", "worker")
    event = filled(UserId(new_id()))
    await announce_events(connection, [event])
    assert await history(connection) == []
    assert await relay.publish_batch(connection) == 1
    [[event_id, at, kind, service, correlation_id, user_id, data]] = await history(connection)
    assert (event_id, at, kind) == (event.event_id, event.occurred_at, "OrderFilled")
    assert (service, correlation_id, user_id) == ("worker", "corr-1", event.user_id)
    assert data == outbox_values(event)["payload"]
    assert await (await connection.execute("select 1 from outbox")).fetchall() == []


@pytest.mark.kafka
async def test_a_relay_that_died_after_it_published_neither_loses_nor_doubles_a_row(
    connection: AsyncConnection, relay: OutboxRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [filled(UserId(new_id())) for _ in range(3)]
    await announce_events(connection, events)
    with monkeypatch.context() as dying:
        # Kafka has the batch, and the connection ends with the process.
        dying.setattr("kuber.workers.relay._MOVE", "select pg_terminate_backend(%s::int)")
        with pytest.raises(psycopg.Error):
            await relay.publish_batch(connection)
    url = relay._database_url
    async with await AsyncConnection.connect(url, autocommit=True) as again:
        assert await history(again) == []
        assert await relay.publish_batch(again) == 3
        assert {row[0] for row in await history(again)} == {event.event_id for event in events}
        assert await relay.publish_batch(again) == 0


@pytest.mark.kafka
async def test_a_message_that_is_sent_again_is_no_event(
    database: Database, connection: AsyncConnection, relay: OutboxRelay, clock: FixedClock
) -> None:
    message = IncomingMessage(TOPIC, 0, 7, 1, b"key", b"not JSON", {})
    async with connection.transaction():
        await store_dead_letters(
            connection, clock, "dispatcher", [Rejected(message, "not_json", "None.")]
        )
    assert await relay.publish_batch(connection) == 1
    [announced] = await history(connection)
    assert (announced[2], announced[5]) == ("DeadLetter", None)
    assert announced[6]["reason"] == "not_json"
    assert "payload" not in announced[6], "what a stranger wrote is where dead letters are"
    async with database.transaction() as session:
        letter = await find(session, announced[0])
        assert letter is not None
        await replay(session, clock, letter)
    assert await relay.publish_batch(connection) == 1
    assert await history(connection) == [announced]
    assert await (await connection.execute("select 1 from outbox")).fetchall() == []


@pytest.mark.kafka
@pytest.mark.parametrize(
    "payload",
    [{}, {"user_id": "nobody", "occurred_at": "then"}, {"user_id": None, "occurred_at": None}],
)
async def test_whatever_a_payload_holds_it_leaves_the_outbox(
    connection: AsyncConnection, relay: OutboxRelay, payload: Any
) -> None:
    event_id = new_id()
    headers = {"type": "T" * 99, "service": "s" * 99, "correlation_id": "c" * 200}
    await connection.execute(
        "insert into outbox (event_id, topic, key, payload, headers) values (%s, %s, %s, %s, %s)",
        (event_id, TOPIC, "key", Jsonb(payload), Jsonb(headers)),
    )
    assert await relay.publish_batch(connection) == 1
    [row] = await history(connection)
    assert (row[0], row[5], row[6]) == (event_id, None, payload)
    assert [len(row[place]) for place in (2, 3, 4)] == [60, 60, 100]
