"""What filters look at: every instrument that a user sees, as of its newest daily bar."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.scanners.screener import HISTORY_BARS, Snapshot, snapshot
from kuber.market.types import Bars, Instrument, InstrumentPage, Source, Timeframe

MAX_UNIVERSE = 1000
"""How many instruments are looked at, stored ones first."""

FRESH_FOR = timedelta(minutes=10)
"""How long what the provider's bars said is taken for what they say; a day's bar lasts longer."""

_OWN = frozenset({Source.IMPORTED, Source.SAMPLE})


class Prices(Protocol):
    """The part of `MarketService` that is asked here."""

    async def symbols(self, user_id: UserId, *, limit: int) -> InstrumentPage: ...

    async def get_bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, *, limit: int
    ) -> Bars: ...


@dataclass(frozen=True, slots=True)
class _Read:
    found: Snapshot | None
    at: datetime


class Universe:
    """Stored bars are read each time. The provider's say the same to everybody, and asking it
    takes long: they are read once in `FRESH_FOR`, by one task, whoever wants to know."""

    def __init__(self, market: Prices, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self._provided: dict[str, _Read] = {}
        self._reading = asyncio.Lock()

    async def snapshots(self, user_id: UserId) -> list[Snapshot]:
        """Return what the newest daily bars of each instrument say; those without are left out.

        Others have their turn between two instruments. Raises ProviderUnavailable.
        """
        found = []
        for instrument in (await self._market.symbols(user_id, limit=MAX_UNIVERSE)).items:
            if Timeframe.D1 not in instrument.timeframes:
                continue
            read = self._read if instrument.source in _OWN else self._read_provided
            one = await read(user_id, instrument)
            if one is not None:
                found.append(one)
            await asyncio.sleep(0)
        return found

    async def _read(self, user_id: UserId, instrument: Instrument) -> Snapshot | None:
        bars = await self._market.get_bars(
            user_id, instrument.symbol, Timeframe.D1, limit=HISTORY_BARS
        )
        return snapshot(bars) if len(bars) else None

    async def _read_provided(self, user_id: UserId, instrument: Instrument) -> Snapshot | None:
        async with self._reading:
            now = self._clock.now()
            known = self._provided.get(instrument.symbol)
            if known is None or now - known.at >= FRESH_FOR:
                known = _Read(await self._read(user_id, instrument), now)
                self._provided[instrument.symbol] = known
            return known.found
