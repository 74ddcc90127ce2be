"""What the consumers' loop tells of itself while servers are away."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from psycopg import OperationalError

from kuber.infra.db import RawPool
from kuber.infra.dead_letters import Rejected
from kuber.infra.heartbeats import Progress
from kuber.infra.kafka import IncomingMessage, KafkaConsumer, KafkaUnavailable
from kuber.kernel.clock import SystemClock
from kuber.workers.consumer import ConsumerOptions, MessageLoop

MESSAGE = IncomingMessage("signals.raw", 0, 1, 1_700_000_000_000, b"AAPL", b"{}", {})


class FakeConsumer:
    """A cluster with `batches` to read, then nothing."""

    def __init__(self, *batches: list[IncomingMessage]) -> None:
        self.batches = list(batches)
        self.reachable = True
        self.broken = False

    async def poll(self, _limit: int, _timeout_s: float) -> list[IncomingMessage]:
        await asyncio.sleep(0)
        if self.broken:
            raise KafkaUnavailable("fenced")
        return self.batches.pop() if self.batches else []

    async def commit(self, _messages: Sequence[IncomingMessage]) -> None: ...


async def watched(
    consumer: FakeConsumer,
    handle: Callable[[Sequence[IncomingMessage]], None],
    holds: Callable[[Progress], bool],
) -> Progress:
    """Run a loop until its progress is as `holds` asks."""

    async def handler(batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        handle(batch)
        return []

    progress = Progress()
    options = ConsumerOptions("dispatcher", base_s=0.001, cap_s=0.002)
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
        async with asyncio.timeout(5):
            while not holds(progress):  # noqa: ASYNC110  what it asks is no event
                await asyncio.sleep(0.001)
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


async def test_a_consumer_that_kafka_shuts_out_waits_for_kafka() -> None:
    consumer = FakeConsumer()
    consumer.broken = True
    progress = await watched(consumer, lambda _: None, lambda it: it.waiting_for is not None)
    assert (progress.waiting_for, progress.rounds) == ("Kafka", 0)


async def test_a_batch_waits_for_postgresql_and_is_progress_once_it_is_done() -> None:
    seen: list[str | None] = []
    tries = iter((True, True, False))

    def handle(_batch: Sequence[IncomingMessage]) -> None:
        if next(tries):
            raise OperationalError("the server is away")

    def holds(progress: Progress) -> bool:
        seen.append(progress.waiting_for)
        return progress.rounds > 0

    progress = await watched(FakeConsumer([MESSAGE]), handle, holds)
    assert "PostgreSQL" in seen
    assert progress.waiting_for is None


def test_pauses_between_attempts_double_up_to_a_limit_and_differ_a_little() -> None:
    options = ConsumerOptions("dispatcher", base_s=1, cap_s=60)
    for attempt, full_s in ((1, 1), (2, 2), (5, 16), (7, 60), (5000, 60)):
        pauses = [options.delay_s(attempt) for _ in range(50)]
        assert 0.9 * full_s <= min(pauses) < max(pauses) <= full_s
