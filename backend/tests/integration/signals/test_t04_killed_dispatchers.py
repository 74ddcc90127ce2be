"""Every expected run exists once, however often dispatchers and workers are killed under load.

KUBER_TEST_NIGHTLY=1 makes it 5,000 signals in place of 2,000, and more kills.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import steps
from tests.fakes.kafka import own_broker, publish, signal
from tests.fakes.subscribers import list_tickers
from tests.fixtures.counts import Tell
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation, Program
from tests.integration.signals.test_dispatch import subscribed

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
PIPELINES = 10
TICKERS = 500 if NIGHTLY else 200
SIGNALS = PIPELINES * TICKERS
KILLS = 8 if NIGHTLY else 3
"""How often each kind is killed."""
PART = SIGNALS // (2 * KILLS + 1)
"""So many signals are sent before each kill, and as many after the last."""
SEED = 20261121


@pytest.fixture
def crowded(new_installation: NewInstallation, tmp_path: Path) -> Iterator[Installation]:
    with own_broker(tmp_path) as kafka:
        made = new_installation(kafka=kafka, KUBER_RUNS_PER_PROCESS="8")
        api = made.api()
        api.wait_ready()
        names = [ticker for number in range(PIPELINES) for ticker in tickers_of(number)]
        list_tickers(made.database_url, names)
        yield made


def tickers_of(number: int) -> tuple[str, ...]:
    return tuple(f"T{number}{ticker:03d}" for ticker in range(TICKERS))


@pytest.mark.timeout(600)
def test_two_dispatchers_and_two_workers_under_random_kill_lose_and_double_nothing(
    crowded: Installation, tell: Tell
) -> None:
    trader = crowded.sign_up()
    crowded.allow(trader, queued_runs=100_000)
    for number in range(PIPELINES):
        subscribed(trader, 50, tickers=tickers_of(number), graph=steps(work={}))
    programs = _start(crowded)
    messages = [
        signal(ticker, confidence=80, source="storm")
        for pair in zip(*(tickers_of(number) for number in range(PIPELINES)), strict=True)
        for ticker in pair
    ]
    kills = _kill_at_random(crowded, programs, messages)
    until(
        lambda: _finished(crowded) == SIGNALS,
        lambda: f"{SIGNALS} finished runs, not {_counts(crowded)}",
        within_s=400,
    )
    counts = _counts(crowded)
    tell(f"T04: {SIGNALS} signals, kills in mid-work {dict(kills)} with seed {SEED}: {counts}")
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


def _kill_at_random(
    crowded: Installation, programs: dict[str, list[Program]], messages: list[JsonObject]
) -> Counter[str]:
    """Send the messages in parts, and kill one program as soon as it is at work on each part.

    Returns how often each kind was killed while it had work left.
    """
    dice = random.Random(SEED)
    order = ["dispatcher", "worker"] * KILLS
    dice.shuffle(order)
    in_mid_work: Counter[str] = Counter()
    for number, kind in enumerate(order):
        before = _done(crowded, kind)
        publish(crowded.kafka_bootstrap, "signals.raw", *messages[number * PART :][:PART])
        until(
            partial(_is_beyond, crowded, kind, before), f"more work of a {kind} than {before}", 200
        )
        given = (number + 1) * PART if kind == "dispatcher" else _recorded(crowded)
        in_mid_work[kind] += _done(crowded, kind) < given
        place = dice.randrange(2)
        programs[kind][place].kill()
        programs[kind][place] = _one(crowded, kind)
    publish(crowded.kafka_bootstrap, "signals.raw", *messages[len(order) * PART :])
    return in_mid_work


def _done(crowded: Installation, kind: str) -> int:
    return _recorded(crowded) if kind == "dispatcher" else _finished(crowded)


def _is_beyond(crowded: Installation, kind: str, before: int) -> bool:
    return _done(crowded, kind) > before


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
