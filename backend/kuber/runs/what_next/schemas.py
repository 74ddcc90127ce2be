"""What happened next, as the API shows it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from kuber.brokers.port import Side
from kuber.kernel.wire import DecimalText
from kuber.market.types import DatasetKind, Timeframe
from kuber.trading.management.position import Reason


class NextStatus(StrEnum):
    """How far the trade got."""

    CLOSED = "closed"
    OPEN = "open"
    """Still open at the end of the data, or of what is looked through."""
    NO_DATA = "no_data"
    """No bar followed."""


class NextFillOut(BaseModel):
    """A fill of an exit. `leg`: stop, target_1, target_2, or close for one at the market.

    `chart_price` is the price on the basis of the last bar, as a chart shows it: another one where
    there was a split since.
    """

    leg: str
    at: datetime
    quantity: DecimalText
    price: DecimalText
    commission: DecimalText
    chart_price: DecimalText


class NextSplitOut(BaseModel):
    """`ratio` are new shares to old ones, such as 2:1."""

    at: datetime
    ratio: str


class NextLevelsOut(BaseModel):
    """The entry and its plan on the basis of the last bar, as a chart shows them."""

    entry: DecimalText
    stop_loss: DecimalText
    targets: list[DecimalText]


class NextTradeOut(BaseModel):
    """What became of one entry. `pnl` is of what was closed, after all commissions, in `currency`;
    `r` is that in risks of the plan. `story` says all of it in sentences."""

    order_id: UUID
    status: NextStatus
    side: Side
    quantity: DecimalText
    entry_price: DecimalText
    entry_at: datetime
    entry_commission: DecimalText
    estimated: bool
    """The entry is estimated: the last price known, moved by slippage."""
    stop_loss: DecimalText
    targets: list[DecimalText]
    exit_at: datetime | None
    reason: Reason | None
    pnl: DecimalText
    r: DecimalText
    currency: str
    open_quantity: DecimalText
    last_price: DecimalText | None
    fills: list[NextFillOut]
    splits: list[NextSplitOut]
    ambiguities: int
    """Bars that may have reached stop and target: the worse was taken."""
    bars: int
    played_until: datetime | None
    """Close of the last bar that was looked at."""
    chart: NextLevelsOut
    story: list[str]


class WhatHappenedNextOut(BaseModel):
    """The trades of a run that looked at a past moment, played forward over the bars that followed
    it in the dataset that the run saw."""

    execution_id: UUID
    symbol: str
    as_of: datetime
    dataset: DatasetKind
    source: str
    timeframe: Timeframe
    trades: list[NextTradeOut]
