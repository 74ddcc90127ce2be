"""Dispatchers die between their two commits, and lose partitions in mid-batch: nothing is lost or
doubled. The database and the broker are real; a seed is printed and replays the same faults."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from kuber.infra.db import RawPool, raw_pool
from kuber.infra.dead_letters import Rejected
from kuber.infra.embedded.kafka import PARTITIONS
from kuber.infra.kafka import IncomingMessage
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.dispatcher import Dispatcher
from kuber.workers import consumer as consumer_module
from kuber.workers.consumer import ConsumerOptions, MessageLoop
from tests.fakes.dispatchers import index_of, message_of, new_dispatcher
from tests.fakes.dying_dispatchers import IN_FLIGHT, Moment, Plan
from tests.fakes.kafka import light_broker, signal
from tests.fakes.subscribers import add_pipeline, add_user, count, list_tickers
from tests.fixtures.counts import Tell
from tests.fixtures.limits import allow
from tests.fixtures.waiting import LIMIT_S, until_async

KILLS = 200
LANES = tuple(f"lane-{number}" for number in range(40))
"""Topics whose dispatchers die side by side: each waits for the dead one's session to end."""
SEED = 20261121


ROUNDS = 2
EACH_ROUND = 60
GROUP = "rebalanced"


@dataclass(frozen=True)
class Place:
    """A database with one user's pipeline in it, and a broker of its own."""

    url: str
    bootstrap: str
    user: UserId
    pipeline: PipelineId

    def counts(self) -> dict[str, int]:
        return {
            "signals": count(self.url, "signals"),
            "matches": count(self.url, "signal_matches where outcome = 'started'"),
            "runs": count(self.url, "runs"),
            "pairs": count(self.url, "(select distinct pipeline_id, symbol from runs) as pair"),
            "announced": count(self.url, "outbox where topic = 'signals.normalized'"),
            "dead": count(self.url, "dead_letters"),
        }


@pytest.fixture
def place(postgres_url: str, tmp_path: Path) -> Iterator[Place]:
    user = add_user(postgres_url)
    allow(postgres_url, str(user), queued_runs=100_000)
    pipeline = add_pipeline(postgres_url, user)
    with light_broker(tmp_path, LANES) as bootstrap:
        yield Place(postgres_url, bootstrap, user, pipeline)


def exactly(messages: int) -> dict[str, int]:
    everything = ("signals", "matches", "runs", "pairs", "announced")
    return dict.fromkeys(everything, messages) | {"dead": 0}


