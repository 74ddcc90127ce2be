"""Indicators over HTTP: which there are, and the values of any of them."""

import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from tests.fakes.api_container import browser
from tests.integration.api.conftest import sign_in

KINDS = "/api/v1/market/indicator-kinds"
NAMED = "/api/v1/market/indicators"
SERIES = "/api/v1/market/indicator-series"
BARS: dict[str, str | int] = {"symbol": "NVDA", "timeframe": "1d", "limit": 30}

PACKAGE = """
from kuber.market.chart_indicators.indicator import *

class Middle(Indicator[IndicatorSettings]):
    metadata = IndicatorMetadata(
        name="middle", title="Middle", description="Middle of a bar.", pane=Pane.PRICE,
        lines={"middle": "Middle"})
    def compute(self, bars, settings):
        if bars.symbol == "MSFT":
            raise RuntimeError("not this one")
        return {"middle": (bars.high + bars.low) / 2}

class Ahead(Middle):
    metadata = Middle.metadata.model_copy(update={"name": "ahead", "title": "Ahead"})
    def compute(self, bars, settings):
        return {"middle": bars.close + bars.close[-1]}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with a sound indicator, and one that looks ahead."""
    folder = tmp_path / "site"
    info = folder / "added_lines-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "added_lines.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: added-lines\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[kuber.indicators]\nahead = added_lines:Ahead\nmiddle = added_lines:Middle\n"
    )
    (info / "RECORD").write_text(f"added_lines.py,sha256={hash(PACKAGE)},{len(PACKAGE)}\n")
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("added_lines", None)


@pytest.fixture
async def added(site: None, settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A person on an API with that package."""
    application = create_app(partial(open_api, settings.model_copy(update={"home": tmp_path})))
    async with application.router.lifespan_context(application), browser(application) as opened:
        await sign_in(opened, "ann@example.com")
        yield opened


async def get(client: httpx.AsyncClient, name: str, **asked: Any) -> httpx.Response:
    return await client.get(SERIES, params=BARS | {"name": name} | asked)


async def test_the_built_in_ones_are_listed_with_their_forms(ann: httpx.AsyncClient) -> None:
    rows = {one["name"]: one for one in (await ann.get(KINDS)).json()["items"]}
    assert {"sma", "ema", "bollinger", "rsi"} <= rows.keys()
    assert rows["sma"]["presets"] == [{"period": 20}, {"period": 50}, {"period": 200}]
    assert rows["rsi"]["pane"] == "own"
    assert (rows["rsi"]["lowest"], rows["rsi"]["highest"]) == (0, 100)
    assert rows["bollinger"]["lines"][0] == {"name": "upper", "title": "Upper band"}
    assert rows["bollinger"]["settings_schema"]["properties"]["width"]["default"] == 2


async def test_both_addresses_of_a_built_in_one_say_the_same(ann: httpx.AsyncClient) -> None:
    by_name = (await ann.get(NAMED, params={**BARS, "name": "sma", "period": 20})).json()
    any_one = (await get(ann, "sma", settings='{"period": 20}')).json()
    assert by_name.pop("period") == 20
    assert by_name.pop("width") is None
    assert by_name == any_one


async def test_an_added_indicator_stands_at_the_bars_of_the_chart(added: httpx.AsyncClient) -> None:
    bars = (await added.get("/api/v1/market/bars", params=BARS)).json()["items"]
    answer = await get(added, "middle")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["title"], found["lines"]) == ("Middle", ["middle"])
    assert [one["time"] for one in found["items"]] == [one["time"] for one in bars]
    last = bars[-1]
    middle = (float(last["high"]) + float(last["low"])) / 2
    assert found["items"][-1]["values"][0] == pytest.approx(middle)


async def test_one_that_looks_ahead_is_left_out_and_named(added: httpx.AsyncClient) -> None:
    names = [one["name"] for one in (await added.get(KINDS)).json()["items"]]
    assert names[-1] == "middle"
    assert "ahead" not in names
    assert (await get(added, "ahead")).status_code == 422
    [problem] = (await added.get("/api/v1/system/plugin-problems")).json()["items"]
    assert (problem["package"], problem["name"]) == ("added-lines", "ahead")


async def test_a_fault_of_an_added_indicator_is_its_own_answer(added: httpx.AsyncClient) -> None:
    answer = await get(added, "middle", symbol="MSFT")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "indicator_failed")
    assert problem["detail"] == "Middle failed: RuntimeError: not this one."
    assert (await get(added, "sma", symbol="MSFT")).status_code == 200
    assert (await get(added, "middle")).status_code == 200


@pytest.mark.parametrize(
    ("name", "asked", "status", "code", "field"),
    [
        ("tea_leaves", {}, 422, "unknown_indicator", "name"),
        ("sma", {"settings": "[]"}, 422, "bad_indicator", "settings"),
        ("sma", {"settings": '{"period": 1}'}, 422, "bad_indicator", "period"),
        ("sma", {"settings": '{"width": 1}'}, 422, "bad_indicator", "width"),
        ("sma", {"limit": 10_001}, 422, "invalid", "limit"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    ann: httpx.AsyncClient, name: str, asked: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = await get(ann, name, **asked)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert field in problem["errors"][0]["field"]


async def test_a_long_history_is_computed_too(ann: httpx.AsyncClient) -> None:
    answer = await get(ann, "ema", limit=1500)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 1500
