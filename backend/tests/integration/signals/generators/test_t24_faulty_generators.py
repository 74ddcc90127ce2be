"""T24: what one generator's code does, or costs, does not reach the others."""

import asyncio
import sys
import time
from importlib.metadata import EntryPoint
from typing import Any
from uuid import uuid4

import pytest
from pydantic import JsonValue

from kuber.kernel.ids import UserId
from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.feed import SLICE
from kuber.signals.generators.registry import GROUP, GeneratorRegistry
from kuber.signals.generators.runner import GeneratorRunner
from kuber.signals.generators.schemas import GeneratorCheck
from kuber.signals.generators.service import GeneratorService
from kuber.signals.types import SignalDirection
from tests.fakes.bars import utc
from tests.integration.signals.generators.conftest import Workshop
from tests.integration.signals.generators.test_runner import add, days, golden, person


class FaultyConfig(GeneratorConfig):
    where: str


class Faulty(SignalGenerator[FaultyConfig]):
    """Fails where its settings say, from 2008-01-10 on where it is on a bar."""

    metadata = GeneratorMetadata("faulty", "Faulty", "Fails.", "custom")
    Config = FaultyConfig

    def __init__(self, config: FaultyConfig) -> None:
        super().__init__(config)
        fail(config.where == "constructor")

    @property
    def warm_up(self) -> int:
        fail(self.config.where == "warm_up")
        return 10

    def detector(self, ticker: str) -> Detector:
        fail(self.config.where == "detector")
        return _Failing(ticker, self.config.where)


class _Failing(Detector):
    def __init__(self, ticker: str, where: str) -> None:
        super().__init__(ticker)
        self._where = where

    def on_bar(self, bar: Bar) -> Emission | None:
        if bar.closed_at.isoformat() < "2008-01-10":
            return None
        fail(self._where == "bar")
        if self._where == "exit":
            sys.exit(1)
        bad: dict[str, Any] = {
            "metadata": {"when": bar.closed_at},
            "zero": {"word": "a\x00b"},
            "confidence": {},
        }
        confidence = float("nan") if self._where == "confidence" else 50.0
        return Emission(
            self.ticker, SignalDirection.BULLISH, confidence, bar.closed_at, bad[self._where]
        )


def fail(really: bool) -> None:
    if really:
        raise RuntimeError("by the plug-in")


class Slow(SignalGenerator[GeneratorConfig]):
    """Takes 5 ms for each of 200 bars: far longer altogether than the lease of the test."""

    metadata = GeneratorMetadata("slow", "Slow", "Takes its time.", "custom")

    @property
    def warm_up(self) -> int:
        return 4 * SLICE

    def detector(self, ticker: str) -> Detector:
        return _Slow(ticker)


class _Slow(Detector):
    def on_bar(self, bar: Bar) -> Emission | None:
        time.sleep(0.005)
        return None


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> GeneratorRegistry:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Faulty.__module__])
    own = [EntryPoint(name, f"{__name__}:{name}", GROUP) for name in ("Faulty", "Slow")]
    built_in = {"golden_cross": "GoldenCross", "expression": "Expression"}
    catalog = "kuber.signals.generators.catalog"
    others = [EntryPoint(at, f"{catalog}.{at}:{name}", GROUP) for at, name in built_in.items()]
    return GeneratorRegistry([*own, *others])


