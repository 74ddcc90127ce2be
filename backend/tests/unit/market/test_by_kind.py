"""Each symbol is one provider's, and what fails turns into nothing else."""

from datetime import UTC, datetime

import pytest

from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.by_kind import ByKind
from kuber.market.providers.offers import (
    OfferState,
    ProviderKeys,
    coins_from,
    in_words,
    offers,
    shares_from,
)
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Bars, Instrument, Source, Timeframe

USER = UserId(new_id())
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Shares(MarketSimulator):
    """A provider of two symbols; it may be away."""

    source = Source.FINNHUB
    away = False

    @staticmethod
    def serves(symbol: str) -> bool:
        return symbol in ("NVDA", "NOSUCH", "AMD")

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        if self.away:
            raise ProviderUnavailable("away")
        return await super().instrument(user_id, symbol)

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        return None if self.away else await super().bars(user_id, symbol, timeframe, as_of, count)


@pytest.fixture
def shares() -> Shares:
    return Shares(seed=1)


@pytest.fixture
def both(shares: Shares) -> ByKind:
    return ByKind([shares], MarketSimulator(seed=2))


async def test_the_first_that_serves_a_symbol_is_asked(both: ByKind, shares: Shares) -> None:
    own = await both.bars(USER, "NVDA", Timeframe.D1, NOW, 3)
    expected = await shares.bars(USER, "NVDA", Timeframe.D1, NOW, 3)
    assert own is not None
    assert expected is not None
    assert own.close.tolist() == expected.close.tolist()
    other = await both.bars(USER, "BTCUSD", Timeframe.D1, NOW, 3)
    simulated = await MarketSimulator(seed=2).bars(USER, "BTCUSD", Timeframe.D1, NOW, 3)
    assert other is not None
    assert simulated is not None
    assert other.close.tolist() == simulated.close.tolist()


async def test_a_provider_that_is_away_is_replaced_by_nobody(both: ByKind, shares: Shares) -> None:
    shares.away = True
    with pytest.raises(ProviderUnavailable):
        await both.instrument(USER, "NVDA")
    assert await both.bars(USER, "NVDA", Timeframe.D1, NOW, 3) is None
    assert await both.instrument(USER, "BTCUSD") is not None


async def test_a_search_lists_each_symbol_once_by_name(both: ByKind) -> None:
    symbols = [one.symbol for one in await both.search(USER, "", limit=200)]
    assert symbols == sorted(set(symbols))
    assert {"NVDA", "AMD", "BTCUSD"} <= set(symbols)
    after = await both.search(USER, "", after="NVDA", limit=2)
    assert [one.symbol for one in after] == symbols[symbols.index("NVDA") + 1 :][:2]


def test_what_no_part_serves_is_for_the_rest(both: ByKind) -> None:
    assert both.is_for_rest("BTCUSD")
    assert not both.is_for_rest("NVDA")
    assert both.source is None
    assert both.listed("BTCUSD") is not None


@pytest.mark.parametrize(
    ("keys", "shares", "coins"),
    [
        (ProviderKeys(), Source.SIMULATED, Source.SIMULATED),
        (ProviderKeys(alpaca=True), Source.ALPACA, Source.ALPACA),
        (ProviderKeys(finnhub=True), Source.FINNHUB, Source.SIMULATED),
        (ProviderKeys(coinmarketcap=True), Source.SIMULATED, Source.COINMARKETCAP),
        (ProviderKeys(True, True, True), Source.ALPACA, Source.COINMARKETCAP),
    ],
)
def test_keys_decide_who_speaks_for_what(keys: ProviderKeys, shares: Source, coins: Source) -> None:
    assert (shares_from(keys), coins_from(keys)) == (shares, coins)
    states = {one.provider: one.state for one in offers(keys)}
    used = {shares, coins} - {Source.SIMULATED}
    assert {one for one, state in states.items() if state is OfferState.IN_USE} == used
    assert "simulated" in in_words(keys)


def test_a_provider_without_a_key_names_its_settings() -> None:
    notes = {one.provider: one.note for one in offers(ProviderKeys(alpaca=True, finnhub=True))}
    assert "KUBER_CMC_API_KEY" in notes[Source.COINMARKETCAP]
    assert notes[Source.FINNHUB] == "Not asked: another provider gives US shares."
