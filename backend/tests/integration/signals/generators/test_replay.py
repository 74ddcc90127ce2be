"""Replaying the real history: every crossing once, also when the process is killed on the way."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import talib

from kuber.infra.db import JsonObject
from kuber.market.types import Timeframe, to_datetime
from kuber.signals.generators.replay import Replay, ReplayPlan
from kuber.signals.generators.seeding import seed_generators
from tests.fakes.bars import sample, utc
from tests.fakes.generator_bars import REGISTRY
from tests.fixtures.counts import Tell
from tests.fixtures.waiting import LIMIT_S, until_async
from tests.integration.signals.generators.conftest import Workshop

BACKEND = Path(__file__).parents[4]
SYMBOLS = ("AAPL", "MSFT", "GOOG")
PERIOD = ("--from", "2004-01-01", "--to", "2013-03-01T23:00:00Z")

Crossing = tuple[float, str, str]


def crossings_by_the_library() -> list[Crossing]:
    """Return the days on which TA-Lib's SMA 50 and SMA 200 of the raw file change sides.

    The file is as traded, so the prices before Apple's split of 2005 are halved first.
    """
    found = []
    for symbol in SYMBOLS:
        bars = sample(symbol).bars
        close = bars.close.copy()
        if symbol == "AAPL":
            close[bars.closed_at < np.datetime64("2005-02-28")] /= 2
        above = talib.SMA(close, 50) > talib.SMA(close, 200)
        for day in range(200, len(close)):
            if above[day] != above[day - 1]:
                closed_at = to_datetime(bars.closed_at[day]).timestamp()
                found.append((closed_at, symbol, "BULLISH" if above[day] else "BEARISH"))
    return sorted(found)


def told(signals: list[JsonObject]) -> list[Crossing]:
    return sorted(
        (one["timestamp"], one["tickers"][0]["ticker"], one["tickers"][0]["signal"])
        for one in signals
    )


def replay(workshop: Workshop, home: Path, *more: str) -> "subprocess.Popen[str]":
    """Start `./kuber generators replay` as a process of its own."""
    return subprocess.Popen(
        (
            *(sys.executable, "-m", "kuber.cli", "generators", "replay"),
            *("--kind", "golden_cross", "--symbols", ",".join(SYMBOLS), *PERIOD, *more),
        ),
        cwd=BACKEND,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBER_HOME": str(home),
            "KUBER_DATABASE_URL": workshop.url,
            "KUBER_REDIS_URL": "redis://127.0.0.1:1/0",
            "KUBER_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "KUBER_JWT_SECRET": "a secret of the test session, 32+ characters",
            "KUBER_LOG_LEVEL": "WARNING",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_a_replay_tells_exactly_the_crossings_of_the_library_each_once(
    workshop: Workshop, tmp_path: Path, tell: Tell
) -> None:
    expected = crossings_by_the_library()
    process = replay(workshop, tmp_path, "--step-days", "30")
    printed, errors = process.communicate(timeout=2 * LIMIT_S)
    assert process.returncode == 0, errors
    signals = await workshop.announced()
    assert told(signals) == expected
    assert f"{len(expected)} signals" in printed
    assert [one["timestamp"] for one in signals] == sorted(one["timestamp"] for one in signals)
    tell(f"{len(expected)} crossings of {len(SYMBOLS)} symbols")


async def test_a_replay_killed_twice_on_the_way_misses_and_doubles_nothing(
    workshop: Workshop, tmp_path: Path, tell: Tell
) -> None:
    expected = crossings_by_the_library()
    seen = 0
    for share in (0.3, 0.6):
        process = replay(workshop, tmp_path, "--step-days", "4")
        seen = await until_announced(workshop, int(len(expected) * share), process)
        process.kill()
        process.communicate()
        assert process.returncode == -9, "it was still on its way"
    assert seen < len(expected)
    process = replay(workshop, tmp_path, "--step-days", "30")
    printed, errors = process.communicate(timeout=2 * LIMIT_S)
    assert process.returncode == 0, errors
    signals = await workshop.announced()
    assert told(signals) == expected
    assert len({one["signal_id"] for one in signals}) == len(expected)
    assert await workshop.query("select * from generator_cursors") == []
    tell(f"killed at {seen} of {len(expected)}; then: {printed.strip()}")


async def until_announced(workshop: Workshop, count: int, process: "subprocess.Popen[str]") -> int:
    async def reached() -> int:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        return found if (found := len(await workshop.announced())) >= count else 0

    return await until_async(reached, f"{count} signals")


async def test_done_again_a_replay_sends_the_same_ids(workshop: Workshop) -> None:
    plan = ReplayPlan(
        "macd_crossover", {}, ("AAPL",), Timeframe.D1, utc("2006-01-01"), utc("2007-01-01")
    )
    for _ in range(2):
        generator = REGISTRY.make(plan.kind, plan.config)
        await Replay(plan, generator, workshop.database, workshop.market, workshop.clock).run()
    signals = await workshop.announced()
    ids = [one["signal_id"] for one in signals]
    assert len(ids) == 2 * len(set(ids)) > 10
    assert all(one["metadata"]["replay"] for one in signals)
    assert min(one["timestamp"] for one in signals) > utc("2006-01-01").timestamp(), (
        "nothing from before the stretch"
    )


async def test_a_replay_of_what_was_sent_live_has_the_same_ids(workshop: Workshop) -> None:
    async with workshop.database.transaction() as session:
        await seed_generators(session, REGISTRY, workshop.clock)
    start, runner = workshop.clock.now(), workshop.runner(kinds=("rsi",))
    await runner.run_once()
    workshop.clock.advance(timedelta(days=200))
    await runner.run_once()
    live = {one["signal_id"] for one in await workshop.announced()}
    plan = ReplayPlan("rsi", {}, SYMBOLS, Timeframe.D1, start, workshop.clock.now())
    generator = REGISTRY.make("rsi", {"period": 14})
    await Replay(plan, generator, workshop.database, workshop.market, workshop.clock).run()
    assert {one["signal_id"] for one in await workshop.announced()} == live
    assert len(live) > 5


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--symbols", "AAPL,NOSUCH"), "There are no prices for NOSUCH"),
        (("--config", '{"fast": 1}'), "Choose a value of at least 2"),
    ],
)
async def test_a_wrong_option_is_named(
    workshop: Workshop, tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    process = replay(workshop, tmp_path, *more)
    _, errors = process.communicate(timeout=2 * LIMIT_S)
    assert process.returncode in (1, 2)
    assert words in errors
    assert "Traceback" not in errors
    assert await workshop.announced() == []
