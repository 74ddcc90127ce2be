"""The options of `./kuber generators`, and the package that it writes to begin with."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kuber.commands.generators import ReplayOptions, new, replay
from kuber.commands.processes import services
from kuber.config import StackSettings

OPTIONS = ReplayOptions("rsi", "AAPL", "2004-01-01", "2013-03-01", "1d", "{}", 7)
BACKEND = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": "fast"}, "--config is not JSON"),
        ({"config": "[1]"}, "--config must be a JSON object"),
        ({"end": "yesterday"}, "--to must be a date"),
        ({"end": "2003-01-01"}, "--from must be before --to"),
        ({"timeframe": "2d"}, "--timeframe must be one of 1m, 2m, 3m"),
        ({"symbols": "A B"}, "symbol"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_done(
    changes: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(StackSettings(home=tmp_path), replace(OPTIONS, **changes)) == 2
    assert words in capsys.readouterr().err


def test_equal_replays_keep_one_place_and_different_ones_their_own() -> None:
    from kuber.commands.generators import _plan

    one = _plan(replace(OPTIONS, symbols="aapl, MSFT"))
    same = _plan(replace(OPTIONS, symbols="MSFT,AAPL", step_days=30))
    assert one.spec().stream_id == same.spec().stream_id
    assert same.step == timedelta(days=30)
    other = _plan(replace(OPTIONS, start="2005-01-01"))
    assert other.spec().stream_id != _plan(OPTIONS).spec().stream_id


@pytest.mark.parametrize("name", ["Gap", "1up", "gap-up", "../up", ""])
def test_a_name_that_is_no_kind_is_refused(name: str, tmp_path: Path) -> None:
    assert new(tmp_path, name) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "kinds", "words"),
    [
        (["generators"], "rsi,moon_phase", "no generator of kind 'moon_phase' is installed"),
        (["generators"], "", "no generator of kind '' is installed"),
        (["dispatcher"], "rsi", "--kinds is for the service generators"),
        (["generator"], "rsi", "There is no service generator"),
    ],
)
def test_kinds_are_checked_before_a_service_starts(
    names: list[str], kinds: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert services(StackSettings(home=tmp_path), names, kinds) == 2
    assert words in capsys.readouterr().err


def test_kinds_reach_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []

    async def run_services(names: list[str], kinds: tuple[str, ...] | None) -> None:
        started.extend((names, kinds))

    monkeypatch.setattr("kuber.bootstrap.services.run_services", run_services)
    monkeypatch.setattr("kuber.commands.processes.use_running_stack", lambda _: None)
    assert services(StackSettings(home=tmp_path), ["generators"], "rsi, golden_cross,rsi") == 0
    assert started == [["generators"], ("rsi", "golden_cross")]
    assert services(StackSettings(home=tmp_path), ["generators"], None) == 0
    assert started[2:] == [["generators"], None]
