"""The bars that followed a past moment: for what shows people how a finished run went on.

No `MarketData`, and nothing that an agent is given leads here: this alone reads past an `as_of`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.adjustment import Split
from kuber.market.errors import PricesReplaced
from kuber.market.repository import SeriesChanged, SeriesRow, read_rows, series_of_each
from kuber.market.service import MAX_BARS, MarketService
from kuber.market.types import (
    Bars,
    DatasetKind,
    Source,
    Timeframe,
    to_datetime64,
)

ROWS_AT_ONCE = 16_384
_BEFORE = 2
"""A bar that was open at the moment, and the one before it: a split shows in their difference."""
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_PROVIDED_SPANS = 6_000
"""How far, in bars, a provider is asked."""
_SAME_PRICE = 0.001
"""A provider's price that differs by more is another one: of a correction, or after a split."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """Bars of a symbol as a run saw them: of which dataset and version, and its newest bar."""

    symbol: str
    timeframe: Timeframe
    source: Source
    version: str
    last_at: datetime
    last_close: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Bars that opened at an instant or later, as traded, oldest first.

    `splits` took effect since that instant, each from the bar at its index on; the bars before are
    on the basis of the instant. `more`: others follow.
    """

    bars: Bars
    splits: tuple[Split, ...]
    more: bool


class LaterBars:
    """Reads on in what a run was pinned to, and in nothing else."""

    def __init__(self, pool: RawPool, market: MarketService, clock: Clock) -> None:
        self._pool = pool
        self._market = market
        self._clock = clock

    async def after(self, user_id: UserId, pinned: Pinned, moment: datetime) -> Course:
        """Return the first bars that opened at `moment` or later, and closed by now.

        Raises PricesReplaced when the run's bars are not there as it saw them, ProviderUnavailable.
        """
        if DatasetKind.of(pinned.source) is DatasetKind.PROVIDER:
            return await self._provided(user_id, pinned, moment)
        row = await self._row(user_id, pinned)
        try:
            rows = await read_rows(
                self._pool,
                row,
                before=moment,
                closed_by=_LAST_DAY,
                most_before=_BEFORE,
                most_after=ROWS_AT_ONCE,
            )
        except SeriesChanged as error:
            raise _replaced(pinned) from error
        raw = rows.decode()
        bars = raw.bars.window(rows.before, len(raw.bars)).closed_by(self._clock.now())
        at, closed_at = to_datetime64(moment), raw.bars.closed_at
        splits = tuple(
            replace(split, index=max(split.index - rows.before, 0))
            for split in raw.splits()
            if closed_at[split.index] > at and split.index < rows.before + len(bars)
        )
        return Course(bars, splits, len(bars) == ROWS_AT_ONCE)

    async def _row(self, user_id: UserId, pinned: Pinned) -> SeriesRow:
        """Return the stored series that the pinned bars are made of."""
        [rows] = await series_of_each(self._pool, [(user_id, pinned.symbol)])
        fitting = [
            row
            for row in rows
            if row.source is pinned.source and pinned.timeframe in row.timeframe.and_coarser
        ]
        nearest = max(fitting, key=lambda row: row.timeframe.span, default=None)
        if nearest is None or str(nearest.version) != pinned.version:
            raise _replaced(pinned)
        return nearest

    async def _provided(self, user_id: UserId, pinned: Pinned, moment: datetime) -> Course:
        """Ask the provider, which adjusts all that it gives alike: the run's newest bar has to be
        among it with the price that the run saw."""
        until = moment + min(self._clock.now() - moment, pinned.timeframe.span * _PROVIDED_SPANS)
        bars = await self._market.get_bars(
            user_id,
            pinned.symbol,
            pinned.timeframe,
            dataset=DatasetKind.PROVIDER,
            start=pinned.last_at - pinned.timeframe.span - timedelta(days=4),
            end=until,
            limit=MAX_BARS,
        )
        seen = np.flatnonzero(bars.closed_at == to_datetime64(pinned.last_at))
        close = float(pinned.last_close)
        if (
            bars.source is not pinned.source
            or not len(seen)
            or abs(float(bars.close[seen[0]]) - close) > close * _SAME_PRICE
        ):
            raise _replaced(pinned)
        first = int(bars.opened_at.searchsorted(to_datetime64(moment), side="left"))
        return Course(bars.window(first, len(bars)), (), more=False)


def _replaced(pinned: Pinned) -> PricesReplaced:
    seen = f"{pinned.last_at:%-d %b %Y}"
    return PricesReplaced(
        f"The {pinned.timeframe} bars of {pinned.symbol} until {seen}, which the run saw, were"
        " replaced since: by another import, a correction or a split."
    )
