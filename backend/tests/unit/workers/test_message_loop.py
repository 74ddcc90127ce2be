"""What the consumers' loop tells of itself while servers are away."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import pytest
from psycopg import InterfaceError, OperationalError, errors
from psycopg_pool import PoolTimeout

from kuber.infra.db import RawPool
from kuber.infra.dead_letters import Rejected
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka import IncomingMessage, KafkaUnavailable
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import SystemClock
from kuber.workers import consumer as consumer_module
from kuber.workers.consumer import ConsumerOptions, MessageLoop, is_outage
from tests.fixtures.waiting import until_async

MESSAGE = IncomingMessage("signals.raw", 0, 1, 1_700_000_000_000, b"AAPL", b"{}", {})


class FakeConsumer:
    """A cluster with `batches` to read, then nothing."""

    def __init__(self, *batches: list[IncomingMessage]) -> None:
        self.batches = list(batches)
        self.reachable = True
        self.problem: str | None = None
        self.broken = False
        self.committed: list[list[IncomingMessage]] = []
        self.kept_alive = 0

    async def poll(self, _limit: int, _timeout_s: float) -> list[IncomingMessage]:
        await asyncio.sleep(0)
        if self.broken:
            raise KafkaUnavailable("fenced")
        return self.batches.pop() if self.batches else []

    async def keep_alive(self) -> None:
        self.kept_alive += 1

    async def commit(self, messages: Sequence[IncomingMessage]) -> None:
        self.committed.append(list(messages))


def loop_of(
    consumer: FakeConsumer, handle: Callable[[Sequence[IncomingMessage]], None]
) -> MessageLoop:
    async def handler(batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        handle(batch)
        return []

    options = ConsumerOptions("dispatcher", backoff=Backoff(0.001, 0.002))
    return MessageLoop(
        cast(KafkaConsumer, consumer), handler, cast(RawPool, None), SystemClock(), options
    )


async def watched(
    consumer: FakeConsumer,
    handle: Callable[[Sequence[IncomingMessage]], None],
    holds: Callable[[Progress], bool],
    progress: Progress | None = None,
) -> Progress:
    """Run a loop until its progress is as `holds` asks."""
    progress = progress or Progress()

    async def handler(batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        handle(batch)
        return []

    options = ConsumerOptions("dispatcher", backoff=Backoff(0.001, 0.002))
    loop = MessageLoop(
        cast(KafkaConsumer, consumer),
        handler,
        cast(RawPool, None),
        SystemClock(),
        options,
        progress,
    )
    running = asyncio.create_task(loop.run())
    try:
        await until_async(lambda: holds(progress), lambda: f"other progress than {progress}")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return progress


async def test_a_poll_without_messages_is_progress_while_kafka_is_there() -> None:
    progress = await watched(FakeConsumer(), lambda _: None, lambda it: it.rounds > 3)
    assert progress.waiting_for is None


async def test_a_poll_without_messages_is_none_while_no_broker_is_connected() -> None:
    consumer = FakeConsumer()
    consumer.reachable = False
    progress = await watched(consumer, lambda _: None, lambda it: it.waiting_for is not None)
    assert (progress.waiting_for, progress.rounds) == ("Kafka", 0)


async def test_a_refusal_of_kafka_is_what_the_consumer_waits_for() -> None:
    consumer = FakeConsumer()
    consumer.problem = "Subscribed topic not available"
    progress = await watched(consumer, lambda _: None, lambda it: it.waiting_for is not None)
    assert (progress.waiting_for, progress.rounds) == ("Kafka", 0)


async def test_a_consumer_that_kafka_shuts_out_waits_for_kafka() -> None:
    consumer = FakeConsumer()
    consumer.broken = True
    progress = await watched(consumer, lambda _: None, lambda it: it.waiting_for is not None)
    assert (progress.waiting_for, progress.rounds) == ("Kafka", 0)


async def test_a_batch_waits_for_postgresql_and_is_progress_once_it_is_done() -> None:
    progress, seen = Progress(), list[str | None]()
    tries = iter((True, True, False))

    def handle(_batch: Sequence[IncomingMessage]) -> None:
        seen.append(progress.waiting_for)
        if next(tries):
            raise OperationalError("the server is away")

    await watched(FakeConsumer([MESSAGE]), handle, lambda it: it.rounds > 0, progress)
    assert seen == [None, "PostgreSQL", "PostgreSQL"]
    assert progress.waiting_for is None


async def test_what_was_done_before_a_message_that_is_to_blame_stays_committed() -> None:
    batch = [replace(MESSAGE, offset=offset) for offset in range(4)]
    consumer = FakeConsumer(batch)

    def handle(given: Sequence[IncomingMessage]) -> None:
        if batch[2] in given:
            raise asyncio.CancelledError if given == [batch[2]] else ValueError("a fault of ours")

    loop = loop_of(consumer, handle)
    with pytest.raises(asyncio.CancelledError):  # the process ends while it is at the third
        await loop.take(batch)
    assert consumer.committed == [[batch[0]], [batch[1]]]


async def test_the_group_hears_of_a_member_that_works_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer_module, "_KEEP_ALIVE_EVERY_S", 0.001)
    consumer, attempts = FakeConsumer([MESSAGE]), iter(range(1000))

    def handle(_batch: Sequence[IncomingMessage]) -> None:
        if consumer.kept_alive < 5:
            next(attempts)
            raise OperationalError("the server is away")

    before = asyncio.all_tasks()
    await loop_of(consumer, handle).take([MESSAGE])
    kept_alive = consumer.kept_alive
    assert kept_alive >= 5
    await until_async(
        lambda: asyncio.all_tasks() <= before or consumer.kept_alive > kept_alive,
        "the end of what the loop began",
    )
    assert consumer.kept_alive == kept_alive, "an idle member is heard by its polls"


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationalError("the server closed the connection"), True),
        (PoolTimeout(), True),
        (InterfaceError("the connection is closed"), True),
        (ConnectionRefusedError(), True),
        (errors.AdminShutdown(), True),
        (errors.CannotConnectNow(), True),
        (errors.ConnectionFailure(), True),
        (errors.TooManyConnections(), True),
        (errors.DeadlockDetected(), True),
        (errors.SerializationFailure(), True),
        (errors.ProgramLimitExceeded("array size exceeds 268435455 bytes"), False),
        (errors.OutOfMemory(), False),
        (errors.StatementTooComplex(), False),
        (errors.UniqueViolation(), False),
        (ValueError(), False),
    ],
)
def test_only_an_absence_is_waited_out(error: Exception, outage: bool) -> None:
    assert is_outage(error) is outage
