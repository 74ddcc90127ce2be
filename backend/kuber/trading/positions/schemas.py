"""Positions as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from kuber.kernel.wire import DecimalText

PositionStatus = Literal["opening", "open", "closing", "closed", "dust", "frozen"]


class TargetOut(BaseModel):
    """A price at which some of a position is closed."""

    price: DecimalText
    quantity: DecimalText
    status: str


class PositionOut(BaseModel):
    """One position. Prices and amounts are in the account's currency.

    `side` is that of its entry, `quantity` is what is held, without a sign. `protected_by` says
    what holds its stop: `venue`, `monitor` or `nothing`.
    """

    id: UUID
    account_id: UUID
    mode: str
    symbol: str
    pipeline_id: UUID | None = Field(description="Null of one that was opened by hand.")
    execution_id: UUID | None
    side: str
    quantity: DecimalText
    average_price: DecimalText | None
    last_price: DecimalText | None
    unrealised_pnl: DecimalText | None = Field(description="Null while there is no last price.")
    realised_pnl: DecimalText
    stop: DecimalText | None
    targets: list[TargetOut]
    protected_by: str
    status: PositionStatus
    opened_at: datetime | None
    closed_at: datetime | None
    exit_reason: str | None
