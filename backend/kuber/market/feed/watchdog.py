"""Says by itself when a market or a symbol stops being quoted, and when it is back."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from kuber.infra.db import JsonObject
from kuber.infra.telemetry import MARKET_STATE, SYMBOLS_STALE
from kuber.market.feed.watch import MarketState, MarketWatch

log = structlog.get_logger(__name__)

_KEPT = 5
_NAMED = 20


@dataclass(frozen=True, slots=True)
class MarketChange:
    """A market that is in another state than before."""

    calendar: str
    before: MarketState
    after: MarketState
    at: datetime

    def as_json(self) -> JsonObject:
        """Return it as the heartbeat of the feed shows it."""
        return {
            "calendar": self.calendar,
            "from": self.before.value,
            "to": self.after.value,
            "at": self.at.isoformat(),
        }


class Watchdog:
    """Compares each look at the markets with the one before: logs what has changed, keeps the
    metrics, and remembers the last few changes, the newest first."""

    def __init__(self) -> None:
        self._before: dict[str, MarketWatch] = {}
        self.changes: deque[MarketChange] = deque(maxlen=_KEPT)

    def look(self, markets: Sequence[MarketWatch], now: datetime) -> None:
        """Take note of how the markets do at `now`."""
        for market in markets:
            before = self._before.get(market.calendar)
            if before is not None and before.state is not market.state:
                self._announce(before, market, now)
            _tell_symbols(before, market)
            _measure(market)
        found = {market.calendar: market for market in markets}
        for calendar in self._before.keys() - found.keys():
            _forget(calendar)
        self._before = found

    def _announce(self, before: MarketWatch, market: MarketWatch, now: datetime) -> None:
        self.changes.appendleft(MarketChange(market.calendar, before.state, market.state, now))
        tell = log.warning if market.state is MarketState.STALE else log.info
        tell(
            "market_state_changed",
            calendar=market.calendar,
            before=before.state.value,
            after=market.state.value,
            stale=len(market.stale),
            symbols=len(market.symbols),
        )


def _tell_symbols(before: MarketWatch | None, market: MarketWatch) -> None:
    """Log the symbols that became stale, and those that are quoted again while it trades."""
    was = set(before.stale) if before else set()
    stale = sorted(set(market.stale) - was)
    if stale:
        log.warning(
            "symbols_stale", calendar=market.calendar, count=len(stale), symbols=stale[:_NAMED]
        )
    back = sorted((was - set(market.stale)) & set(market.symbols))
    if back and market.state is not MarketState.CLOSED:
        log.info(
            "symbols_quoted_again",
            calendar=market.calendar,
            count=len(back),
            symbols=back[:_NAMED],
        )


def _measure(market: MarketWatch) -> None:
    for state in MarketState:
        MARKET_STATE.labels(market.calendar, state.value).set(state is market.state)
    SYMBOLS_STALE.labels(market.calendar).set(len(market.stale))


def _forget(calendar: str) -> None:
    for state in MarketState:
        MARKET_STATE.remove(calendar, state.value)
    SYMBOLS_STALE.remove(calendar)
