"""The outbox relay: publishes what transactions announced, in order, at least once."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_exponential,
)

from kuber.audit.waiting import watch as watch_record
from kuber.infra.headers import event_id_of
from kuber.infra.history import MOVE_TO_HISTORY
from kuber.infra.kafka import (
    CONFIRMED_BY,
    KafkaProducer,
    KafkaUnavailable,
    MessagesRefused,
    OutgoingMessage,
    Position,
)
from kuber.infra.kafka_offsets import TopicOffsets
from kuber.infra.outbox import COUNT_UNSENT, NEXT_UNSENT, OUTBOX_CHANNEL, SET_ASIDE
from kuber.infra.telemetry import OUTBOX_PUBLISHED, OUTBOX_REFUSED, OUTBOX_WAITING
from kuber.infra.unconfirmed import Unconfirmed, count_unconfirmed

log = structlog.get_logger(__name__)

BATCH = 500
SOON_S = 0.05
AWAKE_S = 1.0
"""For so long after it published something the relay looks again soon: of transactions that
announce at the same moment only one tells of it."""
BUSY_S, GATHER_S = 0.02, 0.008
"""Told again within `BUSY_S` after it published something, the relay waits for `GATHER_S`: many
transactions that announce one after the other share a batch, and a lone one waits for nothing."""
LOOK_EVERY_S = 2.0
"""How often the relay looks for itself: for rows that nobody told of, whether Kafka still has what
nobody has recorded, and how many rows wait."""
_LOCK = 0x6B75626572
"""Advisory lock: one relay acts, however many run, so that keys keep their order."""
_MOVE = MOVE_TO_HISTORY.format(which="id = any(%s)")


class OutboxRelay:
    """Moves rows of the outbox to Kafka until it is cancelled.

    PostgreSQL tells it of each transaction that announced something; `look_every_s` is how often
    it looks without being told.
    """

    def __init__(
        self,
        database_url: str,
        producer: KafkaProducer,
        offsets: Sequence[TopicOffsets] = (),
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._database_url = database_url
        self._producer = producer
        self._offsets = offsets
        self._look_every_s = look_every_s
        self._counted_at_s = -math.inf
        self._unconfirmed = {topic: Unconfirmed(topic) for topic in CONFIRMED_BY}

    async def run(self) -> None:
        """Publish for ever; waits out PostgreSQL's and Kafka's absence with backoff."""
        retrying = AsyncRetrying(
            wait=wait_exponential(multiplier=0.5, max=10),
            retry=retry_if_exception_type((psycopg.Error, KafkaUnavailable, OSError)),
            before_sleep=_log_retry,
        )
        while True:
            async for attempt in retrying:
                with attempt:
                    await self._relay()

    async def _relay(self) -> None:
        async with await AsyncConnection.connect(
            self._database_url, autocommit=True, application_name="kuber-relay", connect_timeout=5
        ) as connection:
            while not await _locked(connection):  # noqa: ASYNC110  another process holds it
                await asyncio.sleep(2)
            log.info("relay_active")
            for unconfirmed in self._unconfirmed.values():
                await unconfirmed.load(connection)
            await connection.execute(f"listen {OUTBOX_CHANNEL}")  # before the first look
            looked_at_s = published_at_s = time.monotonic()
            while True:
                if look := time.monotonic() - looked_at_s >= self._look_every_s:
                    await watch_record(connection)  # before Kafka, which may be away
                    looked_at_s = time.monotonic()
                published = await self.publish_batch(connection)
                if look:
                    await self.look_after(connection)  # what is to be sent again is sent at once
                if published:
                    published_at_s = time.monotonic()
                elif not look:
                    awake = time.monotonic() - published_at_s < AWAKE_S
                    await _told(connection, SOON_S if awake else self._look_every_s)
                    if time.monotonic() - published_at_s < BUSY_S:
                        await asyncio.sleep(GATHER_S)

    async def publish_batch(self, connection: AsyncConnection[Any]) -> int:
        """Publish the oldest rows; return how many. Raises KafkaUnavailable.

        Rows that a consumer confirms are marked as sent, others moved into the event history. Rows
        that Kafka will never take are set aside with the reason; they hold up nothing.
        """
        rows = await (await connection.execute(NEXT_UNSENT, (BATCH,))).fetchall()
        await self._show_waiting(connection, len(rows))
        if not rows:
            return 0
        taken, refused = await self._send([_message(row) for row in rows])
        sent = [place for place in range(len(rows)) if place not in refused]
        done = [rows[place][0] for place in sent if rows[place][1] not in self._unconfirmed]
        if done:
            await connection.execute(_MOVE, (done,))
        for topic, unconfirmed in self._unconfirmed.items():
            if ours := [place for place in sent if rows[place][1] == topic]:
                ids = [rows[place][0] for place in ours]
                await unconfirmed.mark(connection, ids, [taken.get(place) for place in ours])
        for place in sent:
            OUTBOX_PUBLISHED.labels(rows[place][1]).inc()
        for place, reason in refused.items():
            await _set_aside(connection, rows[place], reason)
        return len(rows)

    async def _show_waiting(self, connection: AsyncConnection[Any], seen: int) -> None:
        """Tell the metrics how many rows wait: `seen`, or counted when those are only the first."""
        if seen < BATCH:
            OUTBOX_WAITING.set(seen)
        elif time.monotonic() - self._counted_at_s >= self._look_every_s:
            row = await (await connection.execute(COUNT_UNSENT)).fetchone()
            assert row is not None, "a count is one row"
            OUTBOX_WAITING.set(row[0])
            self._counted_at_s = time.monotonic()

    async def look_after(self, connection: AsyncConnection[Any]) -> None:
        """Let what Kafka has lost or a consumer passed over be sent again."""
        if not await count_unconfirmed(connection):
            return
        for offsets in self._offsets:
            try:
                extents = await offsets.read()
            except KafkaUnavailable as error:
                log.warning("offsets_not_read", topic=offsets.topic, reason=str(error))
                continue
            await self._unconfirmed[offsets.topic].look_after(connection, extents)

    async def _send(
        self, messages: Sequence[OutgoingMessage]
    ) -> tuple[Mapping[int, Position], Mapping[int, str]]:
        """Publish what can be; return where that stands and why the others cannot, by place."""
        try:
            return await self._producer.publish(messages), {}
        except MessagesRefused as error:
            places, taken = sorted(error.reasons), dict(error.taken)
        refused = {}
        for place in places:  # each alone: a batch may be refused although each part would do
            try:
                stands = await self._producer.publish([messages[place]])
            except MessagesRefused as error:
                refused[place] = error.reasons[0]
            else:
                if 0 in stands:
                    taken[place] = stands[0]
        return taken, refused


async def _told(connection: AsyncConnection[Any], within_s: float) -> None:
    """Return when PostgreSQL has told of new rows, or after `within_s`; what it told meanwhile
    counts."""
    async for _ in connection.notifies(timeout=within_s, stop_after=1):
        pass


async def _locked(connection: AsyncConnection[Any]) -> bool:
    row = await (await connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
    return bool(row and row[0])


async def _set_aside(connection: AsyncConnection[Any], row: tuple[Any, ...], reason: str) -> None:
    row_id, topic, key, payload, headers, _, letter = row
    await connection.execute(SET_ASIDE, (reason, row_id))
    OUTBOX_REFUSED.labels(topic).inc()
    event_id = event_id_of(headers)
    log.error(
        "outbox_message_refused",
        outbox_id=row_id,
        topic=topic,
        key=key,
        event_id=str(event_id) if event_id else None,
        size_bytes=len(payload.encode() if letter is None else letter),
        reason=reason,
    )


def _message(row: tuple[Any, ...]) -> OutgoingMessage:
    """Return a row as a message; its JSON goes out as PostgreSQL writes it, in UTF-8.

    A dead letter goes out as it came in.
    """
    _, topic, key, payload, headers, letter_key, letter = row
    if letter is not None:
        return OutgoingMessage(topic, bytes(letter_key or b""), bytes(letter), headers)
    return OutgoingMessage(topic, key.encode(), payload.encode(), headers)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("relay_interrupted", attempt=state.attempt_number, reason=str(error))
