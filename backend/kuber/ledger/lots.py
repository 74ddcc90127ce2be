"""Lots: first in, first out; each with its total cost. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from kuber.ledger.types import FLAT, Lot, Position
from kuber.ledger.units import PLACES, ZERO, pro_rata, quotient, scaled, whole


@dataclass(frozen=True, slots=True)
class Traded:
    """What an execution made of a position."""

    position: Position
    cost: Decimal
    """By how much the cost of the open lots has changed."""
    realised: Decimal


@dataclass(frozen=True, slots=True)
class Split:
    """What a split made of a position. `value` is that of the fraction, signed as the position."""

    position: Position
    cost: Decimal
    """By how much the cost of the open lots has changed."""
    value: Decimal


def trade(position: Position, quantity: Decimal, value: Decimal) -> Traded:
    """Close lots of the other sign, the oldest first, then open one with what is left.

    quantity: signed, not 0. value: what all of it was bought or sold for, >= 0.
    """
    size, sign = abs(quantity), 1 if quantity > 0 else -1
    held = position.quantity
    closing = min(size, abs(held)) if held * sign < 0 else ZERO
    closing_value = value if closing == size else pro_rata(value, closing, size)
    relieved, rest = relieve(position, closing)
    realised = -sign * closing_value - relieved
    if closing == size:
        return Traded(rest, -relieved, realised)
    opened = Lot(sign * (size - closing), sign * (value - closing_value))
    return Traded(Position((*rest.lots, opened), rest.first), opened.cost - relieved, realised)


def relieve(position: Position, quantity: Decimal) -> tuple[Decimal, Position]:
    """Take units from the oldest lots; return their cost, signed as the lots', and what is left.

    quantity: >= 0 and no more than there is. A lot's cost goes pro rata, cut off; its last piece
    takes all that is left.
    """
    left, cost = quantity, ZERO
    for index, lot in enumerate(position.lots):
        size = abs(lot.quantity)
        if left < size:
            taken = pro_rata(lot.cost, left, size)
            kept = Lot(lot.quantity - left.copy_sign(lot.quantity), lot.cost - taken)
            lots = (kept, *position.lots[index + 1 :])
            return cost + taken, Position(lots, position.first + index)
        cost, left = cost + lot.cost, left - size
    assert not left, "nobody closes more than is open"
    return cost, FLAT


def split(
    position: Position, new_shares: int, old_shares: int, step: Decimal, price: Decimal
) -> Split:
    """Return the lots after a split, in whole steps, and what the fraction at the end is worth.

    Each lot ends where the units up to it, after the split and cut off, end: lots hand what is
    less than a step on to the next one, with its cost, and the fraction is the end of the last.
    """
    sign = -1 if position.quantity < 0 else 1
    # Units of 10^-18, times the old shares: whole numbers, however the ratio is.
    one_step = scaled(step) * old_shares
    queue = [[scaled(abs(lot.quantity)) * new_shares, scaled(lot.cost)] for lot in position.lots]
    lots, until, given = [], 0, 0
    sizes = [size for size, _ in queue]
    for size in sizes:
        until += size
        steps = (until - given) // one_step
        given += steps * one_step
        if steps:
            cost = _take(queue, steps * one_step)
            lots.append(Lot(sign * steps * step, whole(cost)))
    left = sum(size for size, _ in queue)
    value = quotient(sign * left * scaled(price), old_shares * 10**PLACES)
    fraction_cost = whole(sum(cost for _, cost in queue))
    after = Position(tuple(lots), position.first) if lots else FLAT
    return Split(after, -fraction_cost, value)


def _take(queue: list[list[int]], size: int) -> int:
    """Take `size` from the front of (size, cost) pairs; return its cost."""
    cost = 0
    while size:
        there, its_cost = queue[0]
        if there <= size:
            cost, size = cost + its_cost, size - there
            queue.pop(0)
            continue
        part = abs(its_cost) * size // there
        part = part if its_cost >= 0 else -part
        queue[0] = [there - size, its_cost - part]
        return cost + part
    return cost
