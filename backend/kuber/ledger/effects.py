"""What a fact does to positions, and the legs that follow. Pure; knows of no holds and no debt.

Every amount is exact, at 10^-18. Only cash is rounded, once: a leg for `rounding` makes what all
legs move of it a whole number of minor units.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from kuber.ledger import types as paths
from kuber.ledger.facts import (
    AccountReset,
    Charged,
    Deposited,
    DividendPaid,
    Executed,
    Fact,
    Posting,
    SharesSplit,
)
from kuber.ledger.lots import split, trade
from kuber.ledger.types import CASH, FLAT, Kind, PositionKey, Positions, Transfer
from kuber.ledger.units import ZERO, minor_digits, product, to_minor


class Leg(NamedTuple):
    """A signed amount that `account` is debited and `counter` credited."""

    kind: Kind
    account: str
    counter: str
    unit: str
    amount: Decimal

    def transfer(self) -> Transfer:
        """Return it as a transfer, whose amount is positive."""
        debit, credit = self.account, self.counter
        if self.amount < 0:
            debit, credit = credit, debit
        return Transfer(self.kind, debit, credit, abs(self.amount), self.unit)


@dataclass(frozen=True, slots=True)
class Effect:
    """The legs of a fact, and the positions that it changed, as they are after."""

    legs: tuple[Leg, ...]
    positions: Positions


def effect(posting: Posting, positions: Positions) -> Effect:
    """Return what the fact of `posting` does, given the positions of its symbol (of a reset: all).

    Raises BadAmount and UnknownCurrency.
    """
    found = _exact(posting.fact, posting.currency, positions)
    digits = minor_digits(posting.book, posting.currency)
    moved = cash_of(found.legs)
    residue = to_minor(moved, digits) - moved
    legs = [leg for leg in found.legs if leg.amount]
    if residue:
        legs.append(Leg(Kind.ROUNDING, paths.ROUNDING, CASH, posting.currency, -residue))
    return replace(found, legs=tuple(legs))


def cash_of(legs: Iterable[Leg]) -> Decimal:
    """Return what the legs move into cash."""
    return sum(
        (leg.amount if leg.account == CASH else -leg.amount for leg in legs if CASH in leg[1:3]),
        ZERO,
    )


def replay(postings: Sequence[Posting]) -> Effect:
    """Return what several postings about one symbol do, one after the other, from nothing."""
    positions: dict[PositionKey, paths.Position] = {}
    legs: list[Leg] = []
    for posting in postings:
        found = effect(posting, positions)
        positions |= found.positions
        legs += found.legs
    return Effect(tuple(legs), positions)


def difference(wanted: Iterable[Leg], there: Iterable[Leg]) -> list[Leg]:
    """Return the legs that turn those that are `there` into those that are wanted."""
    amounts: dict[tuple[Kind, str, str, str], Decimal] = {}
    for leg in wanted:
        amounts[leg[:4]] = amounts.get(leg[:4], ZERO) + leg.amount
    for leg in there:
        amounts[leg[:4]] = amounts.get(leg[:4], ZERO) - leg.amount
    return [Leg(*key, amount) for key, amount in amounts.items() if amount]


def _exact(fact: Fact, currency: str, positions: Positions) -> Effect:
    match fact:
        case Executed():
            return _execution(fact, currency, positions)
        case SharesSplit():
            return _split(fact, currency, positions)
        case DividendPaid():
            return _dividend(fact, currency, positions)
        case AccountReset():
            return _reset(currency, positions)
        case Deposited():
            leg = Leg(Kind.DEPOSIT, paths.DEPOSITS, CASH, currency, -fact.amount)
        case Charged():
            leg = Leg(Kind.SPENT, paths.SPENT, CASH, currency, fact.amount)
        case _:
            return Effect((), {})
    return Effect((leg,), {})


def _execution(fact: Executed, currency: str, positions: Positions) -> Effect:
    value = product(abs(fact.quantity), fact.price)
    traded = trade(positions.get(fact.position, FLAT), fact.quantity, value)
    legs = (
        _units(Kind.UNITS, fact.symbol, fact.quantity),
        Leg(Kind.COST, paths.cost(fact.symbol), CASH, currency, traded.cost),
        Leg(Kind.REALISED_PNL, paths.REALISED_PNL, CASH, currency, -traded.realised),
        Leg(Kind.FEE, paths.FEES, CASH, currency, fact.fee),
    )
    return Effect(legs, {fact.position: traded.position})


def _split(fact: SharesSplit, currency: str, positions: Positions) -> Effect:
    """The fraction is sold, or bought back, as an execution would be: its profit is booked."""
    changed, units, cost, value = {}, ZERO, ZERO, ZERO
    for key, position in _of(fact.symbol, positions):
        if fact.position_id not in (None, key.position_id):
            continue
        done = split(position, fact.new_shares, fact.old_shares, fact.step, fact.price)
        changed[key] = done.position
        units += done.position.quantity - position.quantity
        cost, value = cost + done.cost, value + done.value
    legs = (
        _units(Kind.SPLIT, fact.symbol, units),
        Leg(Kind.COST, paths.cost(fact.symbol), CASH, currency, cost),
        Leg(Kind.REALISED_PNL, paths.REALISED_PNL, CASH, currency, -(value + cost)),
    )
    return Effect(legs, changed)


def _dividend(fact: DividendPaid, currency: str, positions: Positions) -> Effect:
    held = fact.quantity
    if held is None:
        held = sum((position.quantity for _, position in _of(fact.symbol, positions)), ZERO)
    paid = product(held, fact.amount)
    return Effect((Leg(Kind.DIVIDEND, paths.DIVIDENDS, CASH, currency, -paid),), {})


def _reset(currency: str, positions: Positions) -> Effect:
    legs = []
    for (symbol, _), position in positions.items():
        legs += [
            _units(Kind.RESET, symbol, -position.quantity),
            Leg(Kind.RESET, paths.cost(symbol), paths.RESET, currency, -position.cost),
        ]
    return Effect(tuple(legs), dict.fromkeys(positions, FLAT))


def _of(symbol: str, positions: Positions) -> Iterator[tuple[PositionKey, paths.Position]]:
    return ((key, one) for key, one in positions.items() if key.symbol == symbol)


def _units(kind: Kind, symbol: str, quantity: Decimal) -> Leg:
    return Leg(kind, paths.holding(symbol), paths.market(symbol), symbol, quantity)
