"""Kafka: topics, messages and the producer; what reads is in `kafka_consumer`."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

TOPICS = (
    "signals.raw",
    "signals.normalized",
    "decisions.order_intent",
    "executions.fill",
    "executions.finished",
    "executions.reconcile",
    "market.quotes",
    "audit.event",
)
"""Every topic of the platform; dead letters have a topic per consumer besides."""


CONSUMERS = ("dispatcher", "intents")
"""Everything that consumes; each has a topic for its dead letters."""


CONFIRMED_BY = {"signals.raw": "kuber-dispatcher"}
"""Topics whose messages stay in the outbox until this consumer group has recorded them."""


def dead_letter_topic(consumer: str) -> str:
    """Return the topic of a consumer's dead letters."""
    return f"{consumer}.dead-letter"


ALL_TOPICS = (*TOPICS, *map(dead_letter_topic, CONSUMERS))
PARTITIONS = 12
"""Partitions of each topic that Kuber creates: the most consumers that can share one."""


MAX_MESSAGE_BYTES = 1_000_000
"""The largest message that is sent; a broker with a lower limit refuses more."""


class KafkaUnavailable(Exception):
    """The cluster did not take a message in time; the message may be sent again."""


class Position(NamedTuple):
    """Where a message stands in its topic."""

    partition: int
    offset: int


class MessagesRefused(Exception):
    """Messages that will never be taken, however often they are sent; the rest of the batch was.

    `reasons` tells why and `taken` where the others stand, by the message's place in the batch.
    """

    def __init__(self, reasons: Mapping[int, str], taken: Mapping[int, Position]) -> None:
        self.reasons = reasons
        self.taken = taken
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


@dataclass(slots=True)
class _Outcome:
    """What the cluster said of the messages of one batch, by their places."""

    failures: list[str] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    taken: dict[int, Position] = field(default_factory=dict)

    def note(self, place: int, error: KafkaError | None, message: Message | None) -> None:
        if error is not None and error.code() in _FINAL:
            self.refused[place] = str(error)
        elif error is not None:
            self.failures.append(str(error))
        elif message is not None and (position := _position(message)) is not None:
            self.taken[place] = position


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
                "message.max.bytes": MAX_MESSAGE_BYTES,
                "log_level": 2,  # an absence is told by whoever publishes, once
            }
        )

    async def publish(
        self, messages: Sequence[OutgoingMessage], timeout_s: float = 15.0
    ) -> Mapping[int, Position]:
        """Send `messages` in order; return where they stand, by their place in the batch.

        One that the cluster had already, after an answer was lost, is left out.
        Raises KafkaUnavailable when any was not acknowledged and all may be sent again,
        MessagesRefused when the cluster has all but some that it will never take.
        """
        return await asyncio.to_thread(self._publish, messages, timeout_s)

    def _publish(
        self, messages: Sequence[OutgoingMessage], timeout_s: float
    ) -> Mapping[int, Position]:
        outcome = _Outcome()
        for place, message in enumerate(messages):
            try:
                self._produce(message, partial(outcome.note, place))
            except KafkaException as error:
                if error.args[0].fatal():
                    raise  # this producer will never send again: the process begins anew
                outcome.note(place, error.args[0], None)
            except BufferError as error:  # its queue is full of what the cluster does not take
                outcome.failures.append(str(error))
                break
        left = self._producer.flush(timeout_s)
        if left or outcome.failures:
            raise KafkaUnavailable((outcome.failures or [f"{left} messages unacknowledged"])[0])
        if outcome.refused:
            raise MessagesRefused(outcome.refused, outcome.taken)
        return outcome.taken

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
class Undecodable:
    """Why what stands here could not be read, and the last offset that it takes up."""

    last_offset: int
    why: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as it was read; `timestamp_ms` is the cluster's or the producer's clock.

    One that is `undecodable` stands for all that could not be read at its place; its value is what
    the cluster has there, empty when that is too much.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, str]
    undecodable: Undecodable | None = None

    @property
    def next_offset(self) -> int:
        """The offset that is read after it."""
        return (self.undecodable.last_offset if self.undecodable else self.offset) + 1


def _position(message: Message) -> Position | None:
    partition, offset = message.partition(), message.offset()
    return (
        None if partition is None or offset is None or offset < 0 else Position(partition, offset)
    )


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
