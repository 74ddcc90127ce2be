"""Every expected run exists once, however often dispatchers and workers are killed under load."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.graphs import steps
from tests.fakes.kafka import own_broker, publish, signal
from tests.fakes.subscribers import list_tickers
from tests.fixtures.counts import Tell
from tests.fixtures.workers import Installation, NewInstallation, Program
from tests.integration.signals.test_dispatch import settle, subscribed

PIPELINES = 10
TICKERS = 500
SEED = 20261121
SIGNALS = PIPELINES * TICKERS
KILL_EVERY_S = 2.5
FINISHED_WITHIN_S = 150


@pytest.fixture
def crowded(new_installation: NewInstallation, tmp_path: Path) -> Iterator[Installation]:
    with own_broker(tmp_path) as kafka:
        made = new_installation(kafka=kafka, KUBER_RUNS_PER_PROCESS="8")
        api = made.api()
        made.beat()
        api.wait_ready()
        names = [ticker for number in range(PIPELINES) for ticker in tickers_of(number)]
        list_tickers(made.database_url, names)
        yield made


def tickers_of(number: int) -> tuple[str, ...]:
    return tuple(f"T{number}{ticker:03d}" for ticker in range(TICKERS))


def test_two_dispatchers_and_two_workers_under_random_kill_lose_and_double_nothing(
    crowded: Installation, tell: Tell
) -> None:
    trader = crowded.sign_up()
    crowded.allow(trader, queued_runs=100_000)
    for number in range(PIPELINES):
        subscribed(trader, 50, tickers=tickers_of(number), graph=steps(work={}))
    programs = _start(crowded)
    settle()
    messages = [
        signal(ticker, confidence=80, source="storm")
        for pair in zip(*(tickers_of(number) for number in range(PIPELINES)), strict=True)
        for ticker in pair
    ]
    dice = random.Random(SEED)
    kills, sent, began = {"dispatcher": 0, "worker": 0}, 0, time.monotonic()
    while True:
        if sent < SIGNALS:
            publish(crowded.kafka_bootstrap, "signals.raw", *messages[sent : sent + 500])
            sent += 500
        if _finished(crowded) == SIGNALS:
            break
        assert time.monotonic() - began < FINISHED_WITHIN_S, _counts(crowded)
        if sent < SIGNALS or _recorded(crowded) < SIGNALS:
            kind, place = dice.choice(("dispatcher", "worker")), dice.randrange(2)
            programs[kind][place].kill()
            kills[kind] += 1
            programs[kind][place] = _one(crowded, kind)
        time.sleep(KILL_EVERY_S)
    counts = _counts(crowded)
    tell(f"T04: {SIGNALS} signals, {kills} kills with seed {SEED}: {counts}")
    assert kills["dispatcher"]
    assert kills["worker"]
    assert counts == {
        "signals": SIGNALS,
        "matches": SIGNALS,
        "runs": SIGNALS,
        "succeeded": SIGNALS,
        "pairs": SIGNALS,
        "dead": 0,
    }


def _start(crowded: Installation) -> dict[str, list[Program]]:
    programs = {kind: [_one(crowded, kind) for _ in range(2)] for kind in ("dispatcher", "worker")}
    for program in [*programs["dispatcher"], *programs["worker"]]:
        program.wait_ready()
    return programs


def _one(crowded: Installation, kind: str) -> Program:
    if kind == "worker":
        return crowded.worker(wait=False)
    return crowded.services("dispatcher", wait=False)


def _finished(crowded: Installation) -> int:
    return _count(crowded, "runs where status = 'succeeded'")


def _recorded(crowded: Installation) -> int:
    return _count(crowded, "signals")


def _count(crowded: Installation, what: str) -> int:
    [[count]] = crowded.query(f"select count(*) from {what}")
    assert isinstance(count, int)
    return count


def _counts(crowded: Installation) -> dict[str, int]:
    return {
        "signals": _recorded(crowded),
        "matches": _count(crowded, "signal_matches where outcome = 'started'"),
        "runs": _count(crowded, "runs"),
        "succeeded": _finished(crowded),
        "pairs": _count(crowded, "(select distinct pipeline_id, symbol from runs) as pair"),
        "dead": _count(crowded, "dead_letters"),
    }
