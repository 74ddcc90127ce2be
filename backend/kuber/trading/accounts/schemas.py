"""Accounts as the API takes and shows them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kuber.kernel.names import Name
from kuber.kernel.wire import DecimalText
from kuber.ledger.units import plain
from kuber.trading.account_types import AccountStatus

MOST = Decimal(10) ** 12
"""What may be paid into an account in all."""

Behaviour = Literal["realistic", "paper_like"]
_Share = Annotated[DecimalText, Field(ge=0, le=1, decimal_places=8)]
_Slippage = Annotated[DecimalText, Field(ge=0, le=Decimal("0.1"), decimal_places=8)]
_Stop = Annotated[DecimalText, Field(gt=0, le=Decimal("0.5"), decimal_places=8)]
DEFAULT_STOP = Decimal("0.05")
_Commission = Annotated[DecimalText, Field(ge=0, le=100, decimal_places=8)]
_Balance = Annotated[DecimalText, Field(gt=0, le=MOST, decimal_places=18)]
_Seed = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]


class SimulationBody(BaseModel):
    """How unkind the simulated venue is; a new account begins with the defaults.

    `slippage`, `partial_fills` and `rejections` are fractions of 1, and 0 switches them off;
    `commission` is per share (coins and currencies have none) and `starting_balance` what a reset
    begins with, both in the account's currency. `default_stop` is how far from its entry, as a
    fraction of the price, the stop of an order by hand stands that names none. Without a `seed`
    chance is not repeatable. With `paper_like` the venue has figures of its own (a tenth of partial
    fills, no slippage, commission or rejections); those here rest until it is `realistic` again.
    """

    model_config = ConfigDict(extra="forbid")

    behaviour: Behaviour = "realistic"
    slippage: _Slippage = Decimal("0.001")
    commission: _Commission = Decimal("0.005")
    partial_fills: _Share = Decimal("0.2")
    rejections: _Share = Decimal("0.05")
    starting_balance: _Balance = Decimal(100_000)
    default_stop: _Stop = DEFAULT_STOP
    seed: _Seed | None = None

    def options(self) -> dict[str, JsonValue]:
        """Return all options as they are stored: decimals in their one text."""
        return {name: _written(value) for name, value in self}

    def given(self) -> dict[str, JsonValue]:
        """Return those that were given."""
        return {name: _written(value) for name, value in self if name in self.model_fields_set}


class SimulationOut(BaseModel):
    """How unkind the simulated venue is."""

    behaviour: Behaviour
    slippage: DecimalText
    commission: DecimalText
    partial_fills: DecimalText
    rejections: DecimalText
    starting_balance: DecimalText
    default_stop: DecimalText = DEFAULT_STOP
    seed: int | None


class AccountCreate(BaseModel):
    """A further simulation account; options that are left out have their defaults."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    simulation: SimulationBody = Field(default_factory=SimulationBody)


class AccountChange(BaseModel):
    """What is given changes, the rest stays, also among the options."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    simulation: SimulationBody | None = None


class DepositBody(BaseModel):
    """Money paid in; `currency` is the account's."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[DecimalText, Field(gt=0, le=MOST, decimal_places=18)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,12}$")]


class AccountOut(BaseModel):
    """One account. `cash` is free to spend, `reserved` is kept for orders, `debt` is owed.

    `equity` is cash, reserved and positions at the newest prices, less debt. `buying_power` is what
    an entry may cost.
    """

    id: UUID
    name: str
    mode: str
    broker: str
    currency: str
    cash: DecimalText
    reserved: DecimalText
    debt: DecimalText
    equity: DecimalText
    equity_at_cost: DecimalText = Field(description="The same with positions at what they cost.")
    unrealised_pnl: DecimalText = Field(description="By how much the two differ.")
    valued_at: datetime | None = Field(
        description="Of the prices that it is valued at the oldest; null without a position."
    )
    stale: bool = Field(
        description="A position has no price and counts at cost, or its price is old though its "
        "market trades."
    )
    open_risk: DecimalText = Field(
        description="What is lost from the entry prices when every stop is hit at its price."
    )
    pnl_today: DecimalText = Field(
        description="Change of the equity since midnight UTC, less what was paid in since."
    )
    open_positions: int
    entries_blocked: str | None = Field(
        description="Why nothing is opened in it: what the reconciliation found; null when clean."
    )
    buying_power: DecimalText
    status: AccountStatus
    replaced_by: UUID | None
    simulation: SimulationOut | None
    created_at: datetime


class AccountList(BaseModel):
    """Accounts, the newest first."""

    items: list[AccountOut]
    next_cursor: str | None


class EquityPoint(BaseModel):
    """What an account was worth at one moment, at the prices of then."""

    at: datetime
    equity: DecimalText
    cash: DecimalText = Field(description="Free and reserved, less debt.")
    holdings: DecimalText = Field(description="Positions at the prices of then.")
    open_risk: DecimalText


class EquitySeries(BaseModel):
    """The equity of an account over time, the oldest first.

    It is written each minute while positions are open, and when one is closed. Of a long time there
    is one point, the last, for every `step_s` seconds.
    """

    items: list[EquityPoint]
    step_s: int
    next_cursor: str | None = None


class LedgerEntry(BaseModel):
    """An amount that moved from `credit` to `debit`, two paths of the account's books.

    `currency` is the unit: of `units` an instrument. `state` is `pending` of money that was put
    aside, and says of what ended that how it did: `posted` or `voided`.
    """

    id: UUID
    transaction_id: UUID
    at: datetime
    kind: str
    state: str
    debit: str
    credit: str
    amount: DecimalText
    currency: str
    order_id: UUID | None
    venue_execution_id: str | None
    memo: str


class LedgerPage(BaseModel):
    """Entries of the ledger, the newest first."""

    items: list[LedgerEntry]
    next_cursor: str | None


def _written(value: object) -> JsonValue:
    if isinstance(value, Decimal):
        return plain(value)
    assert value is None or isinstance(value, str | int), "an option is a figure or a word"
    return value