def test_t04_dispatchers_killed_between_database_and_offsets_lose_and_double_nothing(
    place: Place, tell: Tell
) -> None:
    each = -(-KILLS // len(LANES))
    per_lane = 3 * IN_FLIGHT * each  # a life does a batch or two for good
    tickers = [f"K{number:04d}" for number in range(per_lane * len(LANES))]
    list_tickers(place.url, tickers)
    producer = Producer({"bootstrap.servers": place.bootstrap})
    for number, ticker in enumerate(tickers):
        topic = LANES[number % len(LANES)]
        producer.produce(topic, json.dumps(signal(ticker, source=topic)).encode(), partition=0)
    assert producer.flush(LIMIT_S) == 0
    plan = Plan(
        database_url=place.url,
        bootstrap=place.bootstrap,
        topics=list(LANES),
        user=str(place.user),
        pipelines=[str(place.pipeline)],
        tickers=tickers,
        kills=each,
        messages=per_lane,
        session_ms=400,
        seed=SEED,
    )
    ended = subprocess.run(
        (sys.executable, "-m", "tests.fakes.dying_dispatchers", json.dumps(asdict(plan))),
        capture_output=True,
        text=True,
        timeout=LIMIT_S * 4,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    kills, counts = json.loads(ended.stdout.splitlines()[-1]), place.counts()
    tell(f"T04: seed {SEED}, {len(tickers)} signals, kills {kills}: {counts}")
    assert kills[Moment.BEFORE_OFFSETS] >= KILLS
    assert kills[Moment.WITHIN_TRANSACTION] > 0
    assert counts == exactly(len(tickers))


@dataclass
class Member:
    """A dispatcher in the group, which may be held in the middle of a batch."""

    dispatcher: Dispatcher
    pool: RawPool
    bootstrap: str
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    before_commit: bool = False
    seen: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()
        self.consumer = KafkaConsumer(
            self.bootstrap, group=GROUP, topics=[LANES[0]], session_ms=1500
        )
        options = ConsumerOptions("dispatcher", in_flight=10)
        loop = MessageLoop(self.consumer, self.handle, self.pool, SystemClock(), options)
        self.running = asyncio.create_task(loop.run())

    async def handle(self, batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        self.seen += [(message.partition, message.offset) for message in batch]
        if self.before_commit:
            await self.pass_gate()
        rejected = await self.dispatcher.handle(batch)
        await self.pass_gate()
        return rejected

    async def pass_gate(self) -> None:
        if not self.gate.is_set():
            self.held.set()
            await self.gate.wait()

    async def leave(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.consumer.close()


def committed(bootstrap: str) -> tuple[list[int], list[int]]:
    """Return the group's offsets and the ends, by partition."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "log_level": 0})
    places = [TopicPartition(LANES[0], number) for number in range(PARTITIONS)]
    offsets = [max(0, place.offset) for place in reader.committed(places, timeout=LIMIT_S)]
    ends = [reader.get_watermark_offsets(place, timeout=LIMIT_S)[1] for place in places]
    reader.close()
    return offsets, ends


def recorded(url: str, signals: int) -> bool:
    return count(url, "signals") == signals


async def test_t05_partitions_taken_away_in_mid_batch_lose_and_double_nothing(
    place: Place, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_KEEP_ALIVE_EVERY_S", 0.1)
    dice = random.Random(SEED)
    tickers = [f"R{number:04d}" for number in range(2000)]
    list_tickers(place.url, tickers)
    pool = raw_pool(place.url, size=4, application_name="test")
    await pool.open()
    dispatcher = new_dispatcher(pool, index_of(place.user, [place.pipeline], tickers))
    producer = Producer({"bootstrap.servers": place.bootstrap})
    total = 0

    def send(signals: int) -> None:
        nonlocal total
        for ticker in tickers[total : total + signals]:
            value = json.dumps(signal(ticker)).encode()
            producer.produce(LANES[0], value, partition=dice.randrange(PARTITIONS))
        producer.flush(LIMIT_S)
        total += signals

    def third_reads(third: Member) -> bool:
        send(3)  # so that there is something to read once it has partitions
        return bool(third.seen)

    def join() -> Member:
        return Member(dispatcher, pool, place.bootstrap)

    held, other = join(), join()
    members = [held, other]
    for number in range(ROUNDS):
        held.gate.clear()
        held.held.clear()
        held.before_commit = bool(number % 2)
        send(EACH_ROUND)
        await until_async(held.held.is_set, "a batch that is held in its middle")
        third = join()
        members.append(third)
        await until_async(partial(third_reads, third), "the third member has taken partitions")
        await third.leave()
        before, _ = committed(place.bootstrap)
        held.gate.set()
        await until_async(partial(recorded, place.url, total), "everything is done")
        after, _ = committed(place.bootstrap)
        assert all(old <= new for old, new in zip(before, after, strict=True)), (before, after)
    await until_async(lambda: (found := committed(place.bootstrap))[0] == found[1], "all committed")
    for member in (held, other):
        await member.leave()
    await pool.close()
    handled, counts = sum(len(member.seen) for member in members), place.counts()
    tell(f"T05: seed {SEED}, {total} signals, handled {handled} times: {counts}")
    assert handled > total, "a held batch was done again"
    assert counts == exactly(total)


async def test_t10_of_fifty_signals_that_dispatchers_handle_at_once_one_runs(
    postgres_url: str, tell: Tell
) -> None:
    user = add_user(postgres_url)
    index = index_of(user, [add_pipeline(postgres_url, user)], ["AAPL"])
    list_tickers(postgres_url, ["AAPL"])
    pool = raw_pool(postgres_url, size=10, application_name="test")
    await pool.open()
    rejected = await asyncio.gather(
        *(
            new_dispatcher(pool, index).handle(
                [message_of(offset, signal(), partition) for offset in range(5)]
            )
            for partition in range(10)
        )
    )
    await pool.close()
    skipped = "signal_matches where outcome = 'skipped' and reason = 'already_running'"
    counts = {
        "signals": count(postgres_url, "signals"),
        "runs": count(postgres_url, "runs"),
        "started": count(postgres_url, "signal_matches where outcome = 'started'"),
        "already running": count(postgres_url, skipped),
    }
    tell(f"T10: 50 signals, 10 dispatchers: {counts}")
    assert not any(rejected)
    assert counts == {"signals": 50, "runs": 1, "started": 1, "already running": 49}
