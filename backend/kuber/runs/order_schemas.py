"""Orders as the API shows them, with the runs and pipelines that they came from."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from kuber.brokers.port import OrderStatus, Side
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.kernel.wire import DecimalText
from kuber.pipelines.types import Mode
from kuber.trading.order_types import OrderEffect, SettlementStatus
from kuber.trading.origins import OriginKind
from kuber.trading.positions.schemas import PositionOut


class OrderFillOut(BaseModel):
    """One execution of an order."""

    venue_execution_id: str
    time: datetime
    quantity: DecimalText
    price: DecimalText
    commission: DecimalText


class OrderOut(BaseModel):
    """One order with its fills, whatever became of the run and the pipeline that it came from."""

    id: UUID
    account_id: UUID
    origin: OriginKind = Field(
        description="Who wanted it: a run, a person, a switch, or the monitor of a position."
    )
    execution_id: UUID | None = Field(
        description="The run that wanted it, or that opened the position it belongs to."
    )
    pipeline_id: UUID | None
    pipeline_name: str | None
    pipeline_deleted: bool
    position_id: UUID | None = Field(
        description="The position that it opens, protects or closes; null before it is admitted."
    )
    effect: OrderEffect = Field(description="`open`, or `close`: that never does more than close.")
    leg: str = Field(
        description="Which order of its position it is: `entry`, `stop_1`, `target_1`, `close` ..."
    )
    attempt: int = Field(description="Counts the tries at this leg, from 1.")
    order_group: str | None = Field(
        description="Orders of one group share one quantity: one that fills takes the others back."
    )
    replaces: UUID | None = Field(
        description="The order whose place it took, as a moved stop does."
    )
    mode: Mode
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    extended_hours: bool
    quantity: DecimalText
    limit_price: DecimalText | None
    stop_price: DecimalText | None
    trail_amount: DecimalText | None
    trail_percent: DecimalText | None
    stop_loss: DecimalText | None = Field(
        description="Of an entry: the stop of the exit plan that its position gets."
    )
    targets: list[DecimalText] = Field(description="Of an entry: the targets of that plan.")
    reference_price: DecimalText = Field(
        description="The last price known when the order was placed."
    )
    status: OrderStatus
    reason: str = Field(description="Why it was refused, cancelled or did not last; else empty.")
    waits_for: str | None = Field(
        description="`market_closed`, `halted`, `no_fresh_price` or `no_liquidity`: why it could "
        "trade and does not; null when it waits for nothing but its price."
    )
    waits: str | None = Field(
        description="What it waits for in words, such as a closed market: "
        "`NYSE opens Mon 14:30 UTC.`"
    )
    settlement_status: SettlementStatus = Field(
        description="Whether what it filled is on the books of the account."
    )
    estimated: bool = Field(
        description="No exchange filled it: the price is the last one known, moved by slippage."
    )
    filled_quantity: DecimalText
    remaining: DecimalText | None = Field(
        description="What may still be filled; null before the venue has it."
    )
    average_fill_price: DecimalText | None
    commission: DecimalText = Field(description="Of all fills, in the account's currency.")
    client_order_id: str | None = Field(description="What the caller who placed it names it.")
    as_of: datetime | None = Field(
        description="The simulated now of its run; null once that was deleted."
    )
    created_at: datetime
    answered_at: datetime | None
    expires_at: datetime | None
    fills: list[OrderFillOut]


class CommissionOut(BaseModel):
    currency: str
    amount: DecimalText


class OrderTotalsOut(BaseModel):
    """What all orders of the question come to, those of other pages included.

    `filled` counts those with at least one fill; `commissions` has an item for each currency.
    """

    orders: int
    filled: int
    commissions: list[CommissionOut]


class OrderList(BaseModel):
    """Orders, the newest first."""

    items: list[OrderOut]
    next_cursor: str | None
    totals: OrderTotalsOut


class PositionDetail(PositionOut):
    """One position with everything that was ordered for it, the oldest first."""

    orders: list[OrderOut]


class ClosePending(BaseModel):
    """The position that an order closes, before the order service has made that order."""

    position_id: UUID


OrderState = Literal["open", "ended"]
"""Whether anything may still happen to an order."""
