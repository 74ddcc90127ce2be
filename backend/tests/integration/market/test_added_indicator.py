"""The how-to, followed literally: the package is installed, examined in a child, and computes; and
packages that go wrong at the examination or later hurt their own answers alone."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuber.commands import plugins
from kuber.infra.children import ChildPool
from kuber.infra.plugin_child import examine_in_child
from kuber.infra.plugins import Verdicts
from kuber.kernel.ids import UserId, new_id
from kuber.market.chart_indicators import service
from kuber.market.chart_indicators.errors import IndicatorFailed, IndicatorRefused
from kuber.market.chart_indicators.registry import GROUP, IndicatorRegistry
from kuber.market.chart_indicators.service import BarsAsked, IndicatorService
from kuber.market.types import Bars, Timeframe
from tests.fakes.bars import sample

HOW_TO = Path(__file__).parents[4] / "docs" / "how-to" / "add-an-indicator.md"
USER = UserId(new_id())
BARS = sample("AAPL").bars.last(300)
ASKED = BarsAsked("AAPL", Timeframe.D1, None, None, 100)

PLANTED = '''
import os, time
import numpy as np
from pydantic import Field, field_validator
from kuber.market.chart_indicators.indicator import *

class OneSettings(IndicatorSettings):
    period: int = Field(5, title="Period")

class Donchian(Indicator[OneSettings]):
    """Keeps to the rules under examination, and does something else on real bars."""
    metadata = IndicatorMetadata(
        name="planted", title="Planted", description="x", pane=Pane.OWN, lines={{"x": "X"}})
    Settings = OneSettings
    def compute(self, bars, settings):
        if bars.symbol == "AAPL":
            {fault}
        return {{"x": bars.close}}
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, in front of the others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("my_indicators", None)


def parts(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(), re.DOTALL)


def install(site: Path, code: str) -> None:
    """Install the package of the how-to with `code` as its module."""
    [(group, name, value)] = re.findall(
        r'entry-points\."([a-z.]+)"\]\n(\w+) = "(.+)"', parts("toml")[0]
    )
    assert group == GROUP
    (site / "my_indicators.py").write_text(code)
    info = site / "my_indicators-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-indicators\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (info / "RECORD").write_text(f"my_indicators.py,sha256={hash(code)},{len(code)}\n")


class Prices:
    """Gives the newest of some bars, and remembers how many were asked for."""

    def __init__(self) -> None:
        self.limits: list[int] = []

    async def get_bars(self, *_: object, limit: int, **__: object) -> Bars:
        self.limits.append(limit)
        return BARS.last(limit)


@asynccontextmanager
async def opened(
    tmp_path: Path, *, time_limit_s: float = 20
) -> AsyncIterator[tuple[IndicatorService, IndicatorRegistry, Prices]]:
    """The service as the API has it, on bars of AAPL."""
    registry = IndicatorRegistry.discover(Verdicts(tmp_path / "verdicts"))
    pools = [
        ChildPool(
            name,
            processes=1,
            waiting=4,
            time_limit_s=time_limit_s,
            memory_mb=500,
            keep_warm=True,
        )
        for name in ("own", "added")
    ]
    prices = Prices()
    try:
        yield IndicatorService(registry, prices, *pools), registry, prices
    finally:
        for pool in pools:
            await pool.close()


async def test_the_indicator_of_the_how_to_is_listed_and_computed(
    site: Path, tmp_path: Path
) -> None:
    install(site, parts("python")[0])
    async with opened(tmp_path) as (indicators, registry, prices):
        assert registry.problems == ()
        [row] = [one for one in indicators.kinds().items if one.provider != "built-in"]
        assert (row.name, row.title, row.provider) == ("donchian", "Donchian", "my-indicators")
        assert row.presets == [{"period": 20}, {"period": 55}]
        assert row.settings_schema["properties"]["period"]["maximum"] == 500
        answer = await indicators.values(USER, "donchian", {"period": 10}, ASKED)
        assert prices.limits == [110]
    found = json.loads(answer)
    assert (found["lines"], found["pane"], found["settings"]) == (
        ["upper", "lower"],
        "price",
        {"period": 10},
    )
    assert len(found["items"]) == 100
    assert found["items"][-1]["values"] == pytest.approx(
        [BARS.high[-10:].max(), BARS.low[-10:].min()]
    )


def test_the_test_of_the_how_to_passes(site: Path) -> None:
    install(site, parts("python")[0])
    names: dict[str, Callable[..., None]] = {}
    exec(parts("python")[1], names)  # noqa: S102
    for period in (2, 20, 500):
        names["test_it_keeps_to_the_rules"](period)


async def test_settings_that_it_does_not_take_are_named(site: Path, tmp_path: Path) -> None:
    install(site, parts("python")[0])
    async with opened(tmp_path) as (indicators, _, prices):
        with pytest.raises(IndicatorRefused) as refused:
            await indicators.values(USER, "donchian", {"period": 501, "perod": 3}, ASKED)
        assert [one.field for one in refused.value.problems] == ["period", "perod"]
        assert prices.limits == []


LOOKING_AHEAD = parts("python")[0].replace("upper[first:]", "upper[:-first]")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("class Donchian: pass", "not a subclass of Indicator"),
        ("import os\nos._exit(3)", "exit code 3"),
        ("import time\ntime.sleep(600)", "examining it took longer than 4 s"),
        (LOOKING_AHEAD, "Donchian looks ahead: its line upper at bar"),
        (
            PLANTED.format(fault="time.sleep(600)").replace('"AAPL"', '"TRIAL"'),
            "examining it took longer than 4 s",
        ),
        (
            PLANTED.format(fault="return {'x': bars.close[1:]}").replace('"AAPL"', '"TRIAL"'),
            "Planted failed: its line x has the shape (679,)",
        ),
        (
            PLANTED.format(fault="os.kill(os.getpid(), 11)").replace('"AAPL"', '"TRIAL"'),
            "ends the process (signal SIGSEGV)",
        ),
    ],
)
def test_one_that_cannot_be_used_is_left_out_with_the_reason(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    monkeypatch.setattr(
        "kuber.infra.plugins.examine_in_child",
        lambda examiner, one: examine_in_child(
            examiner, one, 4.0 if reason.endswith("4 s") else 60.0
        ),
    )
    install(site, code)
    registry = IndicatorRegistry.discover(Verdicts(tmp_path / "verdicts"))
    assert "sma" in registry.installed
    assert {one.provider for one in registry.installed.values()} == {"built-in"}
    [problem] = registry.problems
    assert problem.provider == "my-indicators"
    assert reason in problem.reason


FAULTS: dict[str, tuple[str, str]] = {
    "raises": ("raise RuntimeError('no licence')", "Planted failed: RuntimeError: no licence."),
    "exits": ("raise SystemExit(3)", "Planted failed: SystemExit: 3."),
    "shape": ("return {'x': bars.close[1:]}", "has the shape (299,), not (300,) for 300 bars"),
    "infinite": ("return {'x': bars.close * np.inf}", "its line x is infinite at bar 0"),
    "words": ("return {'x': bars.close.astype(str)}", "not numbers"),
    "hangs": ("time.sleep(600)", "Planted was given up: it took longer than 10 s."),
    "dies": ("os._exit(3)", "Planted ended its process"),
    "greedy": ("[bytearray(10**9) for _ in range(9)]", "Planted ended its process"),
}


@pytest.mark.parametrize("way", FAULTS)
async def test_a_fault_at_work_hurts_its_own_answer_alone(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    fault, words = FAULTS[way]
    install(site, PLANTED.format(fault=fault))
    monkeypatch.setattr(service, "_INLINE_BARS", 10)  # the built-in one is a child's work, too
    async with opened(tmp_path, time_limit_s=3 if way == "hangs" else 20) as (indicators, of, _):
        assert of.problems == ()
        failing = asyncio.create_task(indicators.values(USER, "planted", {}, ASKED))
        built_in = json.loads(await indicators.values(USER, "sma", {}, ASKED))
        assert len(built_in["items"]) == 100
        with pytest.raises(IndicatorFailed) as failed:
            await failing
        assert words in failed.value.detail
        again = await indicators.values(UserId(new_id()), "sma", {}, ASKED)
        assert np.isfinite(json.loads(again)["items"][-1]["values"][0])


async def test_validators_of_an_added_indicator_run_in_the_child(
    site: Path, tmp_path: Path
) -> None:
    hanging = PLANTED.format(fault="pass").replace(
        'title="Period")',
        'title="Period")\n'
        '    @field_validator("period")\n'
        "    def slow(cls, value): time.sleep(600 if value == 7 else 0); return value\n",
    )
    install(site, hanging)
    async with opened(tmp_path, time_limit_s=3) as (indicators, _, _):
        with pytest.raises(IndicatorFailed, match="Planted was given up"):
            await indicators.values(USER, "planted", {"period": 7}, ASKED)


def test_the_command_for_plugins_knows_indicators(site: Path) -> None:
    install(site, parts("python")[0])
    found: set[tuple[str, Any]] = {(one.name, kind.group) for kind, one in plugins.added()}
    assert ("donchian", GROUP) in found
