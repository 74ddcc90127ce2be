"""What became of a position: exit, fills, profit and R."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from kuber.trading.management.position import Position, Reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A filled entry: units as in `kuber.exchange.units`."""

    quantity: int
    price: int
    at: int
    fee: int = 0


@dataclass(frozen=True, slots=True)
class PlayedFill:
    """One fill of an exit, by the name of its leg."""

    leg: str
    quantity: int
    price: int
    fee: int
    at: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a position. `ended_at` and `reason` are None while it is open.

    `profit` is what the exits brought less what they had cost, and all fees (10^-21); what is still
    held does not count. `r` is that in risks of the plan for the whole quantity, to 4 places.
    """

    ended_at: int | None
    fills: tuple[PlayedFill, ...]
    profit: int
    r: Decimal
    reason: Reason | None
    ambiguities: int
    position: Position


def outcome_of(position: Position, fills: tuple[PlayedFill, ...], ambiguities: int) -> Outcome:
    """Return what has become of a position so far."""
    plan, entry = position.plan, position.entry
    cost = 0 if entry is None else entry.value
    brought = sum(leg.value for leg in position.exits)
    brought += position.by_hand_value + position.in_cash_value
    if position.held > 0 and entry is not None:
        cost -= entry.value * position.held // entry.filled
    fees = sum(leg.fee for leg in position.legs)
    profit = (brought - cost if plan.long else cost - brought) - fees
    risked = plan.risk * position.bought
    r = Decimal(profit) / Decimal(risked) if risked else Decimal(0)
    return Outcome(
        ended_at=_ended_at(position, fills),
        fills=fills,
        profit=profit,
        r=r.quantize(Decimal("0.0001"), ROUND_HALF_EVEN),
        reason=position.reason if position.over else None,
        ambiguities=ambiguities,
        position=position,
    )


def _ended_at(position: Position, fills: tuple[PlayedFill, ...]) -> int | None:
    """Return when the last of a closed position was sold."""
    return fills[-1].at if position.over and fills else position.closed_at
