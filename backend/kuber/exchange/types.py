"""Orders as the exchange takes them. Units of all numbers: `kuber.exchange.units`."""

from dataclasses import dataclass
from enum import StrEnum

from kuber.exchange.behaviour import Behaviour
from kuber.exchange.units import PRICE_ONE
from kuber.kernel.orders import OrderType, Side, TimeInForce

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
"""Types that wait for a price before they do anything."""
LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
"""Types that carry a limit price."""
IMPATIENT = frozenset({TimeInForce.IOC, TimeInForce.FOK})
AUCTIONED = frozenset({TimeInForce.OPG, TimeInForce.CLS})


class AssetClass(StrEnum):
    EQUITY = "equity"
    CRYPTO = "crypto"
    OPTION = "option"
    CURRENCY = "currency"


class Effect(StrEnum):
    """What an order does to the position."""

    OPEN = "open"
    CLOSE = "close"
    """Reduces only: it never sells more than is held, nor buys back more than is short."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What an instrument is traded under.

    `tick` is a price step, `fine_tick` the one below a price of 1 where there is another (US
    shares). `lot` is a quantity step; `minimum_quantity` and `minimum_value` hold for orders that
    open.
    """

    tick: int
    lot: int
    minimum_quantity: int = 0
    minimum_value: int = 0
    currency: str = "USD"
    asset_class: AssetClass = AssetClass.EQUITY
    shortable: bool = True
    fine_tick: int | None = None

    def __post_init__(self) -> None:
        assert min(self.tick, self.lot) > 0, "steps are positive"

    def tick_at(self, price: int) -> int:
        """Return the price step that holds at `price`."""
        return self.tick if self.fine_tick is None or price >= PRICE_ONE else self.fine_tick


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order on its way to the book.

    `owner` is the user, whose orders never trade with each other. `at` is when it was sent,
    `effective_at` when it reaches the exchange (`at` plus latency): only later prices fill it.
    `reserved` (10^-21) is the money granted at admission, None for no limit. `draw_key` names the
    order to chance: symbol, leg and ordinal, never an id that differs between equal runs.
    Orders of one `group` cancel each other; those of a `parent` wait for its fills.
    """

    id: str
    account: str
    owner: str
    spec: Spec
    behaviour: Behaviour
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: int
    at: int
    effective_at: int
    draw_key: str
    limit_price: int | None = None
    stop_price: int | None = None
    trail_amount: int | None = None
    trail_percent: int | None = None
    """In millionths."""
    effect: Effect = Effect.OPEN
    position_id: str | None = None
    group: str | None = None
    parent: str | None = None
    expires_at: int | None = None
    reserved: int | None = None
    crossing: bool = False
    """The account may trade with other users' accounts."""
    extended_hours: bool = False

    @property
    def closes(self) -> bool:
        return self.effect is Effect.CLOSE
