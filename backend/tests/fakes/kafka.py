"""A plain Kafka client, as anybody might write it, and a broker that a test may stop.

The broker is the light one, or Apache Kafka when the environment says `KUBER_TEST_KAFKA=apache`.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from kuber.infra.embedded.apache_kafka import ApacheKafkaServer
from kuber.infra.embedded.kafka import KafkaServer
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.infra.kafka import ALL_TOPICS
from tests.fixtures.waiting import LIMIT_S, START_WITHIN_S


@dataclass(frozen=True)
class Broker:
    """A broker's address, and how to start it, and start it again on the same port."""

    bootstrap: str
    make: Callable[[], ForegroundServer]


def new_broker(home: Path) -> Broker:
    """Return a broker with every topic, of the kind that this session is about."""
    log = home / "kafka.log"
    if os.environ.get("KUBER_TEST_KAFKA") == "apache":
        apache = ApacheKafkaServer(home / "kafka", free_port(), free_port())
        apache.prepare()
        make = partial(ForegroundServer, apache.command(), apache.is_ready, log)
        return Broker(apache.bootstrap, make)
    light = KafkaServer(free_port(), ALL_TOPICS)
    return Broker(
        light.bootstrap, partial(ForegroundServer, light.command(home), light.is_ready, log)
    )


@contextmanager
def own_broker(home: Path) -> Iterator[str]:
    """Run a broker with every topic; yield its address."""
    broker = new_broker(home)
    with broker.make() as running:
        # In a thread: asking runs a loop of its own, and tests may have one running here.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(running.wait_ready, START_WITHIN_S).result()
        yield broker.bootstrap


@contextmanager
def light_broker(home: Path, topics: tuple[str, ...]) -> Iterator[str]:
    """Run a light broker with topics of its own; yield its address."""
    light = KafkaServer(free_port(), topics)
    with ForegroundServer(light.command(home), light.is_ready, home / "kafka.log") as running:
        running.wait_ready(START_WITHIN_S)
        yield light.bootstrap


def publish(bootstrap: str, topic: str, *messages: Any, **headers: str) -> None:
    """Send messages, bytes as they are, others as JSON, keyed by their first ticker."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 1})
    for message in messages:
        value = message if isinstance(message, bytes) else json.dumps(message).encode()
        producer.produce(topic, value, key=_key(message), headers=list(headers.items()))
    assert producer.flush(LIMIT_S) == 0


def read_all(
    bootstrap: str,
    topic: str,
    count: int,
    timeout_s: float = LIMIT_S,
    *,
    source: str = "",
    once: bool = False,
) -> list[Any]:
    """Return the first `count` messages of a topic as JSON, or the first of one source; with
    `once`, without those that repeat an earlier one."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    found: list[Any] = []
    try:
        while len(found) < count:
            message = consumer.poll(timeout_s)
            assert message is not None, f"only {len(found)} of {count} messages on {topic}"
            assert message.error() is None, message.error()
            content = json.loads(message.value() or b"null")
            repeats = once and content in found
            if not repeats and (not source or content["source"] == source):
                found.append(content)
    finally:
        consumer.close()
    return found


def read_until(
    bootstrap: str, topic: str, wanted: bytes, timeout_s: float = LIMIT_S
) -> list[bytes]:
    """Return the values of `topic` from its beginning up to the first that holds `wanted`."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    found: list[bytes] = []
    try:
        while not any(wanted in value for value in found[-1:]):
            message = consumer.poll(timeout_s)
            assert message is not None, f"{wanted!r} is not on {topic}"
            assert message.error() is None, message.error()
            value = message.value()
            found.append(value if isinstance(value, bytes) else b"")
    finally:
        consumer.close()
    return found


def topics_of(bootstrap: str) -> set[str]:
    """Return the names of the cluster's topics."""
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=LIMIT_S).topics)


def signal(
    ticker: str = "AAPL",
    confidence: float = 85,
    signal_type: str = "golden_cross",
    **more: Any,
) -> dict[str, Any]:
    """Return a signal as a stranger's program would write it."""
    return {
        "timestamp": 1702234567,
        "source": signal_type,
        "signal_type": signal_type,
        "tickers": [{"ticker": ticker, "signal": "BULLISH", "confidence": confidence}],
        **more,
    }


def _key(message: Any) -> bytes | None:
    try:
        return str(message["tickers"][0]["ticker"]).encode()
    except (KeyError, TypeError, IndexError):
        return None
