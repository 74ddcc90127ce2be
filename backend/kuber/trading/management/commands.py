"""What management wants done. A command with an id that is known already changes nothing."""

from dataclasses import dataclass
from enum import StrEnum

from kuber.kernel.orders import OrderType, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEntry:
    order_id: str
    side: Side
    type: OrderType
    quantity: int
    limit_price: int | None
    ends_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An order that only reduces; with neither price it is for the market."""

    order_id: str
    leg: str
    attempt: int
    side: Side
    quantity: int
    time_in_force: TimeInForce
    stop_price: int | None = None
    limit_price: int | None = None


@dataclass(frozen=True, slots=True)
class PlaceStop:
    stop: Exit


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """A stop and a target that share one quantity."""

    group: str
    stop: Exit
    target: Exit


@dataclass(frozen=True, slots=True)
class CloseAtMarket:
    order: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStop:
    """Give a working stop another price, if it still has `expected_filled`."""

    order_id: str
    new_id: str
    stop_price: int
    expected_filled: int


@dataclass(frozen=True, slots=True)
class Cancel:
    order_id: str


class Notice(StrEnum):
    """What the person is told."""

    ENTRY_NOT_SENT = "entry_not_sent"
    PARTIAL_ENTRY = "partial_entry"
    """The rest of an entry is cancelled, so that what is held gets its stop."""
    CLOSED_UNPROTECTED = "closed_unprotected"
    NOT_WATCHED = "not_watched"
    WAITS_FOR_MARKET = "waits_for_market"
    CLOSE_WAITS = "close_waits"
    """It cannot be closed until the venue says what became of its other orders."""
    DUST = "dust"
    FROZEN = "frozen"
    OVERSOLD = "oversold"
    """The venue filled more exits than were held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """`key` names what is told: it is told once. `since` is where the time it speaks of began."""

    key: str
    notice: Notice
    at: int
    quantity: int
    since: int | None = None
    reason: str | None = None


Command = PlaceEntry | PlaceStop | PlaceGroup | CloseAtMarket | MoveStop | Cancel | Tell
