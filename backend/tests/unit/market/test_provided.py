"""What a package's provider does wrong is named and hurts nobody else."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable, TimeframeUnavailable
from kuber.market.providers.plugin import ProvidedBar, Provider, ProviderMetadata
from kuber.market.providers.provided import ProvidedBars
from kuber.market.types import Timeframe
from tests.fakes.bars import utc
from tests.fakes.memory_answers import answers_at

USER = UserId(new_id())
NOW = utc("2026-01-09T22:00:00")


class Scripted(Provider):
    """Gives the bars that a test puts into it, or does what it does wrong."""

    metadata = ProviderMetadata(name="scripted", title="Scripted", description="For tests.")
    timeframes = (Timeframe.D1,)

    def __init__(self) -> None:
        self.bars: list[ProvidedBar] = [bar(back) for back in (4, 3, 2)]
        self.error: Exception | None = None
        self.hangs = False
        self.asked = 0

    def serves(self, symbol: str) -> bool:
        if symbol == "ODD":
            raise ValueError(symbol)
        return symbol == "NVDA"

    async def fetch(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[ProvidedBar]:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.bars


def bar(back: int, close: float = 10.0, **other: float) -> ProvidedBar:
    at = NOW.replace(hour=0) - timedelta(days=back)
    figures = {"open": close, "high": close, "low": close, "close": close, "volume": 5.0, **other}
    return ProvidedBar(at, **figures)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
def provided(scripted: Scripted, clock: FixedClock) -> ProvidedBars:
    clock.instant = NOW
    return ProvidedBars(scripted, clock, answers_at(clock), within_s=0.05)


async def days(provided: ProvidedBars, count: int = 5) -> list[float]:
    found = await provided.bars(USER, "NVDA", Timeframe.D1, NOW, count)
    assert found is not None
    return [float(one) for one in found.close]


async def test_bars_are_given_once_for_the_same_question(
    provided: ProvidedBars, scripted: Scripted
) -> None:
    assert await days(provided) == await days(provided) == [10.0, 10.0, 10.0]
    assert scripted.asked == 2, "one for the symbol, one for its bars"


async def test_what_it_gives_beyond_what_was_asked_for_is_left_out(
    provided: ProvidedBars, scripted: Scripted
) -> None:
    scripted.bars += [bar(-3)]
    assert await days(provided) == [10.0, 10.0, 10.0]


async def test_prices_are_adjusted_for_the_splits_that_it_tells_of(
    provided: ProvidedBars, scripted: Scripted
) -> None:
    scripted.bars = [
        bar(4, 20.0, adjusted_close=10.0),
        bar(3, 20.0, adjusted_close=10.0),
        bar(2, 10.0, adjusted_close=10.0),
    ]
    assert await days(provided) == [10.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([ProvidedBar(datetime(2026, 1, 5), 1, 1, 1, 1, 1)], "without a zone"),  # noqa: DTZ001
        ([bar(3), bar(3)], "not later"),
        ([bar(3, low=-1.0)], "cannot be"),
        ([bar(3, high=1.0)], "cannot be"),
        ([bar(3, volume=float("nan"))], "cannot be"),
        ([bar(3, adjusted_close=0.0)], "cannot be"),
        ([{"open": 1}], "AttributeError"),
    ],
)
async def test_bars_that_cannot_be_are_refused_whole(
    provided: ProvidedBars, scripted: Scripted, wrong: list[ProvidedBar], said: str
) -> None:
    assert await provided.instrument(USER, "NVDA") is not None
    scripted.bars = wrong
    with pytest.raises(ProviderUnavailable, match=rf"Scripted .*{said}"):
        await days(provided)


async def test_what_it_raises_is_told_and_silence_ends(
    provided: ProvidedBars, scripted: Scripted
) -> None:
    scripted.error = OSError("no route")
    with pytest.raises(ProviderUnavailable, match="OSError: no route"):
        await provided.instrument(USER, "NVDA")
    scripted.error, scripted.hangs = None, True
    with pytest.raises(ProviderUnavailable, match=r"within 0\.05 s"):
        await provided.instrument(USER, "NVDA")


async def test_a_symbol_without_recent_bars_is_unknown_for_a_minute(
    provided: ProvidedBars, scripted: Scripted, clock: FixedClock
) -> None:
    scripted.bars = []
    for _ in range(3):
        assert await provided.instrument(USER, "NVDA") is None
    assert scripted.asked == 1
    clock.advance(timedelta(seconds=61))
    scripted.bars = [bar(3)]
    assert await provided.instrument(USER, "NVDA") is not None


async def test_others_are_not_its_own_also_when_it_cannot_say(provided: ProvidedBars) -> None:
    assert not provided.serves("AMD")
    assert not provided.serves("ODD")
    assert await provided.bars(USER, "AMD", Timeframe.D1, NOW, 5) is None


async def test_finer_bars_than_it_has_are_refused_with_what_there_is(
    provided: ProvidedBars,
) -> None:
    with pytest.raises(TimeframeUnavailable, match=r"Choose one of 1d, 1w, 1mo"):
        await provided.bars(USER, "NVDA", Timeframe.H1, NOW, 5)
