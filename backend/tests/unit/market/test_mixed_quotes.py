"""Several sources of quotes as one: by kind, side by side, and each with its own failures."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kuber.kernel.backoff import Backoff
from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.mixed import MixedQuotes, Part, sources_of, trouble_of
from kuber.market.feed.types import FeedSource, Quote

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Source:
    """Quotes what it follows, or fails, or says nothing for ever."""

    def __init__(self, source: FeedSource, offered: Collection[str] = ()) -> None:
        self.source = source
        self.offered = frozenset(offered)
        self.following: frozenset[str] = frozenset()
        self.fails = self.hangs = False
        self.asked = 0
        self.asking = 0

    async def follow(self, symbols: Collection[str]) -> None:
        assert not self.asking, "a source is asked by one task"
        self.following = frozenset(symbols)

    async def receive(self) -> Sequence[Quote]:
        self.asked += 1
        self.asking += 1
        try:
            if self.hangs:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            if self.fails:
                raise ProviderUnavailable(f"{self.source} is away.")
            return [
                Quote(one, Decimal(1), None, None, None, self.source, NOW) for one in self.following
            ]
        finally:
            self.asking -= 1

    async def close(self) -> None:
        assert not self.asking, "nothing is asked while it is closed"


def is_share(symbol: str) -> bool:
    return symbol in ("NVDA", "AMD")


@pytest.fixture
def shares() -> Source:
    return Source(FeedSource.FINNHUB)


@pytest.fixture
def rest() -> Source:
    return Source(FeedSource.SIMULATED, ["NVDA", "EURUSD"])


@pytest.fixture
def mixed(shares: Source, rest: Source) -> MixedQuotes:
    parts = [Part(shares, is_share), Part(rest, lambda symbol: not is_share(symbol))]
    return MixedQuotes(parts, backoff=Backoff(0.001, 0.001), wait_s=0.05)


async def quoted(mixed: MixedQuotes, *wanted: str) -> dict[str, FeedSource]:
    """Return who quoted what, once all that is wanted was."""
    found: dict[str, FeedSource] = {}
    while not set(wanted) <= found.keys():
        found |= {one.symbol: one.source for one in await mixed.receive()}
    return found


async def test_each_symbol_is_quoted_by_its_own_source(mixed: MixedQuotes) -> None:
    await mixed.follow(["NVDA", "EURUSD"])
    assert mixed.following == {"NVDA", "EURUSD"}
    assert await quoted(mixed, "NVDA", "EURUSD") == {
        "NVDA": FeedSource.FINNHUB,
        "EURUSD": FeedSource.SIMULATED,
    }
    await mixed.close()


def test_the_simulator_offers_nothing_that_a_provider_speaks_for(mixed: MixedQuotes) -> None:
    assert mixed.offered == {"EURUSD"}
    assert sources_of(mixed) == {FeedSource.FINNHUB, FeedSource.SIMULATED}


async def test_a_source_that_fails_or_hangs_stops_no_other(
    mixed: MixedQuotes, shares: Source
) -> None:
    await mixed.follow(["NVDA", "EURUSD"])
    shares.fails = True
    for _ in range(5):
        assert await quoted(mixed, "EURUSD") == {"EURUSD": FeedSource.SIMULATED}
    while trouble_of(mixed) is None:
        await mixed.receive()
    assert "finnhub is away" in str(trouble_of(mixed))
    shares.fails = False
    assert (await quoted(mixed, "NVDA"))["NVDA"] is FeedSource.FINNHUB
    assert trouble_of(mixed) is None
    shares.hangs = True
    for _ in range(3):
        await quoted(mixed, "EURUSD")
    await mixed.close()


async def test_it_fails_when_all_of_them_do(
    mixed: MixedQuotes, shares: Source, rest: Source
) -> None:
    await mixed.follow(["NVDA", "EURUSD"])
    shares.fails = rest.fails = True
    with pytest.raises(ProviderUnavailable, match="away"):
        await quoted(mixed, "what nobody quotes")
    await mixed.close()


async def test_a_source_is_asked_by_one_task_also_when_others_are_followed(
    mixed: MixedQuotes, shares: Source
) -> None:
    shares.hangs = True
    await mixed.follow(["NVDA", "EURUSD"])
    await quoted(mixed, "EURUSD")
    await mixed.follow(["AMD", "EURUSD"])
    shares.hangs = False
    assert "AMD" in await quoted(mixed, "AMD")
    await mixed.close()
