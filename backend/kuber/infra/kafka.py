"""Kafka: a thin module over confluent-kafka, its only home."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

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


class KafkaUnavailable(Exception):
    """The cluster did not take a message in time; the message may be sent again."""


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
        """Send `messages` in order; raises KafkaUnavailable when any was not acknowledged."""
        await asyncio.to_thread(self._publish, messages, timeout_s)

    def _publish(self, messages: Sequence[OutgoingMessage], timeout_s: float) -> None:
        failures: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(str(error))

        for message in messages:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key,
                headers=list(message.headers.items()),
                on_delivery=delivered,
            )
        left = self._producer.flush(timeout_s)
        if left or failures:
            raise KafkaUnavailable(failures[0] if failures else f"{left} messages unacknowledged")

    def close(self) -> None:
        self._producer.flush(5)


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
