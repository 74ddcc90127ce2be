"""Kafka: a thin module over confluent-kafka, its only home."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

TOPICS = (
    "signals.raw",
    "signals.normalized",
    "decisions.order_intent",
    "executions.fill",
    "executions.reconcile",
    "market.quotes",
    "audit.event",
)
"""Every topic of the platform; dead letters have a topic per consumer besides."""


CONSUMERS = ("dispatcher",)
"""Everything that consumes; each has a topic for its dead letters."""


def dead_letter_topic(consumer: str) -> str:
    """Return the topic of a consumer's dead letters."""
    return f"{consumer}.dead-letter"


ALL_TOPICS = (*TOPICS, *map(dead_letter_topic, CONSUMERS))
PARTITIONS = 12
"""Partitions of each topic that Kuber creates: the most consumers that can share one."""


class KafkaUnavailable(Exception):
    """The cluster did not take a message in time; the message may be sent again."""


class MessagesRefused(Exception):
    """Messages that will never be taken, however often they are sent; the rest of the batch was.

    `reasons` tells why, by the message's place in the batch.
    """

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(f"message {place}: {reasons[place]}" for place in reasons))


_FINAL = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError._INVALID_ARG,
    }
)
"""Refusals of one message that waiting does not mend."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to publish: bytes ready for the wire."""

    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, str]


class KafkaProducer:
    """Idempotent producer with `acks=all`; `publish` returns once the cluster has the batch."""

    def __init__(self, bootstrap: str, *, client_id: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": client_id,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 2,
                "message.timeout.ms": 10_000,
                "compression.type": "lz4",
            }
        )

    async def publish(self, messages: Sequence[OutgoingMessage], timeout_s: float = 15.0) -> None:
        """Send `messages` in order.

        Raises KafkaUnavailable when any was not acknowledged and all may be sent again,
        MessagesRefused when the cluster has all but some that it will never take.
        """
        await asyncio.to_thread(self._publish, messages, timeout_s)

    def _publish(self, messages: Sequence[OutgoingMessage], timeout_s: float) -> None:
        failures: list[str] = []
        refused: dict[int, str] = {}

        def note(place: int, error: KafkaError | None, _message: Message | None) -> None:
            if error is not None and error.code() in _FINAL:
                refused[place] = str(error)
            elif error is not None:
                failures.append(str(error))

        for place, message in enumerate(messages):
            try:
                self._produce(message, partial(note, place))
            except KafkaException as error:
                if error.args[0].fatal():
                    raise  # this producer will never send again: the process begins anew
                note(place, error.args[0], None)
            except BufferError as error:  # its queue is full of what the cluster does not take
                failures.append(str(error))
                break
        left = self._producer.flush(timeout_s)
        if left or failures:
            raise KafkaUnavailable(failures[0] if failures else f"{left} messages unacknowledged")
        if refused:
            raise MessagesRefused(refused)

    def _produce(
        self,
        message: OutgoingMessage,
        on_delivery: Callable[[KafkaError | None, Message | None], None],
    ) -> None:
        self._producer.produce(
            message.topic,
            value=message.value,
            key=message.key,
            headers=list(message.headers.items()),
            on_delivery=on_delivery,
        )

    def close(self) -> None:
        self._producer.flush(5)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as it was read; `timestamp_ms` is the cluster's or the producer's clock."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, str]


