"""The short way of plain orders, beside the long way and beside a list that is sorted each time."""

import os
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.exchange.behaviour import IDEAL
from kuber.exchange.book import Book
from kuber.exchange.engine import admission
from kuber.exchange.events import Cancel, Expired, Filled, In, Out, Quote, Refused, Submit, Tick
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.units import AMOUNT_ONE, PRICE_ONE, QUANTITY_ONE, SECOND
from tests.fakes.orders import fills, order, play, quote
from tests.fakes.random_markets import Course

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
often = settings(max_examples=10_000 if NIGHTLY else 500, deadline=None)
COURSES = st.binary(min_size=20, max_size=400)
FEE = 30
"""Of a share: large, so that one that is counted wrongly shows."""
PAYING = replace(IDEAL, fees=FeeSchedule(per_share=FEE * PRICE_ONE))
DAYS = st.binary(min_size=40, max_size=400)
"""Up to 50 orders of eight bytes."""


def played(events: list[In]) -> tuple[list[list[Out]], str]:
    book = Book()
    return [book.apply(event) for event in events], book.state().text


def assert_both_ways_agree(events: list[In]) -> None:
    short = played(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "is_plain", lambda _store, _order: False)
        assert played(events) == short


@often
@given(COURSES)
def test_the_short_way_gives_the_answers_and_the_book_of_the_long_way(data: bytes) -> None:
    assert_both_ways_agree(list(Course(data).events()))


@often
@given(COURSES)
def test_both_ways_agree_where_all_accounts_trade_with_each_other(data: bytes) -> None:
    assert_both_ways_agree([_gentle(event) for event in Course(data).events()])


def _gentle(event: In) -> In:
    """Let every account trade with others, without chance: plain orders meet more often."""
    if not isinstance(event, Submit):
        return event
    return Submit(
        tuple(
            replace(
                one,
                owner=one.account,
                crossing=True,
                behaviour=PAYING if one.reserved is not None else IDEAL,
            )
            for one in event.orders
        )
    )


@dataclass
class Standing:
    name: str
    buys: bool
    price: int
    left: int
    owner: str
    money: int | None
    """In hundredths: what is left of the reservation."""

    def costs(self, quantity: int, price: int) -> int:
        """Return the price of a buy, half of that of a short, and the fee."""
        return quantity * ((price * 100 if self.buys else price * 50) + FEE * 100)

    def pays(self, quantity: int, price: int) -> int:
        """Return how many of the shares it can pay."""
        while self.money is not None and quantity and self.costs(quantity, price) > self.money:
            quantity -= 1
        return quantity

    def take(self, quantity: int, price: int) -> None:
        self.left -= quantity
        if self.money is not None:
            self.money -= self.costs(quantity, price)


class Naive:
    """Keeps orders in a list and sorts it for each that comes."""

    def __init__(self) -> None:
        self.book: list[Standing] = []
        self.held = dict.fromkeys("abc", 0)
        self.trades: list[tuple[str, str, int, int]] = []

    def flips(self, one: Standing) -> bool:
        return self.held[one.owner] < 0 if one.buys else self.held[one.owner] > 0

    def submit(self, new: Standing, lives: str) -> None:
        if self.flips(new):
            return
        sign = 1 if new.buys else -1
        others = [
            one
            for one in self.book
            if one.buys != new.buys
            and one.owner != new.owner
            and sign * (new.price - one.price) >= 0
            and not self.flips(one)
        ]
        others.sort(key=lambda one: sign * one.price)  # stable: first come, first served
        planned, poor = self.planned(new, others)
        if lives == "fok" and sum(quantity for _, quantity in planned) < new.left:
            return
        for other, quantity in planned:
            self.trades.append((new.name, other.name, quantity, other.price))
            for one in (other, new):
                one.take(quantity, other.price)
                self.held[one.owner] += quantity if one.buys else -quantity
        self.book = [
            one
            for one in self.book
            if one.left and (one.pays(1, one.price) or all(one is not it for it, _ in planned))
        ]
        if new.left and not poor and lives in ("gtc", "day"):
            self.book.append(new)

    @staticmethod
    def planned(new: Standing, others: list[Standing]) -> tuple[list[tuple[Standing, int]], bool]:
        """Return who gives how much, and whether the new order's money ends before."""
        purse, planned = replace(new), []
        for other in others:
            wanted = min(purse.left, other.pays(other.left, other.price))
            paid = purse.pays(wanted, other.price)
            if paid:
                planned.append((other, paid))
                purse.take(paid, other.price)
            if paid < wanted:
                return planned, True
        return planned, False


