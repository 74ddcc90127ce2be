"""What the dispatcher could not use is put away, shown and sent again, from the command line."""

import json
import subprocess
import sys
from collections.abc import Sequence
from uuid import uuid4

import pytest

from kuber.infra.db import JsonObject, raw_pool
from kuber.infra.dead_letters import Rejected
from kuber.infra.kafka import IncomingMessage
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import SystemClock
from kuber.workers.consumer import ConsumerOptions, MessageLoop
from tests.fakes.kafka import publish, signal
from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import Installation
from tests.integration.signals.test_dispatch import come, settle, signals, subscribed

pytestmark = pytest.mark.kafka


def dead_letters(made: Installation, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as an administrator of `made` would."""
    return subprocess.run(
        (sys.executable, "-m", "kuber.cli", "dead-letters", *arguments),
        env=made.environment(),
        cwd=made.home,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )


def ids_of(made: Installation, where: str, *values: object) -> list[str]:
    rows = made.query(f"select id from dead_letters where {where} order by id", *values)
    return [str(row[0]) for row in rows]


def test_a_broken_message_is_put_away_shown_and_still_broken_when_it_is_sent_again(
    signalled: Installation,
) -> None:
    mark = f"broken {uuid4()}"
    holds_mark = "payload like %s"
    publish(signalled.kafka_bootstrap, "signals.raw", signal(confidence=101, source=mark))
    [letter] = until(lambda: ids_of(signalled, holds_mark, f"%{mark}%".encode()), "the dead letter")

    listed = dead_letters(signalled, "list", "--consumer", "dispatcher")
    assert listed.returncode == 0, listed.stderr
    [line] = [line for line in listed.stdout.splitlines() if letter in line]
    assert line.split()[3:] == ["dispatcher", "signals.raw", "bad_schema", "no"]

    shown = dead_letters(signalled, "show", letter)
    assert shown.returncode == 0, shown.stderr
    assert "tickers.0.confidence" in shown.stdout
    assert mark in shown.stdout

    replayed = dead_letters(signalled, "replay", letter)
    assert replayed.returncode == 0, replayed.stderr
    assert "Will be sent to signals.raw" in replayed.stdout
    until(
        lambda: len(ids_of(signalled, holds_mark, f"%{mark}%".encode())) == 2,
        "the dead letter of what was sent again",
    )
    assert ids_of(signalled, "replayed_at is not null and id = %s::uuid", letter) == [letter]


async def test_a_message_that_a_fault_of_ours_stopped_is_handled_once_however_often_it_is_sent(
    signalled: Installation,
) -> None:
    trader, mark = signalled.sign_up(), f"good {uuid4()}"
    subscribed(trader, 0)
    settle(signalled)
    await faulty_dispatcher_takes(signalled, signal(source=mark))
    [letter] = ids_of(signalled, "payload like %s", f"%{mark}%".encode())
    assert "RuntimeError: a fault of ours" in dead_letters(signalled, "show", letter).stdout
    assert signals(trader, source=mark) == []

    for _ in range(2):
        assert dead_letters(signalled, "replay", letter).returncode == 0
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source=f"after {mark}"))
    come(trader, f"after {mark}")

    [handled] = come(trader, mark)
    [match] = handled["matches"]
    assert match["outcome"] == "started"
    assert trader.wait(match["execution_id"])["status"] == "succeeded"
    assert signalled.query("select count(*) from runs where signal_id = %s", handled["id"]) == [
        (1,)
    ]


async def faulty_dispatcher_takes(made: Installation, message: JsonObject) -> None:
    """Let a dispatcher with a fault give a message up, as one would before its repair."""

    async def handle(_: Sequence[IncomingMessage]) -> Sequence[Rejected]:
        raise RuntimeError("a fault of ours")

    pool = raw_pool(made.database_url, size=1, application_name="test")
    await pool.open()
    consumer = KafkaConsumer(made.kafka_bootstrap, group="faulty", topics=["audit.event"])
    options = ConsumerOptions("dispatcher", attempts=2, backoff=Backoff(0.01, 60))
    loop = MessageLoop(consumer, handle, pool, SystemClock(), options)
    value = json.dumps(message).encode()
    await loop.take([IncomingMessage("signals.raw", 0, 10**6, 1, b"AAPL", value, {})])
    assert loop.rejected == 1
    await consumer.close()
    await pool.close()


def test_an_unknown_dead_letter_is_named(signalled: Installation) -> None:
    for action in ("show", "replay"):
        answer = dead_letters(signalled, action, str(uuid4()))
        assert answer.returncode == 1
        assert "There is no dead letter" in answer.stderr
