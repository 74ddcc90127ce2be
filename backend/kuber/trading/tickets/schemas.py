"""The order ticket as the API takes it."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kuber.exchange.rules import OrderClass
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.kernel.wire import DecimalText
from kuber.market.symbols import MAX_WRITTEN

_LARGEST = Decimal(10) ** 11
"""No quantity, price or amount of an order reaches it."""

Price = Annotated[DecimalText, Field(gt=0, lt=_LARGEST, decimal_places=8)]
Quantity = Annotated[DecimalText, Field(gt=0, lt=_LARGEST, decimal_places=8)]
Reference = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


class OrderTicket(BaseModel):
    """An order by hand.

    One that opens a position has a stop: its own `stop_loss`, else that of its account. The
    position gets the same protection and the same care as those of pipelines. One against a
    position of your own that was opened by hand closes that: it is a market order for all of its
    quantity, and needs no stop.
    """

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    symbol: Annotated[str, Field(min_length=1, max_length=MAX_WRITTEN)]
    side: Side
    type: OrderType = Field(
        default=OrderType.MARKET, description="A trailing stop opens no position."
    )
    quantity: Quantity | None = Field(default=None, description="Units; or give `notional`.")
    notional: Quantity | None = Field(
        default=None,
        description="Money instead of a quantity, in the account's currency: what it buys at the "
        "limit, the stop or the newest price, rounded down to the instrument's quantity step.",
    )
    limit_price: Price | None = Field(
        default=None, description="Of limit and stop-limit orders: the worst price it may have."
    )
    stop_price: Price | None = Field(
        default=None, description="Of stop and stop-limit orders: the price that wakes it."
    )
    trail: Price | None = Field(default=None, description="Of trailing stops; see `type`.")
    time_in_force: TimeInForce | None = Field(
        default=None, description="`day` when left out, for coins `gtc`."
    )
    extended_hours: bool = Field(
        default=False, description="Whether it may trade before and after the session."
    )
    client_order_id: Reference | None = Field(
        default=None,
        description="A name of your own, unique in the account. Sent again with the same order it "
        "gives that order, with another one 409.",
    )
    stop_loss: Price | None = Field(
        default=None,
        description="Where the position is closed with a loss. Left out, it stands "
        "`simulation.default_stop` of the account away from the entry; the order then says where.",
    )
    take_profit: Price | Annotated[list[Price], Field(max_length=2)] | None = Field(
        default=None,
        description="One target, or two, the nearer first. The first of two closes half of the "
        "position and moves the stop to break-even, the second closes the rest.",
    )
    order_class: OrderClass = Field(
        default=OrderClass.SIMPLE,
        description="Asks for an order class of the venue, which may refuse it. The exit plan "
        "above needs none.",
    )

    @property
    def targets(self) -> tuple[Decimal, ...]:
        """The targets, none, one or two."""
        if self.take_profit is None:
            return ()
        return (
            tuple(self.take_profit) if isinstance(self.take_profit, list) else (self.take_profit,)
        )