def runner_with(workshop: Workshop, registry: GeneratorRegistry, **options: Any) -> GeneratorRunner:
    workshop.service = GeneratorService(registry, workshop.market, workshop.clock)
    given: dict[str, Any] = {"claim_every_s": 0.0, **options}
    return GeneratorRunner(
        workshop.database, workshop.market, registry, workshop.clock, "one", **given
    )


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("constructor", "RuntimeError: by the plug-in"),
        ("warm_up", "RuntimeError: by the plug-in"),
        ("detector", "AAPL: RuntimeError: by the plug-in"),
        ("bar", "AAPL: RuntimeError: by the plug-in"),
        ("exit", "AAPL: SystemExit: 1"),
        ("metadata", "AAPL: TypeError: Object of type datetime is not JSON serializable"),
        ("zero", "AAPL: ValueError: the metadata has a zero character"),
        ("confidence", "AAPL: ValueError: the confidence nan is not from 0 to 100"),
    ],
)
async def test_a_generator_that_fails_stops_nobody_else_and_its_owner_reads_why(
    workshop: Workshop, registry: GeneratorRegistry, where: str, words: str
) -> None:
    ann, runner = await person(workshop), runner_with(workshop, registry)
    faulty = await add(workshop, ann, golden(kind="faulty", config={"where": "nowhere"}))
    sound = await add(workshop, ann, golden(config={"fast": 2, "slow": 3}))
    await workshop.query(
        "update signal_generators set config = jsonb_build_object('where', %s::text) where id = %s",
        where,
        faulty,
    )
    assert await days(workshop, 20, runner) > 2
    assert runner.status() | {"signals": 0} == {
        "generators": 1,
        "failing": 1,
        "signals": 0,
        "without_bars": {},
    }
    async with workshop.database.transaction() as session:
        shown = {one.id: one for one in (await workshop.service.page(session, ann)).items}
    assert shown[sound].unavailable is None
    assert words in (shown[faulty].unavailable or "")


async def test_a_generator_that_works_again_misses_nothing_and_its_failure_is_forgotten(
    workshop: Workshop, registry: GeneratorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, runner = await person(workshop), runner_with(workshop, registry)
    faulty = await add(workshop, ann, golden(kind="faulty", config={"where": "bar"}))
    await days(workshop, 12, runner)
    monkeypatch.setattr(
        _Failing,
        "on_bar",
        lambda self, bar: self.emission(bar, SignalDirection.BULLISH, {"seen": 50.0}),
    )
    assert await runner.run_once() == 0, "it rests for a minute"
    assert await days(workshop, 1, runner) > 5, "from the first bar on which it had failed"
    async with workshop.database.transaction() as session:
        assert (await workshop.service.get(session, ann, faulty)).unavailable is None


async def test_the_lease_is_renewed_and_others_work_during_a_long_look_back(
    workshop: Workshop, registry: GeneratorRegistry
) -> None:
    ann = await person(workshop)
    runner = runner_with(workshop, registry, lease_s=0.6)
    await add(workshop, ann, golden(kind="slow", config={}, symbols=["AAPL"]))
    await runner.run_once()
    looking = asyncio.create_task(days(workshop, 1, runner))
    free = 0
    while not looking.done():
        await asyncio.sleep(0.02)
        rows = await workshop.query(
            "select 1 from signal_generators where leased_until < clock_timestamp()"
        )
        free += len(rows)
    await looking
    assert free == 0


async def test_an_instance_takes_no_more_series_than_it_has_room_for(
    workshop: Workshop, registry: GeneratorRegistry
) -> None:
    ann = await person(workshop)
    runner = runner_with(workshop, registry, max_series=7)
    for _ in range(3):
        await add(workshop, ann, golden())
    await add(workshop, ann, golden(symbols=["AAPL"]))
    await runner.run_once()
    assert runner.status()["generators"] == 3, "two of three series, and one of one"


@pytest.mark.parametrize(
    ("kind", "config", "problems"),
    [
        ("expression", {"expression": "stddev(close * 1e200, 5) > 0"}, []),
        ("expression", {"expression": "sma(close * 1e306, 500) > 0"}, []),
        (
            "faulty",
            {"where": "bar"},
            ["The generator failed on AAPL: RuntimeError: by the plug-in"],
        ),
        ("faulty", {"where": "warm_up"}, ["Faulty failed: RuntimeError: by the plug-in"]),
    ],
)
async def test_trying_settings_out_never_raises(
    workshop: Workshop,
    registry: GeneratorRegistry,
    kind: str,
    config: dict[str, JsonValue],
    problems: list[str],
) -> None:
    runner_with(workshop, registry)
    workshop.clock.instant = utc("2012-01-04")
    body = GeneratorCheck(kind=kind, config=config, symbol="AAPL")
    verdict = await workshop.service.check(UserId(uuid4()), body)
    assert [one.message for one in verdict.problems] == problems
