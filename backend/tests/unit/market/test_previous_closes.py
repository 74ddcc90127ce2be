"""What the change of a quote is counted from."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from kuber.kernel.ids import UserId
from kuber.market import previous_closes
from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.previous_closes import PreviousCloses, session_open
from kuber.market.series import no_bars
from kuber.market.types import Bars, Instrument, Source, Timeframe


class Closes:
    """A provider with one daily close, which remembers until when it was asked."""

    def __init__(self, close: float | None, source: Source | None) -> None:
        self.close = close
        self.source = source
        self.asked: list[datetime] = []
        self.wait = asyncio.Event()
        self.wait.set()

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        self.asked.append(as_of)
        await self.wait.wait()
        if self.close is None:
            raise ProviderUnavailable("away")
        at, price = np.array(["2026-11-26"], dtype="datetime64[us]"), np.array([self.close])
        return (
            Bars(symbol, timeframe, Source.SIMULATED, at, at, price, price, price, price, price)
            if count
            else no_bars(symbol, timeframe, Source.SIMULATED)
        )

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        return None

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        return []


def quote(symbol: str, at: str, source: FeedSource = FeedSource.SIMULATED) -> Quote:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return Quote(symbol, Decimal(11), None, None, None, source, moment)


@pytest.mark.parametrize(
    ("symbol", "quoted_at", "opened_at"),
    [
        ("AAPL", "2026-11-25T15:00", "2026-11-25T14:30"),
        ("AAPL", "2026-11-25T21:00", "2026-11-25T14:30"),  # at its close it is still of that day
        ("AAPL", "2026-11-28T12:00", "2026-11-27T14:30"),
        ("EURUSD", "2026-11-25T12:00", "2026-11-24T22:00"),
        ("BTCUSDT", "2026-11-25T12:00", "2026-11-25T00:00"),
    ],
)
def test_a_quote_is_of_the_session_that_opened_last(
    symbol: str, quoted_at: str, opened_at: str
) -> None:
    expected = datetime.fromisoformat(opened_at).replace(tzinfo=UTC)
    assert session_open(quote(symbol, quoted_at)) == expected


async def test_the_close_before_the_session_is_asked_once_of_the_source_of_the_quote() -> None:
    stored, provider = Closes(99, None), Closes(10, Source.SIMULATED)
    closes = PreviousCloses(stored, provider)
    of = quote("AAPL", "2026-11-25T15:00")
    assert await closes.of([of]) == {"AAPL": Decimal(10)}
    assert await closes.of([of]) == {"AAPL": Decimal(10)}
    assert provider.asked == [session_open(of)]
    assert stored.asked == []


async def test_a_replay_is_compared_with_what_is_stored() -> None:
    stored, provider = Closes(99, None), Closes(10, Source.SIMULATED)
    found = await PreviousCloses(stored, provider).of(
        [quote("AAPL", "2012-09-14T15:00", FeedSource.REPLAY)]
    )
    assert found == {"AAPL": Decimal(99)}


async def test_no_other_source_answers_for_a_quote() -> None:
    closes = PreviousCloses(Closes(99, None), Closes(10, Source.SIMULATED))
    assert await closes.of([quote("AAPL", "2026-11-25T15:00", FeedSource.ALPACA)]) == {}


async def test_a_source_that_is_away_gives_no_change_and_is_asked_again() -> None:
    provider = Closes(None, Source.SIMULATED)
    closes = PreviousCloses(Closes(99, None), provider)
    of = quote("AAPL", "2026-11-25T15:00")
    assert await closes.of([of]) == {}
    provider.close = 10
    assert await closes.of([of]) == {"AAPL": Decimal(10)}


async def test_a_slow_source_is_not_waited_for_and_answers_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previous_closes, "_PATIENCE_S", 0)
    provider = Closes(10, Source.SIMULATED)
    closes = PreviousCloses(Closes(99, None), provider)
    provider.wait.clear()
    of = quote("AAPL", "2026-11-25T15:00")
    assert await closes.of([of]) == {}
    monkeypatch.setattr(previous_closes, "_PATIENCE_S", None)
    provider.wait.set()
    assert await closes.of([of]) == {"AAPL": Decimal(10)}
    assert len(provider.asked) == 1
