"""What holds for a book whatever happens in its market."""

import os
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.exchange.book import Book
from kuber.exchange.events import (
    Accepted,
    Adjust,
    Cancelled,
    Expired,
    Filled,
    Halt,
    Holding,
    In,
    MarketPhase,
    Out,
    Phase,
    Quote,
    Replaced,
    Resume,
)
from kuber.exchange.types import NewOrder
from kuber.kernel.orders import OrderType, Side
from tests.fakes.random_markets import ACCOUNTS, Course

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
often = settings(max_examples=10_000 if NIGHTLY else 500, deadline=None)
COURSES = st.binary(min_size=20, max_size=120)
"""Some twenty events."""


def run(course: Course) -> list[tuple[In, list[Out]]]:
    book = Book()
    return [(event, book.apply(event)) for event in course.events()]


def flat(answers: list[tuple[In, list[Out]]]) -> list[Out]:
    return [one for _, out in answers for one in out]


def signed(order: NewOrder, quantity: int) -> int:
    return quantity if order.side is Side.BUY else -quantity


@often
@given(COURSES)
def test_no_order_is_filled_beyond_its_quantity_or_its_limit(data: bytes) -> None:
    course = Course(data, splits=False)
    filled: dict[str, int] = defaultdict(int)
    for event, out in run(course):
        for one in out:
            if isinstance(one, Replaced):
                filled[one.new] = filled[one.old]
            if not isinstance(one, Filled):
                continue
            order = course.sent[one.order]
            filled[one.order] += one.quantity
            assert 0 < filled[one.order] <= order.quantity, event
            assert one.remaining >= 0
            if order.limit_price is not None:
                worst = order.limit_price
                assert one.price <= worst if order.side is Side.BUY else one.price >= worst


@often
@given(COURSES)
def test_m11_what_closes_never_flips_and_what_opens_never_meets_the_other_side(
    data: bytes,
) -> None:
    course, book = Course(data), Book()
    for event in course.events():
        held = {account: book.holding(account) for account, _, _ in ACCOUNTS}
        out = book.apply(event)
        if isinstance(event, Holding | Adjust):
            continue  # the account's holding changes from outside
        for one in out:
            if isinstance(one, Filled):
                order = course.sent[one.order]
                before = held[order.account]
                held[order.account] += signed(order, one.quantity)
                after = held[order.account]
                if order.closes:
                    assert before * after >= 0
                    assert abs(after) < abs(before)
                else:
                    assert abs(after) > abs(before)
        assert held == {account: book.holding(account) for account in held}


@often
@given(COURSES)
def test_shares_and_money_pass_from_one_user_to_another_and_nothing_is_lost(data: bytes) -> None:
    course = Course(data)
    for _, out in run(course):
        pairs: dict[tuple[str, str, int, int], int] = defaultdict(int)
        for one in out:
            if isinstance(one, Filled) and one.against is not None:
                mine, other = course.sent[one.order], course.sent[one.against]
                assert mine.side is not other.side
                assert mine.owner != other.owner
                assert mine.crossing
                assert other.crossing
                first, second = sorted((one.order, one.against))
                sign = 1 if one.order == first else -1
                pairs[first, second, one.price, one.at] += sign * one.quantity
        assert set(pairs.values()) <= {0}


@often
@given(COURSES)
def test_each_order_ends_once_and_is_in_the_book_until_then(data: bytes) -> None:
    course, book = Course(data), Book()
    known, ended = set[str](), set[str]()
    for event in course.events():
        out = book.apply(event)
        for one in out:
            if isinstance(one, Accepted):
                known.add(one.order)
            elif isinstance(one, Replaced):
                known.add(one.new)
                ended.add(one.old)
            elif isinstance(one, Cancelled | Expired) or (
                isinstance(one, Filled) and one.remaining == 0
            ):
                assert one.order in known
                assert one.order not in ended
                ended.add(one.order)
        assert set(book.working()) == known - ended


