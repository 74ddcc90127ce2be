"""What was sent and not recorded yet: whose place the relay notes, and what it sends again.

A row is sent again when the cluster has lost it, or when its consumer has gone past it without
recording it. While the cluster holds it and the consumer has yet to come to it, it waits, however
long: a slow or absent consumer makes no message come twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from psycopg import AsyncConnection

from kuber.infra.kafka import Position
from kuber.infra.kafka_offsets import Extent
from kuber.infra.telemetry import OUTBOX_RESENT, OUTBOX_UNCONFIRMED, OUTBOX_UNCONFIRMED_AGE_S

log = structlog.get_logger(__name__)

FIRST_PATIENCE_S = 5
LONGEST_PATIENCE_S = 3600
"""A message that is passed over is sent again after 5 s, then 10 s, and so on up to an hour."""

# Rows are locked in the order of their ids, as the consumer locks those that it confirms.
_MARK = """
    with sent as (
      select o.id, s.partition, s.message_offset
      from unnest(%(ids)s::bigint[], %(partitions)s::int[], %(offsets)s::bigint[])
        as s(id, partition, message_offset)
      join outbox o on o.id = s.id
      order by o.id for update of o
    )
    update outbox o
    set sent_at = now(), sent_partition = sent.partition, sent_offset = sent.message_offset,
        times_sent = o.times_sent + 1,
        send_again_at = now() + make_interval(
          secs => least(%(longest)s, %(first)s * 2 ^ least(o.times_sent, 20)))
    from sent where o.id = sent.id
"""
_AGAIN = """
    update outbox set sent_at = null, sent_partition = null, sent_offset = null
    where id in (
      select id from outbox where sent_at is not null and topic = %(topic)s and {lost}
      order by id for update skip locked)
"""
_LOST_BY_THE_CLUSTER = _AGAIN.format(
    lost="sent_partition = any(%(partitions)s) and not (id = any(%(except)s))"
)
_PASSED_OVER = _AGAIN.format(
    lost="""send_again_at <= now() and (sent_partition is null or exists (
        select from unnest(%(partitions)s::int[], %(passed)s::bigint[]) as p(partition, passed)
        where p.partition = sent_partition and sent_offset < p.passed))"""
)
_NEWEST = """
    select sent_partition, max(sent_offset) from outbox
    where sent_at is not null and topic = %s and sent_partition is not null group by 1
"""
_COUNT = """
    select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)
    from outbox where sent_at is not null
"""


class Unconfirmed:
    """The sent rows of one topic, on the relay's connection."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._newest: dict[int, int] = {}

    async def load(self, connection: AsyncConnection[Any]) -> None:
        """Learn how far each partition is known to have come."""
        rows = await (await connection.execute(_NEWEST, (self._topic,))).fetchall()
        self._newest = dict(rows)

    async def mark(
        self,
        connection: AsyncConnection[Any],
        ids: Sequence[int],
        positions: Sequence[Position | None],
    ) -> None:
        """Note that the cluster has these rows, in their order, and where.

        A partition that begins again below what it was known to hold was lost: all that was sent to
        it before is sent again.
        """
        values = {
            "ids": list(ids),
            "partitions": [position and position.partition for position in positions],
            "offsets": [position and position.offset for position in positions],
            "first": FIRST_PATIENCE_S,
            "longest": LONGEST_PATIENCE_S,
        }
        await connection.execute(_MARK, values)
        lost = set()
        for partition, offset in filter(None, positions):
            if offset <= self._newest.get(partition, -1):
                lost.add(partition)
            self._newest[partition] = offset
        if lost:
            await self._send_again(connection, lost, ids)

    async def look_after(
        self, connection: AsyncConnection[Any], extents: Mapping[int, Extent]
    ) -> int:
        """Let what will not be read any more be sent again; return how many rows that are."""
        lost = {
            partition
            for partition, extent in extents.items()
            if self._newest.get(partition, -1) >= extent.high
        }
        count = await self._send_again(connection, lost, ()) if lost else 0
        values = {
            "topic": self._topic,
            "partitions": list(extents),
            "passed": [extent.passed for extent in extents.values()],
        }
        passed = (await connection.execute(_PASSED_OVER, values)).rowcount
        self._tell("passed over", passed)
        return count + passed

    async def _send_again(
        self, connection: AsyncConnection[Any], partitions: set[int], but: Sequence[int]
    ) -> int:
        values = {"topic": self._topic, "partitions": list(partitions), "except": list(but)}
        count = (await connection.execute(_LOST_BY_THE_CLUSTER, values)).rowcount
        if not but:
            for partition in partitions:
                del self._newest[partition]
        self._tell("lost by the cluster", count)
        return count

    def _tell(self, reason: str, count: int) -> None:
        if count:
            OUTBOX_RESENT.labels(self._topic).inc(count)
            log.warning("outbox_sent_again", topic=self._topic, reason=reason, messages=count)


async def count_unconfirmed(connection: AsyncConnection[Any]) -> int:
    """Return how many rows are sent and not recorded, and set the figures."""
    row = await (await connection.execute(_COUNT)).fetchone()
    assert row is not None, "an aggregate has one row"
    OUTBOX_UNCONFIRMED.set(row[0])
    OUTBOX_UNCONFIRMED_AGE_S.set(float(row[1]))
    return int(row[0])
