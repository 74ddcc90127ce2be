"""Consumes a topic: hands on batches, retries, puts away what cannot be used, then commits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from psycopg import Error as DatabaseError

from kuber.infra.db import RawPool
from kuber.infra.dead_letters import Rejected, store_dead_letters
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka import IncomingMessage, KafkaUnavailable
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.outages import database_away
from kuber.infra.telemetry import DEAD_LETTERS, MESSAGES_CONSUMED
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import Clock

log = structlog.get_logger(__name__)

Handler = Callable[[Sequence[IncomingMessage]], Awaitable[Sequence[Rejected]]]
"""Does everything a batch asks for, and returns the messages it cannot use.

It raises when the batch as a whole could not be done, and may be given any of it again.
"""

_IDLE_POLL_S = 0.5
_KEEP_ALIVE_EVERY_S = 1.0
"""How often the group hears of a member that is at work on a batch."""

_BACKOFF = Backoff(first_s=1, longest_s=60)


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """`in_flight` is the most messages taken at once; `backoff` the pauses between attempts."""

    name: str
    in_flight: int = 100
    attempts: int = 5
    backoff: Backoff = _BACKOFF


class MessageLoop:
    """Carries messages from a consumer to a handler, each at least once."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        handler: Handler,
        pool: RawPool,
        clock: Clock,
        options: ConsumerOptions,
        progress: Progress | None = None,
    ) -> None:
        self._consumer = consumer
        self._handler = handler
        self._pool = pool
        self._clock = clock
        self._options = options
        self._progress = progress or Progress()
        self.handled = 0
        self.rejected = 0
        self.undecodable = 0

    @property
    def problem(self) -> str | None:
        """What keeps messages from coming, in the words of Kafka's library."""
        return self._consumer.problem

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            try:
                batch = await self._consumer.poll(self._options.in_flight, _IDLE_POLL_S)
            except KafkaUnavailable as error:
                log.warning("kafka_unavailable", consumer=self._options.name, reason=str(error))
                self._progress.wait_for("Kafka")
                await asyncio.sleep(self._options.backoff.pause_s(1))
                continue
            if batch:
                await self.take(batch)
            elif self._consumer.reachable and self._consumer.problem is None:
                self._progress.made()
            else:
                self._progress.wait_for("Kafka")

    async def take(self, batch: Sequence[IncomingMessage]) -> None:
        """Do `batch` whatever it takes and commit it; the group hears of this member meanwhile."""
        alive = asyncio.create_task(self._keep_alive())
        try:
            try:
                rejected = await self._patiently(batch)
            except Exception as error:  # noqa: BLE001  the message that is to blame is looked for
                log.warning("batch_failed", consumer=self._options.name, reason=repr(error))
                for message in batch:
                    await self._finish([message], await self._one_by_one(message))
            else:
                await self._finish(batch, rejected)
        finally:
            alive.cancel()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE_EVERY_S)
            await self._consumer.keep_alive()

    async def _finish(
        self, messages: Sequence[IncomingMessage], rejected: Sequence[Rejected]
    ) -> None:
        """Put away what was rejected, then commit."""
        if rejected:
            await self._store_dead_letters(rejected)
        self.handled += len(messages)
        MESSAGES_CONSUMED.labels(self._options.name).inc(len(messages))
        try:
            await self._consumer.commit(messages)
        except KafkaUnavailable as error:  # they come again, and are known then
            log.warning("offsets_not_committed", consumer=self._options.name, reason=str(error))

    async def _patiently(self, batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        """Handle what of `batch` could be read, waiting out the absence of the services it needs;
        return what it rejects and what could not be read."""
        attempt = 1
        readable = [message for message in batch if message.undecodable is None]
        while True:
            try:
                rejected = await self._handler(readable) if readable else []
                self._progress.made()
                return [*filter(None, map(_undecodable, batch)), *rejected]
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("waiting", consumer=self._options.name, reason=str(error))
                self._progress.wait_for(_absent(error))
                await asyncio.sleep(self._options.backoff.pause_s(attempt))
                attempt += 1

    async def _one_by_one(self, message: IncomingMessage) -> Sequence[Rejected]:
        """Handle one message of a batch that failed; give it up after all attempts."""
        for attempt in range(1, self._options.attempts + 1):
            try:
                return await self._patiently([message])
            except Exception as error:
                log.exception("message_failed", consumer=self._options.name, attempt=attempt)
                if attempt == self._options.attempts:
                    self._progress.made()
                    detail = f"{type(error).__name__}: {error}"
                    return [Rejected(message, "failed", detail, attempt)]
                await asyncio.sleep(self._options.backoff.pause_s(attempt))
        raise AssertionError("the last attempt returns")

    async def _store_dead_letters(self, rejected: Sequence[Rejected]) -> None:
        attempt = 1
        while True:
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    await store_dead_letters(connection, self._clock, self._options.name, rejected)
                break
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("dead_letters_wait", reason=str(error))
                self._progress.wait_for("PostgreSQL")
                await asyncio.sleep(self._options.backoff.pause_s(attempt))
                attempt += 1
        self.rejected += len(rejected)
        self.undecodable += sum(item.message.undecodable is not None for item in rejected)
        for item in rejected:
            DEAD_LETTERS.labels(self._options.name, item.reason).inc()
            log.warning("message_put_away", consumer=self._options.name, reason=item.reason)


def _undecodable(message: IncomingMessage) -> Rejected | None:
    found = message.undecodable
    if found is None:
        return None
    places = f"Offset {message.offset}"
    if found.last_offset > message.offset:
        places = f"Offsets {message.offset} to {found.last_offset}"
    return Rejected(message, "undecodable", f"{places} of the topic cannot be read: {found.why}")


def is_outage(error: Exception) -> bool:
    """Say whether somebody else is away for a while: waited out, never held against a message."""
    return database_away(error) or isinstance(error, OSError)


def _absent(error: Exception) -> str:
    """Return the name of the server that is away, for people."""
    return "PostgreSQL" if isinstance(error, DatabaseError) else "another server"
