"""Posting rules: the transaction that follows from a fact and what it meets. Pure.

In this order: the hold that the fact uses up gives its money back; the fact's own legs follow;
what is not filled yet is held again; then what is missing becomes debt, or what has come in repays
it. So there is never debt beside free cash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from kuber.ledger import types as paths
from kuber.ledger.effects import Effect, Leg, cash_of, difference, effect, replay
from kuber.ledger.errors import BadAmount, HoldEnded, InsufficientFunds, NotReversible
from kuber.ledger.facts import (
    AccountReset,
    Charged,
    Deposited,
    Executed,
    Held,
    Posting,
    Released,
    Reversed,
)
from kuber.ledger.types import (
    CASH,
    FLAT,
    RESERVED,
    AccountState,
    Hold,
    HoldId,
    HoldPurpose,
    HoldsOfKey,
    Kind,
    Positions,
    Transfer,
    TransferState,
)
from kuber.ledger.units import LARGEST, ZERO, exactly, minor_digits, plain, to_minor, up_to_minor


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is posted at once, and how cash, debt, positions and holds stand after it."""

    posting: Posting
    transfers: tuple[Transfer, ...]
    cash: Decimal
    debt: Decimal
    positions: Positions = field(default_factory=dict)
    """Those that it changed."""
    holds: Mapping[UUID, HoldsOfKey] = field(default_factory=dict)
    """Those that it changed, by key."""

    def after(self, state: AccountState) -> AccountState:
        """Return the state that the next posting of the owner meets."""
        positions = {**state.positions, **self.positions}
        return AccountState(self.cash, self.debt, positions, {**state.holds, **self.holds})


def post(state: AccountState, posting: Posting) -> Transaction:
    """Return the transaction of a fact. What has happened is never refused or cut short.

    Raises BadAmount, UnknownCurrency; InsufficientFunds of a hold; HoldEnded of a release. A
    reversal needs the history: `reverse`.
    """
    assert not isinstance(posting.fact, Reversed), "a reversal needs the history"
    with exactly():
        draft = _Draft(state, posting)
        _check(posting, draft.digits)
        found = effect(posting, state.positions)
        match posting.fact:
            case Executed(order_id=UUID() as order, rest=rest):
                draft.end_hold(order, TransferState.VOIDED)
                draft.add(found)
                wanted = up_to_minor(rest, draft.digits)
                draft.hold(order, min(wanted, max(draft.cash, ZERO)), HoldPurpose.ORDER)
            case Charged(hold=UUID() as key):
                draft.end_hold(key, TransferState.POSTED)
                draft.add(found)
            case Held() as held:
                _hold(draft, held)
            case Released(key, expired):
                _release(draft, key, expired=expired)
            case AccountReset():
                draft.add(found)
                _reset(draft)
            case _:
                draft.add(found)
        return draft.transaction()


def reverse(state: AccountState, posting: Posting, history: Sequence[Posting]) -> Transaction:
    """Return the reversal of one of `history`: the difference to what the others alone had made.

    history: the postings about the original's symbol, resets among them, in their order and
    without those that were reversed; of what is about no symbol, the original alone.
    Raises NotReversible.
    """
    fact = posting.fact
    assert isinstance(fact, Reversed), "it is a reversal"
    found = next((one for one in history if one.id == fact.original), None)
    if found is None:
        raise NotReversible(f"There is no transaction {fact.original} to reverse.")
    if isinstance(found.fact, Held | Released | AccountReset | Reversed):
        raise NotReversible(f"A {found.fact.kind} is not reversed.")
    with exactly():
        there = replay(history)
        wanted = replay([one for one in history if one.id != fact.original])
        if any(state.position(key) != one for key, one in there.positions.items()):
            raise NotReversible("The lots are not what follows from the executions before.")
        emptied = dict.fromkeys(there.positions, FLAT)
        draft = _Draft(state, posting)
        legs = tuple(difference(wanted.legs, there.legs))
        draft.add(Effect(legs, {**emptied, **wanted.positions}))
        return draft.transaction()


