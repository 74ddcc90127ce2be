"""What Kafka's library cannot read is stepped over, exactly, and nothing else is."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from kuber.infra import kafka_consumer, kafka_unreadable
from kuber.infra.embedded.kafka import KafkaServer
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.infra.kafka import IncomingMessage
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.kafka_unreadable import Place, Standstills
from tests.fakes.kafka import light_broker
from tests.fakes.kafka_batches import BAD_IN_SILENCE, SAID_TO_BE_BAD, batch, good, record, send
from tests.fixtures.waiting import LIMIT_S

TOPIC, GROUP = "t", "g"


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    with light_broker(tmp_path, (TOPIC,)) as address:
        yield address


@pytest.fixture
async def consumer(bootstrap: str) -> AsyncIterator[KafkaConsumer]:
    made = KafkaConsumer(bootstrap, group=GROUP, topics=[TOPIC])
    yield made
    await made.close()


async def read(consumer: KafkaConsumer, count: int) -> dict[int, list[str]]:
    """Return the first `count` things that come, each once and committed, by partition.

    A message is shown as its value, what could not be read as `first-last`.
    """
    seen: dict[tuple[int, int], IncomingMessage] = {}
    async with asyncio.timeout(LIMIT_S):
        while len(seen) < count:
            came = await consumer.poll(100, 0.2)
            assert not {(one.partition, one.offset) for one in came} & seen.keys(), "read twice"
            seen |= {(one.partition, one.offset): one for one in came}
            await consumer.commit(came)
    shown: dict[int, list[str]] = {}
    for (partition, offset), one in sorted(seen.items()):
        unread = one.undecodable
        text = f"{offset}-{unread.last_offset}" if unread else one.value.decode()
        shown.setdefault(partition, []).append(text)
    return shown


def committed(bootstrap: str, group: str, partitions: int) -> list[int]:
    looker = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    places = [TopicPartition(TOPIC, number) for number in range(partitions)]
    found = [place.offset for place in looker.committed(places, timeout=LIMIT_S)]
    looker.close()
    return found


@pytest.mark.parametrize("kinds", [SAID_TO_BE_BAD, BAD_IN_SILENCE], ids=["told", "silent"])
async def test_what_is_before_behind_and_between_is_read_whatever_cannot_be(
    bootstrap: str, kinds: Mapping[str, bytes]
) -> None:
    for partition, bad in enumerate(kinds.values()):
        send(bootstrap, TOPIC, partition, good(b"a", b"b"), bad, bad, good(b"c"), bad, good(b"d"))
    group = f"g-{uuid4()}"
    consumer = KafkaConsumer(bootstrap, group=group, topics=[TOPIC])
    try:
        found = await read(consumer, 7 * len(kinds))
        whole = ["a", "b", "2-2", "3-3", "c", "5-5", "d"]
        assert found == dict.fromkeys(range(len(kinds)), whole)
        assert consumer.problem is None
    finally:
        await consumer.close()
    assert committed(bootstrap, group, len(kinds)) == [7] * len(kinds)


async def test_the_first_and_the_last_of_a_partition_are_stepped_over(
    bootstrap: str, consumer: KafkaConsumer
) -> None:
    told, silent = SAID_TO_BE_BAD["zstd"], BAD_IN_SILENCE["no record"]
    send(bootstrap, TOPIC, 0, told, good(b"a"), told)
    send(bootstrap, TOPIC, 1, silent, good(b"a"), silent)
    assert await read(consumer, 6) == {0: ["0-0", "a", "2-2"], 1: ["0-0", "a", "2-2"]}
    send(bootstrap, TOPIC, 0, good(b"later"))
    send(bootstrap, TOPIC, 1, good(b"later"))
    assert await read(consumer, 2) == {0: ["later"], 1: ["later"]}


async def test_a_batch_of_many_is_stepped_over_as_one_and_the_rest_of_a_torn_one(
    bootstrap: str, consumer: KafkaConsumer
) -> None:
    many = batch(b"\xff" * 50, attributes=4, count=1000)
    torn = batch(record(b"first"), b"\xff" * 30, count=3)
    send(bootstrap, TOPIC, 0, many, good(b"behind"))
    send(bootstrap, TOPIC, 1, torn, good(b"behind"))
    send(bootstrap, TOPIC, 2, many)
    assert await read(consumer, 6) == {
        0: ["0-999", "behind"],
        1: ["first", "1-2", "behind"],
        2: ["0-999"],
    }
    async with asyncio.timeout(LIMIT_S):
        while committed(bootstrap, GROUP, 3) != [1001, 4, 1000]:
            assert await consumer.poll(10, 0.1) == []


async def test_what_is_too_much_for_the_memory_is_not_unpacked(
    bootstrap: str, consumer: KafkaConsumer
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "zstd",
            "message.max.bytes": 100_000_000,
        }
    )
    send(bootstrap, TOPIC, 0, good(b"before"))
    assert await read(consumer, 1) == {0: ["before"]}
    producer.produce(TOPIC, bytes(40_000_000), partition=0)
    assert producer.flush(LIMIT_S) == 0
    send(bootstrap, TOPIC, 0, good(b"behind"))
    assert await read(consumer, 2) == {0: ["1-1", "behind"]}


async def test_a_batch_that_claims_more_offsets_than_there_are_is_read_once(
    bootstrap: str, consumer: KafkaConsumer
) -> None:
    liar = batch(record(b"a"), last=2**31 - 2)
    send(bootstrap, TOPIC, 0, good(b"before"), liar, liar, good(b"behind"))
    assert await read(consumer, 4) == {0: ["before", "a", "a", "behind"]}


async def test_a_complaint_stands_until_the_cluster_tells_what_it_is_about(
    bootstrap: str, consumer: KafkaConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_consumer, "_LOOK_AGAIN_S", 0.1)
    with monkeypatch.context() as patched:
        patched.setattr(kafka_unreadable, "_ANSWER_WITHIN_S", 1e-6)  # as slow as none
        send(bootstrap, TOPIC, 0, SAID_TO_BE_BAD["zstd"], good(b"behind"))
        send(bootstrap, TOPIC, 1, good(b"elsewhere"))
        assert await read(consumer, 1) == {1: ["elsewhere"]}
        while consumer.problem is None:
            assert await consumer.poll(10, 0.1) == []
        for _ in range(10):
            assert await consumer.poll(10, 0.1) == []
            assert "partition 0" in (consumer.problem or "")
    assert await read(consumer, 2) == {0: ["0-0", "behind"]}
    assert consumer.problem is None


async def test_a_standstill_is_told_until_it_is_sure_what_it_is_about(
    bootstrap: str, consumer: KafkaConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(kafka_unreadable, "_ANSWERS", 10**9)
        patched.setattr(kafka_unreadable, "_TRIED_FOR_S", 0.1)
        send(bootstrap, TOPIC, 0, good(b"a"), BAD_IN_SILENCE["no record"], good(b"behind"))
        assert await read(consumer, 1) == {0: ["a"]}
        async with asyncio.timeout(LIMIT_S):
            while consumer.problem != "t, partition 0: nothing comes from 1 on":
                assert await consumer.poll(10, 0.1) == []
    assert await read(consumer, 2) == {0: ["1-1", "behind"]}
    assert consumer.problem is None


async def test_a_broker_that_is_away_or_slow_is_not_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []

    class Suspicious(Standstills):
        """Suspects what stands at offset 1, always."""

        def found(self) -> list[tuple[Place, int]]:
            looked.append(True)
            return [(Place(TOPIC, 0), 1)]

    monkeypatch.setattr(kafka_unreadable, "_ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(kafka_consumer, "Standstills", Suspicious)
    server = KafkaServer(free_port(), (TOPIC,))
    with ForegroundServer(server.command(tmp_path), server.is_ready, tmp_path / "log") as running:
        await asyncio.to_thread(running.wait_ready, 60)
        consumer = KafkaConsumer(server.bootstrap, group=f"g-{uuid4()}", topics=[TOPIC])
        try:
            send(server.bootstrap, TOPIC, 0, good(b"a"))
            assert await read(consumer, 1) == {0: ["a"]}
            send(server.bootstrap, TOPIC, 0, good(b"b" * 900_000), good(b"c"))
            assert running.process is not None
            running.process.send_signal(signal.SIGSTOP)
            came: list[IncomingMessage] = []
            looked.clear()
            while len(looked) < 4:
                came += await consumer.poll(10, 0.1)
            running.process.send_signal(signal.SIGCONT)
            async with asyncio.timeout(LIMIT_S):
                while not came or came[-1].value != b"c":
                    came += await consumer.poll(10, 0.2)
            assert [(one.offset, one.undecodable) for one in came] == [(1, None), (2, None)]
        finally:
            await consumer.close()
