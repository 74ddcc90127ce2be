"""What a consumer says of a cluster that is away or refuses, and whose offsets it leaves alone."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from kuber.infra import kafka_consumer
from kuber.infra.embedded.kafka import KafkaServer
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.infra.kafka import IncomingMessage
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.telemetry import CONSUMER_ERRORS
from tests.fakes.kafka import publish, signal
from tests.fixtures.waiting import LIMIT_S, until_async


async def problem_becomes(consumer: KafkaConsumer, there: bool) -> str | None:
    """Poll until the consumer has a problem, or has none."""

    async def became() -> bool:
        await consumer.poll(10, 0.1)
        return (consumer.problem is not None) is there

    await until_async(became, lambda: f"{'a' if there else 'no'} problem, not {consumer.problem}")
    return consumer.problem


async def test_a_cluster_that_is_away_is_told_counted_and_forgotten_once_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_consumer, "_LOOK_AGAIN_S", 0.3)
    broker = KafkaServer(free_port(), ("signals.raw",))
    group = f"waits-{uuid4()}"
    consumer = KafkaConsumer(broker.bootstrap, group=group, topics=["signals.raw"])
    try:
        problem = await problem_becomes(consumer, there=True)
        assert problem
        assert broker.bootstrap in problem or "down" in problem
        errors = {
            sample.labels["error"]
            for metric in CONSUMER_ERRORS.collect()
            for sample in metric.samples
            if sample.labels["group"] == group
        }
        assert "_ALL_BROKERS_DOWN" in errors
        command = broker.command(tmp_path)
        with ForegroundServer(command, broker.is_ready, tmp_path / "log") as running:
            running.wait_ready(LIMIT_S)
            assert await problem_becomes(consumer, there=False) is None
    finally:
        await consumer.close()


async def test_a_topic_that_is_not_there_is_told_until_it_is(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_consumer, "_LOOK_AGAIN_S", 0.3)
    topic = f"nowhere-{uuid4()}"
    consumer = KafkaConsumer(kafka_bootstrap, group=topic, topics=[topic])
    try:
        problem = await problem_becomes(consumer, there=True)
        assert problem
        assert topic in problem
        publish(kafka_bootstrap, topic, {})
        assert await problem_becomes(consumer, there=False) is None
    finally:
        await consumer.close()


async def test_t05_a_member_commits_nothing_of_partitions_that_it_lost_while_it_worked(
    kafka_bootstrap: str,
) -> None:
    topic = f"shared-{uuid4()}"
    publish(kafka_bootstrap, topic, *(signal(f"T{number}") for number in range(40)))
    first = KafkaConsumer(kafka_bootstrap, group=topic, topics=[topic], session_ms=1500)
    while not (batch := await first.poll(40, 0.5)):
        pass
    second = KafkaConsumer(kafka_bootstrap, group=topic, topics=[topic], session_ms=1500)
    try:
        stolen = await read_meanwhile(second, first)
        await first.commit(batch)
        # On the same connection, so that it is answered after whatever was committed.
        offsets = await asyncio.to_thread(offsets_of, first._consumer, batch)
        assert offsets == {-1001}, "the newcomer's to commit"
        await second.commit(stolen)
        await until_async(
            lambda: committed(kafka_bootstrap, topic, stolen) != {-1001}, "the newcomer's offsets"
        )
    finally:
        await first.close()
        await second.close()


async def read_meanwhile(reader: KafkaConsumer, busy: KafkaConsumer) -> list[IncomingMessage]:
    """Return what `reader` gets while `busy` only stays alive."""

    async def given() -> list[IncomingMessage]:
        await busy.keep_alive()
        return await reader.poll(40, 0.1)

    return await until_async(given, "something for the newcomer")


def committed(bootstrap: str, group: str, messages: list[IncomingMessage]) -> set[int]:
    """Return the group's offsets of the messages' partitions; -1001 where there is none."""
    looker = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    found = offsets_of(looker, messages)
    looker.close()
    return found


def offsets_of(looker: Consumer, messages: list[IncomingMessage]) -> set[int]:
    places = {(message.topic, message.partition) for message in messages}
    found = looker.committed([TopicPartition(*place) for place in places], timeout=LIMIT_S)
    return {place.offset for place in found}
