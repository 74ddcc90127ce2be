"""Positions as the API shows them, and what may be asked of them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.orders import Side
from kuber.kernel.wire import DecimalText

MOST_REASON = 500


PositionStatus = Literal["opening", "open", "closing", "closed", "dust", "frozen"]


class TargetOut(BaseModel):
    """A price at which part of a position is sold with profit (bought back, for a short)."""

    price: DecimalText
    quantity: DecimalText = Field(description="How much of the position it closes.")
    status: Literal["waiting", "partially_filled", "filled", "cancelled"]


class PositionActionOut(BaseModel):
    """A split or a dividend that reached a position, or could not."""

    kind: Literal["split", "dividend"]
    ex_date: date
    says: str = Field(description="`2:1` of a split, `0.24 USD` of a dividend, for one share.")
    outcome: Literal["applied", "not_applied"]
    before: DecimalText = Field(description="What was held before it, without a sign.")
    after: DecimalText
    cash: DecimalText | None = Field(
        description="What was paid for it, negative when it was charged; null for nothing."
    )
    note: str = Field(description="Why it was not applied, or what else is to be known of it.")
    at: datetime


class AttentionOut(BaseModel):
    """Why a position needs a person: it could not be worked, and is set aside until it can."""

    reason: str
    since: datetime


class PositionOut(BaseModel):
    """One position: what an entry opened, with all that followed it."""

    id: UUID
    account_id: UUID
    account_name: str
    mode: str
    symbol: str
    currency: str = Field(description="Of every price and amount here: the account's.")
    pipeline_id: UUID | None = Field(description="Whose position it is; null when opened by hand.")
    pipeline_name: str | None
    pipeline_deleted: bool
    execution_id: UUID | None = Field(
        description="The run that opened it; null by hand, or once that run was deleted."
    )
    entry_order_id: UUID
    side: Side = Field(description="Of its entry: `buy` is a long position, `sell` a short one.")
    quantity: DecimalText = Field(description="What is held now, without a sign.")
    entered_quantity: DecimalText = Field(description="What its entry filled so far.")
    average_price: DecimalText | None = Field(description="Of the entry's fills; null before one.")
    last_price: DecimalText | None = Field(description="The newest price; null without one.")
    quoted_at: datetime | None = Field(description="When `last_price` was quoted.")
    stale: bool = Field(
        description="There is no price, or its market trades and no newer one has come."
    )
    unrealised_pnl: DecimalText | None = Field(
        description="Gain of what is held at `last_price`, before fees; null without a price."
    )
    realised_pnl: DecimalText = Field(
        description="What exits brought less what they had cost, and less all fees so far."
    )
    fees: DecimalText
    r: DecimalText | None = Field(
        description="Realised and unrealised profit in multiples of the risk of the entry."
    )
    risk: DecimalText = Field(
        description="What is lost from the entry price when the stop is hit at its price."
    )
    stop: DecimalText | None = Field(description="The price at which it is protected now.")
    targets: list[TargetOut]
    protected_by: Literal["venue", "monitor", "nothing"] = Field(
        description="What holds the stop: a resting order, Kuber's monitor, or nothing yet."
    )
    unprotected: DecimalText = Field(description="How much of it no accepted stop protects.")
    unprotected_since: datetime | None
    unprotected_seconds: DecimalText = Field(
        description="Quantity times seconds without an accepted stop, so far."
    )
    status: PositionStatus = Field(
        description="`opening`: its entry may still fill; `dust`: what is left is too small to be "
        "sold; `frozen`: a person has to decide."
    )
    waits: list[str] = Field(description="Why nothing happens, in words; empty when all goes on.")
    attention: AttentionOut | None = Field(
        description="Set while it is set aside: nobody watches its stop, and it is tried again "
        "every 30 seconds."
    )
    created_at: datetime
    opened_at: datetime | None = Field(description="When its entry was first filled.")
    closed_at: datetime | None
    exit_reason: str | None = Field(
        description="Why it is closed: `stop`, `break_even`, `target_1`, `target_2`, `asked`, "
        "`unprotected`, `by_hand`, `reset` and others; null while it is open."
    )
    actions: list[PositionActionOut] = Field(
        description="Its splits and dividends, the oldest first."
    )


class PositionList(BaseModel):
    """Positions, the newest first."""

    items: list[PositionOut]
    next_cursor: str | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CloseBody(_Body):
    """How much of a position is closed, and why, for the record."""

    quantity: Annotated[DecimalText, Field(gt=0, decimal_places=8)] | None = Field(
        default=None,
        description="A part of what is held; stop and targets then hold the rest. All of it when "
        "left out.",
    )
    reason: str | None = Field(default=None, max_length=MOST_REASON)


class CloseAllBody(_Body):
    """Which positions are closed; all that are left out do not narrow it."""

    mode: Literal["simulation", "paper", "live", "validation"] = Field(
        description="Only positions of this mode are closed, never those of another."
    )
    account_id: UUID | None = None
    pipeline_id: UUID | None = None
    confirm: bool = Field(
        default=False, description="Needed when it is more than one position; see the 422."
    )
    reason: str | None = Field(default=None, max_length=MOST_REASON)


class ClosingPosition(BaseModel):
    """A position that is being closed."""

    id: UUID
    symbol: str
    quantity: DecimalText
    estimated_proceeds: DecimalText | None = Field(
        description="What it is worth at the newest price; null without one."
    )
    waits: list[str] = Field(description="Why it is not sold at once, such as a closed market.")


class NotClosed(BaseModel):
    """A position that is left as it is."""

    id: UUID
    symbol: str
    reason: str


class CloseAllOut(BaseModel):
    """What is being closed, and what is not."""

    closing: list[ClosingPosition]
    not_closed: list[NotClosed]
