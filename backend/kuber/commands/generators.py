"""`kuber generators`: replay stored history, and begin a generator of one's own."""

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings

if TYPE_CHECKING:
    from kuber.signals.generators.replay import ReplayPlan


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the command line says about a replay."""

    kind: str
    symbols: str
    start: str
    end: str
    timeframe: str
    config: str
    step_days: int


def replay(settings: StackSettings, options: ReplayOptions) -> int:
    """Announce what a generator would have sent over stored history; return the exit code."""
    from kuber.kernel.errors import KuberError
    from kuber.signals.generators.streams import Overtaken

    try:
        plan = _plan(options)
    except ValueError as error:
        say.failure(str(error))
        return 2
    use_running_stack(settings)
    try:
        announced = asyncio.run(_replay(plan))
    except KuberError as error:
        say.failure(error.detail)
        for problem in error.problems:
            say.failure(f"  {problem.message} {problem.remedy}")
        return 1
    except Overtaken:
        say.failure("The same replay runs elsewhere at this time.")
        return 1
    except KeyboardInterrupt:
        say.failure("Stopped. The same command goes on from here.")
        return 130
    say.line(
        f"Replayed {plan.kind} on {', '.join(plan.symbols)} from {options.start} to {options.end}:"
        f" {announced} signals."
    )
    return 0


def _plan(options: ReplayOptions) -> "ReplayPlan":
    """Return the plan; raises ValueError saying which option is wrong."""
    from kuber.market.symbols import canonical_symbol
    from kuber.market.types import Timeframe
    from kuber.signals.generators.replay import ReplayPlan

    try:
        config = json.loads(options.config)
    except ValueError as error:
        raise ValueError(f"--config is not JSON: {error}.") from error
    if not isinstance(config, dict):
        raise ValueError('--config must be a JSON object such as {"fast": 20, "slow": 50}.')
    if options.timeframe not in list(Timeframe):
        raise ValueError(f"--timeframe must be one of {', '.join(Timeframe)}.")
    start, end = _instant("--from", options.start), _instant("--to", options.end)
    if start >= end:
        raise ValueError("--from must be before --to.")
    symbols = tuple(dict.fromkeys(canonical_symbol(one) for one in options.symbols.split(",")))
    return ReplayPlan(
        kind=options.kind,
        config=config,
        symbols=symbols,
        timeframe=Timeframe(options.timeframe),
        start=start,
        end=end,
        step=timedelta(days=options.step_days),
    )


def _instant(option: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{option} must be a date such as 2004-01-01, or a time such as 2004-01-01T14:30:00Z."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


async def _replay(plan: "ReplayPlan") -> int:
    from kuber.bootstrap.parts import market_provider
    from kuber.infra.db import Database, raw_pool
    from kuber.infra.plugins import Verdicts
    from kuber.kernel.clock import FixedClock, SystemClock
    from kuber.market.providers.answer_tables import PostgresAnswers
    from kuber.market.providers.answers import ProviderAnswers
    from kuber.market.service import MarketService
    from kuber.signals.generators.registry import GeneratorRegistry
    from kuber.signals.generators.replay import Replay
    from kuber.signals.generators.streams import PLATFORM
    from kuber.startup import observe, reveal, take_settings

    settings = take_settings()
    observe(settings, "replay")
    generator = GeneratorRegistry.discover(Verdicts.of(settings.home)).make(plan.kind, plan.config)
    clock = FixedClock(SystemClock().now())
    url = reveal(settings.database_url)
    async with AsyncExitStack() as stack:
        pool = raw_pool(url, size=2, application_name="kuber-replay")
        await pool.open(wait=False)
        stack.push_async_callback(pool.close)
        database = Database(url, pool_size=1, application_name="kuber-replay")
        stack.push_async_callback(database.close)
        answers = ProviderAnswers(PostgresAnswers(pool), clock)
        market = MarketService(pool, clock, market_provider(settings, clock, answers))
        for symbol in plan.symbols:  # before the clock goes back, so that a wrong one is told
            await market.bars(PLATFORM, symbol, plan.timeframe, clock.now(), 1)
        return await Replay(plan, generator, database, market, clock).run()


def new(folder: Path, name: str) -> int:
    """Write a package with a generator to begin with into `folder`; return the exit code."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        say.failure("The name must be of small letters, digits and _, such as gap_up.")
        return 2
    target = folder / name.replace("_", "-")
    if target.exists():
        say.failure(f"{target} is there already.")
        return 1
    words = {
        "kind": name,
        "project": name.replace("_", "-"),
        "package": f"{name}_generator",
        "cls": "".join(part.title() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
    }
    for path, text in _files():
        file = target / Template(path).substitute(words)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(words))
    say.line(f"Wrote {target}. Add it with: ./kuber plugins add {target}")
    return 0