class KafkaConsumer:
    """A member of a consumer group; what was read is committed by the caller, never by itself."""

    def __init__(self, bootstrap: str, *, group: str, topics: Sequence[str]) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "client.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 5,
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 1_000,
                "max.poll.interval.ms": 300_000,
                "allow.auto.create.topics": False,
                "topic.metadata.refresh.interval.ms": 10_000,
                "log_level": 3,
                "statistics.interval.ms": 2_000,
                "stats_cb": self._note_brokers,
            }
        )
        self._reachable = True
        # One thread of its own: the library's calls block, and must not overlap.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"kafka-{group}")
        self._consumer.subscribe(list(topics))

    @property
    def reachable(self) -> bool:
        """Whether a broker was connected when the library looked last, two seconds ago or less.

        Without this, a cluster that is away cannot be told from one that has no messages.
        """
        return self._reachable

    async def poll(self, limit: int, timeout_s: float) -> list[IncomingMessage]:
        """Return up to `limit` messages, as soon as there is one; none after `timeout_s`.

        Raises KafkaUnavailable for an error that does not mend itself by waiting.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._poll, limit, timeout_s)

    async def commit(self, messages: Sequence[IncomingMessage]) -> None:
        """Remember that `messages` and all before them are done.

        A commit that the cluster refuses, as after a rebalance, is no error: whoever has the
        partition now gets the messages again.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._commit, messages)

    async def close(self) -> None:
        """Leave the group."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._consumer.close)
        self._thread.shutdown()

    def _note_brokers(self, statistics: str) -> None:
        """Called by the library from within `_poll`, with its figures as JSON."""
        brokers = json.loads(statistics).get("brokers", {}).values()
        self._reachable = any(broker.get("state") == "UP" for broker in brokers)

    def _poll(self, limit: int, timeout_s: float) -> list[IncomingMessage]:
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        rest = self._consumer.consume(limit - 1, 0) if limit > 1 else []
        return [_incoming(message) for message in (first, *rest) if not _is_noise(message)]

    def _commit(self, messages: Sequence[IncomingMessage]) -> None:
        newest: dict[tuple[str, int], int] = {}
        for message in messages:
            place = (message.topic, message.partition)
            newest[place] = max(newest.get(place, 0), message.offset + 1)
        offsets = [TopicPartition(*place, offset) for place, offset in newest.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            raise KafkaUnavailable(str(error.args[0])) from error


def _is_noise(message: Message) -> bool:
    """Say whether this is an error that the library mends; raises KafkaUnavailable for others."""
    error = message.error()
    if error is None:
        return False
    if error.fatal():
        raise KafkaUnavailable(str(error))
    return True


def _incoming(message: Message) -> IncomingMessage:
    headers = message.headers() or []
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    key = message.key()
    return IncomingMessage(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp_ms=message.timestamp()[1],
        key=key.encode() if isinstance(key, str) else key,
        value=_bytes(message.value()),
        headers=_headers(headers),
    )


def _headers(pairs: object) -> dict[str, str]:
    items = pairs.items() if isinstance(pairs, dict) else pairs
    assert isinstance(items, Iterable)
    return {str(name): _bytes(value).decode(errors="replace") for name, value in items}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


async def ensure_topics(bootstrap: str, replicas: int = 1) -> None:
    """Create the topics that a cluster lacks; existing ones stay as they are.

    Raises KafkaUnavailable. The development broker cannot create any: it starts with all.
    """
    await asyncio.to_thread(_ensure_topics, bootstrap, replicas)


def _ensure_topics(bootstrap: str, replicas: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        there = admin.list_topics(timeout=10).topics
        missing = [name for name in ALL_TOPICS if name not in there]
        if not missing:
            return
        new = [NewTopic(name, PARTITIONS, replicas) for name in missing]
        for future in admin.create_topics(new, operation_timeout=10).values():
            try:
                future.result(timeout=15)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
    except KafkaException as error:
        raise KafkaUnavailable(str(error.args[0])) from error


class KafkaProbe:
    """Asks the cluster for its metadata; one client, reused, so that asking is cheap."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._client: AdminClient | None = None
        self._lock = threading.Lock()

    async def ping(self, timeout_s: float = 2.0) -> None:
        """Raise KafkaUnavailable when no broker answers in time."""
        await asyncio.to_thread(self._ping, timeout_s)

    def _ping(self, timeout_s: float) -> None:
        with self._lock:
            if self._client is None:
                self._client = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 0})
            client = self._client
        try:
            client.list_topics(timeout=timeout_s)
        except KafkaException as error:
            raise KafkaUnavailable(str(error.args[0])) from error