def _check(posting: Posting, digits: int) -> None:
    fact = posting.fact
    if isinstance(fact, Deposited) and to_minor(fact.amount, digits) != fact.amount:
        raise BadAmount(
            f"{plain(fact.amount)} {posting.currency} has more than {digits} decimal places."
        )


def _hold(draft: "_Draft", held: Held) -> None:
    draft.end_hold(held.key, TransferState.VOIDED)
    amount = up_to_minor(held.amount, draft.digits)
    if amount > draft.cash:
        raise InsufficientFunds(
            f"{plain(amount)} {draft.currency} are needed, and {plain(draft.cash)} are free."
        )
    draft.hold(held.key, amount, held.purpose, held)


def _release(draft: "_Draft", key: UUID, *, expired: bool) -> None:
    there = draft.state.holds_of(key).open
    if there is None:
        raise HoldEnded(f"Nothing is held for {key}.")
    if expired and (there.expires_at is None or there.expires_at > draft.at):
        raise HoldEnded(f"What is held for {key} has not expired.")
    draft.end_hold(key, TransferState.VOIDED)


def _reset(draft: "_Draft") -> None:
    for key in draft.state.holds:
        draft.end_hold(key, TransferState.VOIDED)
    debt = draft.state.debt
    taken = draft.cash - debt
    draft.add_legs(
        Leg(Kind.REPAYMENT, paths.DEBT, CASH, draft.currency, debt),
        Leg(Kind.RESET, paths.RESET, CASH, draft.currency, taken),
    )
    draft.debt = ZERO


class _Draft:
    """A transaction while it is made. `cash` may be negative until the end."""

    def __init__(self, state: AccountState, posting: Posting) -> None:
        self.state = state
        self.at = posting.at
        self.currency = posting.currency
        self.digits = minor_digits(posting.book, posting.currency)
        self.cash = state.cash
        self.debt = state.debt
        self._posting = posting
        self._transfers: list[Transfer] = []
        self._positions: Positions = {}
        self._holds: dict[UUID, HoldsOfKey] = {}

    def add(self, found: Effect) -> None:
        """Add what a fact does."""
        self.add_legs(*found.legs)
        self._positions = found.positions

    def add_legs(self, *legs: Leg) -> None:
        for leg in legs:
            if abs(leg.amount) >= LARGEST:
                raise BadAmount(f"What it moves is too large: {leg.amount:.6g} {leg.unit}.")
        self._transfers += [leg.transfer() for leg in legs if leg.amount]
        self.cash += cash_of(legs)

    def end_hold(self, key: UUID, state: TransferState) -> None:
        """Give back what is held for `key`, if anything is."""
        holds = self.state.holds_of(key)
        if holds.open is None:
            return
        amount = holds.open.amount
        self._transfers.append(
            Transfer(Kind.RELEASE, CASH, RESERVED, amount, self.currency, state, holds.open.id)
        )
        self.cash += amount
        self._holds[key] = HoldsOfKey(holds.last)

    def hold(
        self, key: UUID, amount: Decimal, purpose: HoldPurpose, held: Held | None = None
    ) -> None:
        """Keep `amount` of cash for `key`; of nothing nothing is kept."""
        if not amount:
            return
        hold_id = HoldId(key, self.state.holds_of(key).last + 1)
        hold = Hold(hold_id, amount, purpose, held.expires_at if held else None)
        self._transfers.append(
            Transfer(
                Kind.HOLD,
                RESERVED,
                CASH,
                amount,
                self.currency,
                TransferState.PENDING,
                hold_id,
                hold.expires_at,
            )
        )
        self.cash -= amount
        self._holds[key] = HoldsOfKey(hold_id.number, hold)

    def transaction(self) -> Transaction:
        """Settle with what is owed, and return what was made."""
        if self.cash < 0:
            self._owe(Kind.DEBT, -self.cash)
        elif self.debt and self.cash:
            self._owe(Kind.REPAYMENT, -min(self.cash, self.debt))
        return Transaction(
            self._posting,
            tuple(self._transfers),
            self.cash,
            self.debt,
            self._positions,
            self._holds,
        )

    def _owe(self, kind: Kind, more: Decimal) -> None:
        self.debt += more
        self.add_legs(Leg(kind, paths.DEBT, CASH, self.currency, -more))
