"""What goes into a book and what comes out. Times are instants, numbers whole units
(`kuber.exchange.units`)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, dataclass_transform

from kuber.exchange.types import NewOrder

_Answer = TypeVar("_Answer")


class MarketPhase(StrEnum):
    CLOSED = "closed"
    PRE = "pre"
    OPEN = "open"
    POST = "post"


class AuctionKind(StrEnum):
    OPEN = "open"
    CLOSE = "close"


class HoldReason(StrEnum):
    """Why an order that could trade does not."""

    MARKET_CLOSED = "market_closed"
    HALTED = "halted"
    NO_FRESH_PRICE = "no_fresh_price"
    """It waits for a price that is newer than the one known."""
    NO_LIQUIDITY = "no_liquidity"
    """What the price offered is used up; it waits for the next one."""


class Reason(StrEnum):
    """Why an order ended or was refused. The venue's own numbers are in `RefusalCode`."""

    ASKED = "asked"
    UNFILLED = "unfilled"
    """IOC: the rest. FOK: it could not be filled whole."""
    NO_FRESH_PRICE = "no_fresh_price"
    MARKET_CLOSED = "market_closed"
    HALTED = "halted"
    AUCTION_OVER = "auction_over"
    NOTHING_TO_CLOSE = "nothing_to_close"
    WOULD_FLIP = "would_flip"
    INSUFFICIENT_BUYING_POWER = "insufficient_buying_power"
    GROUP_FILLED = "group_filled"
    GROUP_ENDED = "group_ended"
    PARENT_ENDED = "parent_ended"
    SPLIT = "split"


# ---- in


@dataclass(frozen=True, slots=True)
class Submit:
    """New orders: all of them are taken, or none."""

    orders: tuple[NewOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Change a working order, if it still has `expected_filled`; None leaves a value as it is.

    `reserved` is the money for what is then open. `effective_at` defaults to `at`.
    """

    id: str
    new_id: str
    at: int
    expected_filled: int
    remaining: int | None = None
    limit_price: int | None = None
    stop_price: int | None = None
    trail_amount: int | None = None
    trail_percent: int | None = None
    reserved: int | None = None
    effective_at: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    id: str
    at: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices > 0 and sizes >= 0; None where the source does not tell."""

    at: int
    last: int
    bid: int | None = None
    ask: int | None = None
    bid_size: int | None = None
    ask_size: int | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    opened_at: int
    closed_at: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    """0 where the source has none: then nothing is capped."""


@dataclass(frozen=True, slots=True)
class Auction:
    at: int
    kind: AuctionKind
    price: int
    volume: int | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    at: int
    phase: MarketPhase


@dataclass(frozen=True, slots=True)
class Halt:
    at: int


@dataclass(frozen=True, slots=True)
class Resume:
    at: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds, signed: to load it, or after a change outside of the book.

    Without `position_id` all of the account in this instrument, else the one position.
    """

    at: int
    account: str
    quantity: int
    position_id: str | None = None


@dataclass(frozen=True, slots=True)
class Adjust:
    """A split: `numerator` new shares for `denominator` old ones."""

    at: int
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes."""

    at: int


In = (
    Submit
    | Replace
    | Cancel
    | Quote
    | Bar
    | Auction
    | Phase
    | Halt
    | Resume
    | Holding
    | Adjust
    | Tick
)


# ---- out


@dataclass_transform(frozen_default=True)
def _answer(kind: type[_Answer]) -> type[_Answer]:
    """Make a class an answer of the book: a value with slots, whose fields nobody sets.

    The type checker holds the fields to be frozen. At run time they are not, because a frozen
    dataclass sets each field by a call: making a `Filled` would take five times as long, and the
    book makes two for each trade.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)


@_answer
class Accepted:
    order: str


@_answer
class Refused:
    """The order was not taken. `code` and `text` are the venue's own where it has any."""

    order: str
    code: str
    text: str


@_answer
class Held:
    """The order waits; said when the reason changes. `newer_than` is the time of the price that is
    too old, None when there is none."""

    order: str
    reason: HoldReason
    newer_than: int | None = None


@_answer
class Released:
    """A child may now trade `remaining`, after fills of its parent."""

    order: str
    remaining: int


@_answer
class Triggered:
    order: str
    at: int
    price: int


@_answer
class Trailed:
    """A trailing stop has a new mark (the best price seen) and so a new stop."""

    order: str
    mark: int
    stop: int


@_answer
class Filled:
    """`number` counts the fills of the order from 1; with its id it names the fill.

    `fee` is that of this fill (10^-21), `remaining` what may yet be filled, `reserved` the money
    that is left for it, `against` the other order, None for the market outside.
    """

    order: str
    number: int
    quantity: int
    price: int
    fee: int
    at: int
    against: str | None
    remaining: int
    reserved: int | None


@_answer
class Cancelled:
    order: str
    reason: Reason


@_answer
class Expired:
    order: str


@_answer
class Replaced:
    old: str
    new: str


@_answer
class ReplaceRefused:
    order: str
    reason: str


@_answer
class CancelRefused:
    order: str
    reason: str


@_answer
class Reduced:
    """An order has less to fill, since another of its group was filled or its parent ended."""

    order: str
    remaining: int


@_answer
class ChildrenDropped:
    """The exits of this entry will never live: it ended partly filled."""

    parent: str


@_answer
class Adjusted:
    """An order after a split."""

    order: str
    remaining: int
    limit_price: int | None
    stop_price: int | None


@_answer
class Ambiguous:
    """What happened first inside a bar is not known; the worse was taken."""

    order: str
    opened_at: int


@_answer
class Ignored:
    reason: str


Out = (
    Accepted
    | Refused
    | Held
    | Released
    | Triggered
    | Trailed
    | Filled
    | Cancelled
    | Expired
    | Replaced
    | ReplaceRefused
    | CancelRefused
    | Reduced
    | ChildrenDropped
    | Adjusted
    | Ambiguous
    | Ignored
)