@often
@given(DAYS)
def test_users_trade_in_turn_for_as_much_as_their_money_pays(data: bytes) -> None:
    naive, book = Naive(), Book()
    # A quote far away: nothing comes from outside.
    book.apply(quote(0, "100", "1", "1000"))
    traded: list[tuple[str, str, int, int]] = []
    for number, row in enumerate(zip(*[iter(data)] * 8, strict=False)):
        if row[0] % 8 == 7:
            gone = f"o{row[1] % (number + 1)}"
            naive.book = [one for one in naive.book if one.name != gone]
            book.apply(Cancel(gone, 0))
            continue
        buys, price, quantity = bool(row[0] & 1), 97 + row[1] % 7, 1 + row[2] % 9
        lives = ("gtc", "gtc", "day", "ioc", "fok")[row[3] % 5]
        money = row[5] * 1000 if row[4] % 3 == 0 else None
        wrong = row[6] % 16
        sent = order(
            f"o{number}",
            "buy" if buys else "sell",
            f"{quantity}.5" if wrong == 0 else str(quantity),
            limit_price=f"{price}.005" if wrong == 1 else str(price),
            account="abc"[row[7] % 3],
            tif=lives,
            crossing=True,
            behaviour=PAYING if money is not None else IDEAL,
            reserved=None if money is None else money * AMOUNT_ONE // 100,
        )
        if wrong > 1:
            new = Standing(sent.id, buys, price, quantity, sent.account, money)
            naive.submit(new, lives)
        traded += [
            (one.order, one.against or "", one.quantity // QUANTITY_ONE, one.price // PRICE_ONE)
            for one in book.apply(Submit((sent,)))
            if isinstance(one, Filled) and one.order == sent.id
        ]
        assert traded == naive.trades
        assert set(book.working()) == {one.name for one in naive.book}


def test_a_plain_order_rests_until_a_quote_reaches_it() -> None:
    book = Book()
    book.apply(quote(0, "100"))
    book.apply(Submit((order("o", "buy", "1", limit_price="99"),)))
    assert not book.acts_on(quote(1, "99.01"))
    assert book.acts_on(quote(1, "99"))


def test_a_quote_that_has_no_ask_is_looked_at_the_long_way() -> None:
    book = Book()
    book.apply(Quote(0, 100 * PRICE_ONE))
    answers = book.apply(Submit((order("o", "buy", "1", limit_price="101"),)))
    assert [type(one) for one in answers][1:] == [Filled]


def test_an_id_that_is_working_is_refused_and_the_order_that_has_it_stands() -> None:
    book = Book()
    book.apply(Submit((order("o", "buy", "1", limit_price="99"),)))
    assert book.apply(Submit((order("o", "buy", "2", limit_price="98"),))) == [
        Refused("o", *admission.DUPLICATE)
    ]
    assert book.remaining("o") == QUANTITY_ONE


def test_an_id_that_comes_again_expires_in_its_new_turn() -> None:
    book = Book()
    first, second = (order(name, "buy", "1", limit_price="99", expires_at=100) for name in "ab")
    play(book, Submit((first,)), Cancel("a", 1), Submit((second,)), Submit((first,)))
    assert book.apply(Tick(100)) == [Expired("b"), Expired("a")]


def test_an_id_that_comes_again_arrives_in_its_new_turn() -> None:
    book = Book()
    first, second = (
        order(name, "buy", "1", limit_price="99", account=name, crossing=True, latency=2)
        for name in "ab"
    )
    play(book, Submit((first,)), Cancel("a", 1), Submit((second,)), Submit((first,)))
    book.apply(Tick(2 * SECOND))
    sale = order("sale", "sell", "1", limit_price="99", account="c", crossing=True, at=3)
    assert [one[0] for one in fills(book.apply(Submit((sale,))))] == ["b", "sale"]