@often
@given(COURSES)
def test_a_reservation_pays_every_fill_of_what_opens_and_its_fees(data: bytes) -> None:
    course = Course(data, splits=False)
    spent: dict[str, int] = defaultdict(int)
    for one in flat(run(course)):
        if isinstance(one, Replaced):
            spent[one.new] = spent[one.old]
        if isinstance(one, Filled):
            order = course.sent[one.order]
            value = one.price * one.quantity
            spent[one.order] += (value if order.side is Side.BUY else value // 2) + one.fee
            if order.reserved is not None and not order.closes:
                assert spent[one.order] <= order.reserved
                assert one.reserved == order.reserved - spent[one.order]


@often
@given(COURSES)
def test_the_fees_of_an_order_add_up_to_its_schedule(data: bytes) -> None:
    course = Course(data, splits=False)
    totals: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for one in flat(run(course)):
        if isinstance(one, Replaced):
            totals[one.new] = totals[one.old]
        if isinstance(one, Filled):
            quantity, value, fee = totals[one.order]
            added = (quantity + one.quantity, value + one.price * one.quantity, fee + one.fee)
            totals[one.order] = added
            assert added[2] == course.sent[one.order].behaviour.fees.total(added[0], added[1])


@often
@given(COURSES)
def test_a_group_never_fills_more_than_one_of_its_orders_would(data: bytes) -> None:
    course = Course(data, splits=False)
    of_group: dict[str, int] = defaultdict(int)
    of_parent: dict[str, int] = defaultdict(int)
    renamed: dict[str, str] = {}
    for one in flat(run(course)):
        if isinstance(one, Replaced):
            renamed[one.new] = renamed.get(one.old, one.old)
        if not isinstance(one, Filled):
            continue
        first = renamed.get(one.order, one.order)
        order = course.sent[first]
        of_parent[first] += one.quantity
        if order.group is not None:
            of_group[order.group] += one.quantity
            assert of_group[order.group] <= order.quantity
            if order.parent is not None:
                assert of_group[order.group] <= of_parent[order.parent]


@often
@given(COURSES)
def test_m05_no_two_orders_that_may_trade_with_each_other_stand_crossed(data: bytes) -> None:
    course, book = Course(data, splits=False), Book()
    shut, limits = False, dict[str, NewOrder]()
    open_phase = True
    for event in course.events():
        out = book.apply(event)
        if isinstance(event, Phase):
            open_phase = event.phase is MarketPhase.OPEN
        shut = isinstance(event, Halt) or (shut and not isinstance(event, Resume))
        for one in out:
            if isinstance(one, Accepted):
                limits[one.order] = course.sent[one.order]
            elif isinstance(one, Replaced):
                limits[one.new] = course.sent[one.new]
        if shut or not open_phase:
            continue
        standing = [
            order
            for order in map(limits.__getitem__, book.working())
            if may_trade(order, course.at)
            and signed(order, 1) * book.holding(order.account) >= 0  # else it would flip
        ]
        for buy in standing:
            for sell in standing:
                if buy.side is Side.BUY and sell.side is Side.SELL and buy.owner != sell.owner:
                    assert buy.limit_price is not None
                    assert sell.limit_price is not None
                    assert buy.limit_price < sell.limit_price


def may_trade(order: NewOrder, now: int) -> bool:
    """Return whether an order surely stands in the book for others; the rest is not looked at."""
    return (
        order.crossing
        and order.type is OrderType.LIMIT
        and not order.closes
        and order.parent is None
        and order.group is None
        and order.effective_at <= order.at
        and order.reserved is None
        and order.time_in_force.value in ("gtc", "day")
        and now >= order.at
    )


@often
@given(COURSES)
def test_the_same_events_give_the_same_answers_and_the_same_state(data: bytes) -> None:
    once, again = Book(), Book()
    for event in Course(data).events():
        assert once.apply(event) == again.apply(event)
    assert once.state() == again.state()


@often
@given(COURSES)
def test_a_book_restored_after_any_event_goes_on_as_if_nothing_had_been(data: bytes) -> None:
    kept, restored = Book(), Book()
    for event in Course(data).events():
        assert kept.apply(event) == restored.apply(event)
        restored = Book.of(restored.state())
    assert restored.state() == kept.state()


@often
@given(COURSES)
def test_m04_quotes_that_a_book_does_not_act_on_may_be_left_out(data: bytes) -> None:
    told, spared = Book(), Book()
    left_out: Quote | None = None
    for event in Course(data, only_quotes=True).events():
        if isinstance(event, Quote) and not spared.acts_on(event):
            if left_out is None or event.at >= left_out.at:
                assert told.apply(event) == []
                left_out = event
            continue
        if left_out is not None and (not isinstance(event, Quote) or event.at >= left_out.at):
            if not isinstance(event, Quote):
                assert spared.apply(left_out) == []
            left_out = None
        if isinstance(event, Quote) and left_out is not None:
            continue  # older than one that was left out: the host drops it
        assert told.apply(event) == spared.apply(event)
