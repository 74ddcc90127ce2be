"""The how-to, followed literally: the package is installed, examined in a child, and gives bars."""

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from kuber.bootstrap.parts import market_provider, quote_source
from kuber.commands import plugins
from kuber.config import Settings
from kuber.infra.plugins import Verdicts
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.feed.mixed import MixedQuotes
from kuber.market.providers.plugin import GROUP, ProviderRegistry
from kuber.market.types import Source, Timeframe
from tests.fakes.bars import utc
from tests.fakes.memory_answers import answers_at

HOW_TO = Path(__file__).parents[4] / "docs" / "how-to" / "add-a-provider.md"
USER = UserId(new_id())
NOW = utc("2025-11-21T17:00:00")
SETTINGS = Settings(
    database_url=SecretStr("postgresql://nowhere"),
    redis_url=SecretStr("redis://nowhere"),
    kafka_bootstrap="nowhere:1",
    jwt_secret=SecretStr("a secret of the test session, 32+ characters"),
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, in front of the others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("my_prices", None)


def install(site: Path, code: str) -> None:
    """Install the package of the how-to with `code` as its module."""
    settings = re.search(r"```toml\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert settings is not None
    [(group, name, value)] = re.findall(r'entry-points\."([a-z.]+)"\]\n(\w+) = "(.+)"', settings[1])
    assert group == GROUP
    (site / "my_prices.py").write_text(code)
    info = site / "my_prices-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-prices\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (info / "RECORD").write_text(f"my_prices.py,sha256={hash(code)},{len(code)}\n")


def code_of_the_how_to() -> str:
    found = re.search(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_provider_of_the_how_to_gives_bars_and_no_quotes(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, code_of_the_how_to())
    rows = ["date,open,high,low,close,volume"]
    days = [NOW - timedelta(days=back) for back in range(20, -1, -1)]
    rows += [f"{day:%Y-%m-%d},250,255,249,252,1000" for day in days if day.weekday() < 5]
    (tmp_path / "EQNR.OL.csv").write_text("\n".join(rows))
    monkeypatch.setenv("MY_PRICES_FOLDER", str(tmp_path))
    registry = ProviderRegistry.discover(Verdicts(tmp_path / "verdicts"))
    assert registry.problems == ()
    settings, clock = SETTINGS, FixedClock(NOW)
    provider = market_provider(settings, clock, answers_at(clock), registry)
    instrument = await provider.instrument(USER, "EQNR.OL")
    assert instrument is not None
    assert (instrument.source, instrument.currency) == (Source.PLUGIN, "NOK")
    bars = await provider.bars(USER, "EQNR.OL", Timeframe.W1, NOW, 2)
    assert bars is not None
    assert (bars.close.tolist(), bars.volume.tolist()) == ([252.0, 252.0], [5000.0, 5000.0])
    simulated = await provider.instrument(USER, "NVDA")
    assert simulated is not None
    assert simulated.simulated
    quotes = quote_source(settings, clock, provider)
    assert isinstance(quotes, MixedQuotes)
    await quotes.follow(["EQNR.OL", "NVDA"])
    assert quotes.following == {"NVDA"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("class MyPrices: pass", "not a subclass of Provider"),
        ("import os\nos._exit(3)", "exit code 3"),
    ],
)
def test_a_provider_that_cannot_be_used_is_left_out_with_the_reason(
    site: Path, tmp_path: Path, code: str, reason: str
) -> None:
    install(site, code)
    registry = ProviderRegistry.discover(Verdicts(tmp_path / "verdicts"))
    assert registry.installed == {}
    [problem] = registry.problems
    assert problem.provider == "my-prices"
    assert reason in problem.reason
    clock = FixedClock(NOW)
    provider = market_provider(SETTINGS, clock, answers_at(clock), registry)
    assert isinstance(provider.source, Source)


def test_the_command_for_plugins_knows_providers(site: Path) -> None:
    install(site, code_of_the_how_to())
    assert ("my_prices", GROUP) in {(one.name, kind.group) for kind, one in plugins.added()}
