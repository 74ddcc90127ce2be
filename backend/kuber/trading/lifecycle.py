"""The life of an order: which status may follow which, and what a venue's word changes.

Words of a venue come late, twice and out of order. None moves an order backwards, and an order
that has ended stays as it ended; an execution is booked whenever it comes, and once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.kernel.money import quantize

PLACES = 8
"""Decimal places of quantities and prices on record."""

MOST_REASON = 500
"""Characters that are kept of a reason."""

_ENDS = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})

TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.INTENDED: frozenset(OrderStatus) - {OrderStatus.INTENDED},
    OrderStatus.SUBMITTED: _ENDS
    | {OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED, OrderStatus.REJECTED},
    OrderStatus.WORKING: _ENDS | {OrderStatus.PARTIALLY_FILLED, OrderStatus.REJECTED},
    OrderStatus.PARTIALLY_FILLED: _ENDS,
    OrderStatus.FILLED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
    OrderStatus.VALIDATED: frozenset(),
}
"""The statuses that may follow each. The database holds the same (`order_transitions`) and refuses
any other change."""

OPEN = frozenset(status for status, following in TRANSITIONS.items() if following)
"""Statuses in which something may still happen to an order."""


@dataclass(frozen=True, slots=True)
class OrderLife:
    """An order on record: how it stands, and what of it was booked.

    `answers` is how many words of the venue are on record; it grows with each change.
    """

    status: OrderStatus
    quantity: Decimal
    filled_quantity: Decimal = Decimal(0)
    answers: int = 0
    executions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """What a venue's word changes: the status from now on, and executions that are new.

    `reason` is the venue's, None when the status stays.
    """

    status: OrderStatus
    reason: str | None
    executions: tuple[Execution, ...]


def advance(life: OrderLife, said: OrderState, executions: Iterable[Execution]) -> Step | None:
    """Return what the venue's word changes, None when it says nothing new.

    Fills come from executions alone. A word that speaks of more than those on record and in
    `executions` together does not end the order yet: what is missing comes, or is asked for.
    """
    new = _new(life.executions, executions)
    filled = life.filled_quantity + sum((one.quantity for one in new), Decimal(0))
    wanted = _wanted(said, filled, recorded(life.quantity))
    allowed = TRANSITIONS[life.status]
    status = next((status for status in wanted if status in allowed), life.status)
    changed = status is not life.status
    return (
        Step(status, said.reason[:MOST_REASON] if changed else None, new)
        if new or changed
        else None
    )


def recorded(amount: Decimal) -> Decimal:
    """Return a quantity or amount as it is on record: rounded, without trailing zeros."""
    rounded = quantize(amount, PLACES, ROUND_HALF_UP)
    whole = rounded.to_integral_value()
    return whole if rounded == whole else rounded.normalize()


def _new(known: frozenset[str], executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """Return each execution that is not known, once, oldest first, its amounts as recorded."""
    by_id = {
        one.execution_id: replace(
            one,
            quantity=recorded(one.quantity),
            price=recorded(one.price),
            commission=recorded(one.commission),
        )
        for one in executions
        if one.execution_id not in known and recorded(one.quantity)
    }
    return tuple(sorted(by_id.values(), key=lambda one: (one.time, one.execution_id)))


def _wanted(said: OrderState, filled: Decimal, quantity: Decimal) -> Iterator[OrderStatus]:
    """Yield what the venue's word and the fills amount to, the furthest first."""
    if filled >= quantity:
        yield OrderStatus.FILLED
    complete = recorded(said.filled_quantity) <= filled
    if said.status not in OPEN and said.status is not OrderStatus.FILLED and complete:
        yield said.status
    if filled:
        yield OrderStatus.PARTIALLY_FILLED
    if said.status is not OrderStatus.SUBMITTED:
        yield OrderStatus.WORKING
    yield OrderStatus.SUBMITTED