def _files() -> Sequence[tuple[str, str]]:
    return (
        ("pyproject.toml", _PYPROJECT),
        ("$package/__init__.py", '"""A signal generator for Kuber."""\n'),
        ("$package/generator.py", _GENERATOR),
        ("tests/test_generator.py", _TEST),
    )


_PYPROJECT = """\
[build-system]
# uv carries this back end inside itself: the installation downloads nothing.
requires = ["uv_build>=0.13.8,<0.14"]
build-backend = "uv_build"

[project]
name = "$project"
version = "1.0.0"
requires-python = ">=3.11"
# Kuber itself is not listed: the installation that loads the generator brings it.
dependencies = []

[project.entry-points."kuber.generators"]
$kind = "$package.generator:$cls"

[tool.uv.build-backend]
module-name = "$package"
module-root = ""

[tool.pytest.ini_options]
pythonpath = ["."]
"""

_GENERATOR = '''\
"""$title: the close passes its average."""

from pydantic import Field

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
    share,
)
from kuber.signals.generators.streaming import Crossing, Sma
from kuber.signals.types import SignalDirection


class ${cls}Config(GeneratorConfig):
    """The settings. Their JSON Schema is the form."""

    period: int = Field(20, ge=2, le=500, title="Average", description="Bars.")


class $cls(SignalGenerator[${cls}Config]):
    """BULLISH when the close rises above its average, BEARISH when it falls below."""

    metadata = GeneratorMetadata(
        kind="$kind",
        name="$title",
        description="The close passes its average.",
        signal_type="custom",
    )
    Config = ${cls}Config

    @property
    def warm_up(self) -> int:
        return self.config.period + 20

    def detector(self, ticker: str) -> Detector:
        return _Following(ticker, self.config)


class _Following(Detector):
    def __init__(self, ticker: str, config: ${cls}Config) -> None:
        super().__init__(ticker)
        self._average = Sma(config.period)
        self._crossing = Crossing()

    def on_bar(self, bar: Bar) -> Emission | None:
        average = self._average.update(bar.close)
        crossed = self._crossing.update(bar.close, average)
        if not crossed:
            return None
        return self.emission(
            bar,
            SignalDirection.BULLISH if crossed > 0 else SignalDirection.BEARISH,
            {"crossing": 60.0, "distance": 40.0 * share(abs(bar.close / average - 1), 0.02)},
            close=bar.close,
            average=average,
        )
'''

_TEST = """\
from datetime import UTC, datetime, timedelta

from kuber.signals.generators.base import Bar
from $package.generator import $cls, ${cls}Config


def test_a_crossing_is_told_once() -> None:
    detector = $cls(${cls}Config(period=3)).detector("AAPL")
    first = datetime(2026, 1, 2, 21, tzinfo=UTC)
    closes = [10.0, 9.0, 8.0, 7.0, 12.0, 13.0]
    found = [
        detector.on_bar(Bar(first + timedelta(days=day), close, close, close, close, 1.0))
        for day, close in enumerate(closes)
    ]
    assert [emission is not None for emission in found] == [False] * 4 + [True, False]
"""
