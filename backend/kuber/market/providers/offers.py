"""Which providers there are, which of them are used here, and what the others need."""

from dataclasses import dataclass
from enum import StrEnum

from kuber.market.types import Source


class OfferState(StrEnum):
    """`spare`: its key is set, but another provider gives the same."""

    IN_USE = "in_use"
    SPARE = "spare"
    NEEDS_KEY = "needs_key"


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """One provider as this installation has it; `settings` are those that hold its keys."""

    provider: Source
    name: str
    covers: str
    settings: tuple[str, ...]
    state: OfferState

    @property
    def note(self) -> str:
        """What it does here, or what it needs."""
        match self.state:
            case OfferState.IN_USE:
                return f"Gives {self.covers}."
            case OfferState.SPARE:
                return f"Not asked: another provider gives {self.covers}."
            case OfferState.NEEDS_KEY:
                return f"Needs a key: set {' and '.join(self.settings)}."


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """Of which providers the keys are set."""

    alpaca: bool = False
    finnhub: bool = False
    coinmarketcap: bool = False

    @property
    def any(self) -> bool:
        return self.alpaca or self.finnhub or self.coinmarketcap


_SETTINGS = {
    Source.ALPACA: ("KUBER_ALPACA_API_KEY", "KUBER_ALPACA_API_SECRET"),
    Source.FINNHUB: ("KUBER_FINNHUB_API_KEY",),
    Source.COINMARKETCAP: ("KUBER_CMC_API_KEY",),
}
_CALLED = {
    Source.ALPACA: "Alpaca",
    Source.FINNHUB: "Finnhub",
    Source.COINMARKETCAP: "CoinMarketCap",
}


def shares_from(keys: ProviderKeys) -> Source:
    """Return which provider speaks for shares of New York."""
    if keys.alpaca:
        return Source.ALPACA
    return Source.FINNHUB if keys.finnhub else Source.SIMULATED


def coins_from(keys: ProviderKeys) -> Source:
    """Return which provider speaks for coins."""
    if keys.coinmarketcap:
        return Source.COINMARKETCAP
    return Source.ALPACA if keys.alpaca else Source.SIMULATED


def offers(keys: ProviderKeys) -> list[ProviderOffer]:
    """Return every provider that needs a key."""
    present = {
        Source.ALPACA: keys.alpaca,
        Source.FINNHUB: keys.finnhub,
        Source.COINMARKETCAP: keys.coinmarketcap,
    }
    covers = {
        Source.ALPACA: "US shares" if keys.coinmarketcap else "US shares and coins",
        Source.FINNHUB: "US shares",
        Source.COINMARKETCAP: "coins",
    }
    used = {shares_from(keys), coins_from(keys)}
    found = []
    for provider, is_set in present.items():
        state = OfferState.IN_USE if provider in used else OfferState.SPARE
        state = state if is_set else OfferState.NEEDS_KEY
        settings = _SETTINGS[provider]
        name = _CALLED[provider]
        found.append(ProviderOffer(provider, name, covers[provider], settings, state))
    return found


def in_words(keys: ProviderKeys) -> str:
    """Return where prices come from, in a sentence or two."""
    if not keys.any:
        return "Imported and sample history is real. Symbols without history are simulated."
    shares, coins = shares_from(keys), coins_from(keys)
    if shares is coins:
        what = f"US shares and coins come from {_CALLED[shares]}"
    else:
        told = (("US shares", shares), ("coins", coins))
        what = " and ".join(
            f"{kind} come from {_CALLED[source]}" if source in _CALLED else f"{kind} are simulated"
            for kind, source in told
        )
    return (
        f"Imported and sample history is real. Otherwise {what}. What no provider serves is"
        " simulated."
    )
