"""What management is told: of orders, of prices, of switches, of what people want.

Facts may come twice, late or in another order: `Told` is cumulative, an end stays an end, and what
was filled only grows.
"""

from dataclasses import dataclass

from kuber.trading.management.position import LegStatus, Reason
from kuber.trading.switch_table import Switch


@dataclass(frozen=True, slots=True)
class Told:
    """How an order stands. `filled`, `value` and `fee` are sums over its executions so far.

    A replacement is told as the old order `replaced` and the new one `working`; a refused one as
    the new order `refused`.
    """

    order_id: str
    status: LegStatus
    filled: int = 0
    value: int = 0
    fee: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """`numerator` new shares for `denominator` old ones; a fraction of a step is paid in cash.

    `orders_follow` tells whether the venue puts working orders on the new basis itself. `cash` is
    what the fraction brought (10^-21).
    """

    numerator: int
    denominator: int
    orders_follow: bool = True
    cash: int = 0


@dataclass(frozen=True, slots=True)
class Outside:
    """What was sold at the broker in all, in today's quantities, and what it brought."""

    quantity: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """A person, a signal or a switch wants it closed."""

    reason: Reason = Reason.ASKED


@dataclass(frozen=True, slots=True)
class ReduceAsked:
    """A person wants a part of it closed; all of it when no more is held."""

    quantity: int


@dataclass(frozen=True, slots=True)
class EntryUnwanted:
    """The entry is taken back as far as it is not filled: its pipeline was deactivated, or its
    price is of the time before a split."""

    reason: Reason = Reason.ENTRY_UNWANTED


@dataclass(frozen=True, slots=True)
class Frozen:
    """A merger or a delisting: a person decides."""


Fact = Told | Split | Outside | CloseAsked | ReduceAsked | EntryUnwanted | Frozen


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest price. `low` and `high` are what it went through since the look before."""

    at: int
    last: int
    bid: int | None = None
    ask: int | None = None
    low: int | None = None
    high: int | None = None

    def towards_stop(self, *, long: bool) -> int:
        """Return the price that came nearest to a stop."""
        far = self.low if long else self.high
        if far is None:
            return self.last
        return min(far, self.last) if long else max(far, self.last)

    def towards_target(self, *, long: bool) -> int:
        """Return the price at which a target came nearest to being sold."""
        far = self.high if long else self.low
        side = self.bid if long else self.ask
        near = self.last if side is None else side
        if far is None:
            return near
        return max(far, near) if long else min(far, near)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What holds at the moment of a look.

    `trading` is whether the market is open and not halted. `entries_wait`: after a sleep, an
    outage or a start, before the account is reconciled (rules M14 and M15). `unwatched_since`:
    nobody looked at prices from then until now.
    """

    now: int
    seen: Seen | None = None
    trading: bool = True
    switch: Switch = Switch.RUNNING
    entries_wait: bool = False
    followed: bool = True
    unwatched_since: int | None = None
