"""The outbox relay: publishes what transactions announced, in order, at least once."""

import asyncio
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

from kuber.infra.kafka import KafkaProducer, KafkaUnavailable, MessagesRefused, OutgoingMessage
from kuber.infra.telemetry import OUTBOX_PUBLISHED, OUTBOX_REFUSED, OUTBOX_WAITING

log = structlog.get_logger(__name__)

BATCH = 500
IDLE_S = 0.05
_LOCK = 0x6B75626572
"""Advisory lock: one relay acts, however many run, so that keys keep their order."""
_NEXT = """
    select id, topic, key, payload::text, headers from outbox
    where refused_at is null order by id limit %s
"""
_SET_ASIDE = "update outbox set refused_at = now(), refusal = %s where id = %s"


class OutboxRelay:
    """Moves rows of the outbox to Kafka until it is cancelled."""

    def __init__(self, database_url: str, producer: KafkaProducer) -> None:
        self._database_url = database_url
        self._producer = producer

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
            while True:
                if not await self.publish_batch(connection):
                    await asyncio.sleep(IDLE_S)

    async def publish_batch(self, connection: AsyncConnection[Any]) -> int:
        """Publish and delete the oldest rows; return how many. Raises KafkaUnavailable.

        Rows that Kafka will never take are set aside with the reason; they hold up nothing.
        """
        rows = await (await connection.execute(_NEXT, (BATCH,))).fetchall()
        OUTBOX_WAITING.set(len(rows))
        if not rows:
            return 0
        refused = await self._send([_message(row) for row in rows])
        sent = [row for place, row in enumerate(rows) if place not in refused]
        await connection.execute("delete from outbox where id = any(%s)", ([r[0] for r in sent],))
        for row in sent:
            OUTBOX_PUBLISHED.labels(row[1]).inc()
        for place, reason in refused.items():
            await _set_aside(connection, rows[place], reason)
        return len(rows)

    async def _send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, str]:
        """Publish what can be; return why the others cannot, by their places."""
        try:
            await self._producer.publish(messages)
        except MessagesRefused as error:
            places = sorted(error.reasons)
        else:
            return {}
        refused = {}
        for place in places:  # each alone: a batch may be refused although each part would do
            try:
                await self._producer.publish([messages[place]])
            except MessagesRefused as error:
                refused[place] = error.reasons[0]
        return refused


async def _locked(connection: AsyncConnection[Any]) -> bool:
    row = await (await connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
    return bool(row and row[0])


async def _set_aside(connection: AsyncConnection[Any], row: tuple[Any, ...], reason: str) -> None:
    row_id, topic, key, payload, headers = row
    await connection.execute(_SET_ASIDE, (reason, row_id))
    OUTBOX_REFUSED.labels(topic).inc()
    log.error(
        "outbox_message_refused",
        outbox_id=row_id,
        topic=topic,
        key=key,
        event_id=headers.get("idempotency_key"),
        size_bytes=len(payload.encode()),
        reason=reason,
    )


def _message(row: tuple[Any, ...]) -> OutgoingMessage:
    """Return a row as a message; its JSON goes out as PostgreSQL writes it, in UTF-8."""
    _, topic, key, payload, headers = row
    return OutgoingMessage(topic, key.encode(), payload.encode(), headers)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("relay_interrupted", attempt=state.attempt_number, reason=str(error))
