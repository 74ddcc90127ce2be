"""The market as one node sees it: bars of the versions that its run has pinned."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime

from kuber.agents.state import PipelineState
from kuber.kernel.ids import UserId
from kuber.market.errors import DataChanged, NotLoaded
from kuber.market.types import (
    Bars,
    DatasetKind,
    DatasetMarket,
    Instrument,
    MarketData,
    Source,
    Timeframe,
)
from kuber.runs.types import NodeRecord

Pins = Mapping[tuple[str, Timeframe], str]
"""The version of the bars of a symbol and timeframe that the market data step has loaded."""


def pins_of(state: PipelineState) -> Pins:
    """Return what the market data steps before a node have pinned; empty before the first."""
    market = state.market_data
    if market is None:
        return {}
    return {(market.symbol, frame): known.version for frame, known in market.frames.items()}


KeptBars = Callable[[str, Timeframe, datetime, int], Awaitable[Bars | None]]
"""Gives the bars of a version, a timeframe, by an instant, as many; None when they are not kept."""


class RunMarket:
    """What one run has been told of the market: the same to each of its nodes, also to those that
    no other came before. The dataset that it read first is read on, whatever the user chooses then.

    `records`: what is on record of its nodes, told by a worker before. `kept` gives bars of a
    version whatever has become of it.
    """

    def __init__(
        self,
        market: DatasetMarket,
        records: Iterable[NodeRecord] = (),
        kept: KeptBars | None = None,
    ) -> None:
        self._market = market
        self._kept = kept
        self._instruments: dict[str, Instrument] = {}
        self._sources: dict[str, str] = {}
        self._versions: dict[tuple[str, Timeframe], str] = {}
        for record in records:
            told = record.changes.get("market_data") or {}
            for timeframe, frame in told.get("frames", {}).items():
                self._sources.setdefault(told["symbol"], frame["dataset"])
                version = frame.get("version", "")
                self._versions.setdefault((told["symbol"], Timeframe(timeframe)), version)

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        """Return the instrument as `MarketData.instrument`, as it was told first."""
        if symbol not in self._instruments:
            found = await self._market.instrument(user_id, symbol, as_of)
            self._instruments.setdefault(symbol, found)
            self._sources.setdefault(symbol, found.source)
        return self._instruments[symbol]

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars:
        """Return bars as `MarketData.bars`, of the source and version of those before.

        Raises DataChanged when others have replaced them, and they are not kept.
        """
        told = self._versions.get((symbol, timeframe))
        if told and self._kept is not None:
            kept = await self._kept(told, timeframe, as_of, count)
            if kept is not None:
                return kept
        known = self._sources.get(symbol)
        dataset = DatasetKind.of(Source(known)) if known else None
        found = await self._market.bars(user_id, symbol, timeframe, as_of, count, dataset)
        version = self._versions.setdefault((symbol, timeframe), found.version)
        source = self._sources.setdefault(symbol, found.source)
        if version != found.version or source != found.source:
            raise changed(symbol, timeframe)
        return found


def changed(symbol: str, timeframe: Timeframe) -> DataChanged:
    """Return the error of a run whose bars were replaced."""
    return DataChanged(
        f"The {timeframe} bars of {symbol} were replaced while the run was under way. Run it again."
    )


class PinnedMarket:
    """Market data that answers with the pinned versions or not at all; a `MarketData`.

    `loads`: the node is the one that loads bars, so it may read what is not pinned yet.
    """

    def __init__(self, market: MarketData, pins: Pins, *, loads: bool) -> None:
        self._market = market
        self._pins = pins
        self._loads = loads

    async def instrument(
        self, user_id: UserId, symbol: str, as_of: datetime | None = None
    ) -> Instrument:
        """Return the instrument as `MarketData.instrument`."""
        return await self._market.instrument(user_id, symbol, as_of)

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars:
        """Return bars as `MarketData.bars`; raises DataChanged, NotLoaded too."""
        pinned = self._pins.get((symbol, timeframe))
        if pinned is None and not self._loads:
            raise NotLoaded(
                f"This step reads {timeframe} bars of {symbol}, which the run has not loaded:"
                " its agent has to name them in `timeframes()`."
            )
        found = await self._market.bars(user_id, symbol, timeframe, as_of, count)
        if pinned and found.version != pinned:
            raise changed(symbol, timeframe)
        return found
