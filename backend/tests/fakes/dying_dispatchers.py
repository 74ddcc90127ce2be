"""Dispatchers that end themselves with SIGKILL, again and again; a program for test T04.

Each life is a process of its own, forked from this one so that it need not import everything anew:
the real consumer, loop and dispatcher. It does one batch, then dies in the middle of the next one:
mostly between the commit of the transaction and that of the offsets, at times within the
transaction. Once a lane (a topic with a group of its own) has had its kills, a last life does what
is left, and leaves. Its last line is what happened,
as JSON.

    python -m tests.fakes.dying_dispatchers '{"database_url": ..., ...}'
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from kuber.costs.service import CostService
from kuber.infra.db import RawConnection, raw_pool
from kuber.infra.dead_letters import Rejected
from kuber.infra.kafka import IncomingMessage
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.workers.consumer import ConsumerOptions, MessageLoop
from tests.fakes.dispatchers import index_of, new_dispatcher
from tests.fakes.subscribers import count

IN_FLIGHT = 3
_WITHIN_TRANSACTION_ONE_IN = 9
_LOOK_EVERY_S = 0.3
_PATIENCE = 200
"""After so many looks a life gives up, and the program with it."""
_GAVE_UP = 3
_OF_TOPIC = "signals where source = %s"


class Moment(StrEnum):
    """Where a dispatcher dies."""

    WITHIN_TRANSACTION = "within the transaction"
    BEFORE_OFFSETS = "between database and offsets"


@dataclass(frozen=True)
class Plan:
    """What the program is told."""

    database_url: str
    bootstrap: str
    topics: list[str]
    user: str
    pipelines: list[str]
    tickers: list[str]
    kills: int
    """How often each lane's dispatchers die between the two commits."""
    messages: int
    """How many signals each topic has, its name being their source."""
    session_ms: int
    seed: int


@dataclass
class Lane:
    """A topic and what has become of its dispatchers."""

    topic: str
    dice: random.Random
    kills: Counter[Moment] = field(default_factory=Counter)
    dies: Moment | None = None


class DyingCosts(CostService):
    """Asked for budgets within the transaction, after the signals were recorded: dies there."""

    async def over_daily_budget(
        self, connection: RawConnection, user_ids: Sequence[UserId]
    ) -> dict[UserId, str]:
        await asyncio.sleep(0.03)  # whatever was sent to Kafka before arrives
        die()
        return await super().over_daily_budget(connection, user_ids)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def live(plan: Plan, topic: str, dies: Moment | None) -> int:
    """Consume `topic`: until death in the second batch, or until nothing is left.

    Returns the exit code of this life.
    """
    pool = raw_pool(plan.database_url, size=1, application_name="dying")
    await pool.open()
    user, pipelines = UserId(UUID(plan.user)), [PipelineId(UUID(one)) for one in plan.pipelines]
    index = index_of(user, pipelines, plan.tickers)
    healthy = new_dispatcher(pool, index)
    dying = new_dispatcher(pool, index, costs=DyingCosts(SystemClock(), Decimal(5), Decimal(25)))
    batches = 0

    async def handle(batch: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        nonlocal batches
        batches += 1
        doomed = dying if dies is Moment.WITHIN_TRANSACTION and batches > 1 else healthy
        rejected = await doomed.handle(batch)
        if dies is Moment.BEFORE_OFFSETS and batches > 1:
            die()
        return rejected

    consumer = KafkaConsumer(
        plan.bootstrap, group=f"dying-{topic}", topics=[topic], session_ms=plan.session_ms
    )
    options = ConsumerOptions("dispatcher", in_flight=IN_FLIGHT)
    loop = MessageLoop(consumer, handle, pool, SystemClock(), options)
    running = asyncio.create_task(loop.run())
    code = _GAVE_UP
    for _ in range(_PATIENCE):
        if not dies and count(plan.database_url, _OF_TOPIC, topic) == plan.messages:
            code = 0
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await consumer.close()
    await pool.close()
    return code


def begin(plan: Plan, lane: Lane) -> int:
    """Start the lane's next life; return its process id."""
    if lane.kills[Moment.BEFORE_OFFSETS] == plan.kills:
        lane.dies = None
    elif lane.dice.randrange(_WITHIN_TRANSACTION_ONE_IN):
        lane.dies = Moment.BEFORE_OFFSETS
    else:
        lane.dies = Moment.WITHIN_TRANSACTION
    child = os.fork()
    if not child:
        os._exit(asyncio.run(live(plan, lane.topic, lane.dies)))
    return child


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    dice = {topic: random.Random(f"{plan.seed} {topic}") for topic in plan.topics}
    lanes = {begin(plan, lane := Lane(topic, dice[topic])): lane for topic in plan.topics}
    kills: Counter[Moment] = Counter()
    while lanes:
        child, status = os.wait()
        lane = lanes.pop(child)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            assert lane.dies is not None, "the last life of a lane is not killed"
            lane.kills[lane.dies] += 1
            kills[lane.dies] += 1
            lanes[begin(plan, lane)] = lane
        else:
            assert status == 0, f"{lane.topic}: a dispatcher gave up, wait status {status}"
    sys.stdout.write(f"{json.dumps(kills)}\n")


if __name__ == "__main__":
    main()
