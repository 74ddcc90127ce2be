"""Where each message of a batch stands in Kafka is what the relay notes of its row."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProducer, MessagesRefused, OutgoingMessage, Position
from kuber.kernel.ids import new_id
from kuber.workers.relay import OutboxRelay

CONFIRMED, OTHER = "signals.raw", "audit.event"
BAD, LARGE = "bad", "large"


class Cluster:
    """Takes every message but those with the key BAD, and LARGE ones only alone."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Position]:
        taken, refused = dict[int, Position](), dict[int, str]()
        for place, message in enumerate(messages):
            key = str(message.key, "utf-8")
            if key == BAD or (key == LARGE and len(messages) > 1):
                refused[place] = f"{key} in {len(messages)}"
            else:
                taken[place] = Position(len(self.keys) % 3, 100 + len(self.keys))
                self.keys.append(key)
        if refused:
            raise MessagesRefused(refused, taken)
        return taken


@pytest.mark.parametrize(
    "rows",
    [
        [(CONFIRMED, "a"), (CONFIRMED, "b"), (CONFIRMED, "c")],
        [(OTHER, "x"), (CONFIRMED, "a"), (OTHER, "y"), (CONFIRMED, "b")],
        [(CONFIRMED, "a"), (CONFIRMED, LARGE), (CONFIRMED, BAD), (CONFIRMED, "b")],
        [(OTHER, LARGE), (CONFIRMED, BAD), (OTHER, BAD), (CONFIRMED, LARGE), (OTHER, "x")],
    ],
    ids=["confirmed", "mixed", "refused", "mixed and refused"],
)
async def test_each_row_is_noted_where_its_own_message_stands(
    database: Database, rows: list[tuple[str, str]]
) -> None:
    cluster = Cluster()
    relay = OutboxRelay(database.url, cast(KafkaProducer, cluster))
    async with await AsyncConnection.connect(database.url, autocommit=True) as connection:
        for topic, key in rows:
            await connection.execute(
                "insert into outbox (event_id, topic, key, payload, headers)"
                " values (%s, %s, %s, %s, %s)",
                (new_id(), topic, key, Jsonb({}), Jsonb({})),
            )
        assert await relay.publish_batch(connection) == len(rows)
        left = await found(
            connection,
            "select topic, key, sent_partition, sent_offset, refusal from outbox order by id",
        )
        moved = await found(connection, "select 1 from event_history")
        assert await relay.publish_batch(connection) == 0
    numbers = {key: number for number, key in enumerate(cluster.keys)}
    assert left == [
        (topic, key, None, None, f"{BAD} in 1")
        if key == BAD
        else (topic, key, numbers[key] % 3, 100 + numbers[key], None)
        for topic, key in rows
        if key == BAD or topic == CONFIRMED
    ]
    assert len(left) + len(moved) == len(rows)
    assert sorted(cluster.keys) == sorted(key for _, key in rows if key != BAD)


async def found(connection: AsyncConnection, query: str) -> list[tuple[Any, ...]]:
    return list(await (await connection.execute(query.encode())).fetchall())
