"""An order's life: whatever a venue says, late, twice or out of order, it only goes forward."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.kernel.ids import OrderId
from kuber.trading.lifecycle import OPEN, TRANSITIONS, OrderLife, advance, recorded

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"

ORDER = OrderId(UUID(int=1))
QUANTITY = Decimal(10)
AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
S = OrderStatus
RANK = [S.INTENDED, S.SUBMITTED, S.WORKING, S.PARTIALLY_FILLED]
ENDED = set(OrderStatus) - set(RANK)


def execution(number: int, quantity: str = "1") -> Execution:
    at = AT + timedelta(seconds=number)
    return Execution(f"e{number}", ORDER, at, Decimal(quantity), Decimal(100), Decimal(0))


def said(status: OrderStatus, filled: str = "0") -> OrderState:
    return OrderState(ORDER, status, Decimal(filled), "So it is.")


def life(status: OrderStatus, filled: str = "0", *known: str) -> OrderLife:
    return OrderLife(status, QUANTITY, Decimal(filled), len(known), frozenset(known))


def test_a_status_is_followed_by_later_ones_alone_and_an_end_by_none() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert set(RANK) == OPEN
    for number, status in enumerate(RANK):
        later = set(RANK[number + 1 :]) | ENDED
        if status is not S.INTENDED:
            later -= {S.VALIDATED}  # of what never was at a venue
        if status is S.PARTIALLY_FILLED:
            later -= {S.REJECTED}
        assert TRANSITIONS[status] == later
    assert all(not TRANSITIONS[status] for status in ENDED)


@pytest.mark.parametrize(
    ("before", "word", "executions", "status", "new"),
    [
        (life(S.INTENDED), said(S.SUBMITTED), (), S.SUBMITTED, 0),
        (life(S.INTENDED), said(S.WORKING), (), S.WORKING, 0),
        (life(S.INTENDED), said(S.FILLED, "10"), (execution(1, "10"),), S.FILLED, 1),
        (life(S.INTENDED), said(S.CANCELLED, "6"), (execution(1, "6"),), S.CANCELLED, 1),
        (life(S.INTENDED), said(S.REJECTED), (), S.REJECTED, 0),
        (life(S.INTENDED), said(S.VALIDATED), (), S.VALIDATED, 0),
        (life(S.WORKING), said(S.EXPIRED), (), S.EXPIRED, 0),
        (life(S.WORKING), said(S.WORKING), (execution(1),), S.PARTIALLY_FILLED, 1),
        (life(S.PARTIALLY_FILLED, "9", "e1"), said(S.WORKING), (execution(2),), S.FILLED, 1),
        (
            life(S.PARTIALLY_FILLED, "8", "e1"),
            said(S.WORKING),
            (execution(2),),
            S(S.PARTIALLY_FILLED),
            1,
        ),
        # fills come from executions alone
        (life(S.INTENDED), said(S.FILLED, "10"), (), S.WORKING, 0),
        (life(S.INTENDED), said(S.CANCELLED, "6"), (), S.WORKING, 0),
        (life(S.WORKING), said(S.CANCELLED, "6"), (execution(1, "5"),), S.PARTIALLY_FILLED, 1),
        # late: the end stays, the execution is booked
        (life(S.CANCELLED), said(S.PARTIALLY_FILLED, "1"), (execution(1),), S.CANCELLED, 1),
        (life(S.CANCELLED), said(S.FILLED, "10"), (execution(1, "10"),), S.CANCELLED, 1),
        (life(S.REJECTED), said(S.FILLED, "10"), (execution(1, "10"),), S.REJECTED, 1),
        (
            life(S.PARTIALLY_FILLED, "1", "e1"),
            said(S.REJECTED),
            (execution(2),),
            S.PARTIALLY_FILLED,
            1,
        ),
    ],
)
def test_what_a_word_makes_of_an_order(
    before: OrderLife,
    word: OrderState,
    executions: tuple[Execution, ...],
    status: OrderStatus,
    new: int,
) -> None:
    step = advance(before, word, executions)
    assert step is not None
    assert (step.status, len(step.executions)) == (status, new)
    assert step.reason == ("So it is." if status is not before.status else None)


@pytest.mark.parametrize(
    ("before", "word", "executions"),
    [
        (life(S.WORKING), said(S.SUBMITTED), ()),
        (life(S.WORKING), said(S.FILLED, "10"), ()),
        (life(S.PARTIALLY_FILLED, "3", "e1"), said(S.WORKING, "3"), (execution(1, "3"),)),
        (life(S.PARTIALLY_FILLED, "3", "e1"), said(S.CANCELLED, "4"), ()),
        (life(S.PARTIALLY_FILLED, "3", "e1"), said(S.REJECTED), ()),
        (life(S.FILLED, "10", "e1"), said(S.CANCELLED), ()),
        (life(S.CANCELLED), said(S.WORKING), ()),
        (life(S.EXPIRED), said(S.CANCELLED), ()),
        (life(S.VALIDATED), said(S.WORKING), ()),
        (life(S.WORKING), said(S.VALIDATED), ()),
    ],
)
def test_what_is_known_or_goes_backwards_changes_nothing(
    before: OrderLife, word: OrderState, executions: tuple[Execution, ...]
) -> None:
    assert advance(before, word, executions) is None


def test_an_execution_told_twice_in_one_word_is_one() -> None:
    step = advance(life(S.WORKING), said(S.WORKING), (execution(2), execution(1), execution(2)))
    assert step is not None
    assert step.executions == (execution(1), execution(2))


@given(st.decimals("0.000000001", "1000000", places=9))
def test_amounts_are_on_record_as_the_database_rounds_them_and_say_so_plainly(
    amount: Decimal,
) -> None:
    kept = recorded(amount)
    assert abs(kept - amount) <= Decimal("0.000000005")
    assert kept == round(kept, 8)
    assert "E" not in str(kept) or kept < Decimal("0.000001")
    assert recorded(kept) == kept
    assert str(recorded(kept * 1)) == str(kept)


class Venue(RuleBasedStateMachine):
    """A venue's words about one order, heard in any order, against a plain model: the set of all
    executions ever heard, and the first end that was heard with nothing missing."""

    def __init__(self) -> None:
        super().__init__()
        self.life = OrderLife(S.INTENDED, QUANTITY)
        self.heard: dict[str, Decimal] = {}
        self.seen = [S.INTENDED]
        self.first_end: OrderStatus | None = None
        self.made: list[Execution] = []

    @rule(
        status=st.sampled_from([s for s in OrderStatus if s is not S.INTENDED]),
        filled=st.integers(0, 12),
        told=st.lists(st.integers(1, 6), max_size=4),
    )
    def hear(self, status: OrderStatus, filled: int, told: list[int]) -> None:
        executions = [execution(number, str(number)) for number in told]
        word = said(status, str(filled))
        before = self.life
        step = advance(before, word, executions)
        self.heard |= {one.execution_id: one.quantity for one in executions}
        total = sum(self.heard.values(), Decimal(0))
        if self.first_end is None:
            self.first_end = self._end(status, filled, total)
        if step is None:
            assert {one.execution_id for one in executions} <= before.executions
            return
        new = sum((one.quantity for one in step.executions), Decimal(0))
        self.life = replace(
            before,
            status=step.status,
            filled_quantity=before.filled_quantity + new,
            answers=before.answers + 1,
            executions=before.executions | {one.execution_id for one in step.executions},
        )
        if step.status is not before.status:
            assert step.status in TRANSITIONS[before.status]
            self.seen.append(step.status)

    def _end(self, status: OrderStatus, filled: int, total: Decimal) -> OrderStatus | None:
        """Return the end that this word is, None when it is none: a plain reading of the rules."""
        if total >= QUANTITY:
            return S.FILLED
        partly = self.life.status is S.PARTIALLY_FILLED
        if filled > total:
            return None
        if status in (S.CANCELLED, S.EXPIRED):
            return status
        if status is S.REJECTED and not partly:
            return status
        if status is S.VALIDATED and self.life.status is S.INTENDED:
            return status
        return None

    @invariant()
    def every_execution_is_booked_once(self) -> None:
        assert self.life.executions == set(self.heard)
        assert self.life.filled_quantity == sum(self.heard.values(), Decimal(0))

    @invariant()
    def the_first_end_is_final(self) -> None:
        if self.first_end is None:
            assert self.life.status in OPEN
        else:
            assert self.life.status is self.first_end

    @invariant()
    def what_was_filled_in_part_says_so(self) -> None:
        if self.heard and self.life.status in OPEN:
            assert self.life.status is S.PARTIALLY_FILLED

    @invariant()
    def it_never_goes_backwards(self) -> None:
        ranks = [RANK.index(status) if status in RANK else len(RANK) for status in self.seen]
        assert ranks == sorted(set(ranks))


TestVenue = Venue.TestCase
TestVenue.settings = settings(
    max_examples=400 if NIGHTLY else 40, stateful_step_count=50 if NIGHTLY else 30
)
