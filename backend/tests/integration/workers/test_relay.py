"""The relay against a real database and a real broker."""

import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProducer
from kuber.kernel.ids import new_id
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
