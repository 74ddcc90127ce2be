"""Who is served first: beside an engine of a few lines that sorts a list."""

import os
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.exchange.book import Book
from kuber.exchange.events import (
    Cancel,
    Cancelled,
    Filled,
    Holding,
    MarketPhase,
    Phase,
    Replace,
    Submit,
    Tick,
)
from kuber.exchange.types import NewOrder
from kuber.exchange.units import PRICE_ONE, QUANTITY_ONE, SECOND
from tests.fakes.orders import closing, fills, order, play, quote, sized

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
often = settings(max_examples=10_000 if NIGHTLY else 500, deadline=None)
BYTES = st.binary(max_size=100)
"""Up to 25 orders of four bytes."""
Sent = tuple[str, int, int, str, str]
"""Side, price, quantity, owner, time in force."""


def decoded(data: bytes) -> list[Sent]:
    return [
        (
            "buy" if first & 1 else "sell",
            97 + price % 7,
            1 + quantity % 9,
            "abc"[owner % 3],
            ("gtc", "gtc", "gtc", "ioc", "fok")[first // 2 % 5],
        )
        for first, price, quantity, owner in zip(*[iter(data)] * 4, strict=False)
    ]


@dataclass
class Resting:
    name: str
    side: str
    price: int
    left: int
    owner: str


def naive(orders: list[Sent]) -> list[tuple[str, str, int, int]]:
    """Return taker, maker, quantity and price of each trade, by sorting a list every time."""
    book: list[Resting] = []
    trades = []
    for number, (side, price, wanted, owner, tif) in enumerate(orders):
        quantity = wanted
        sign = 1 if side == "buy" else -1
        others = [
            one
            for one in book
            if one.side != side and one.owner != owner and sign * (price - one.price) >= 0
        ]
        others.sort(key=lambda one: sign * one.price)  # stable: first come, first served
        if tif == "fok" and sum(one.left for one in others) < quantity:
            continue
        for other in others:
            taken = min(quantity, other.left)
            if taken:
                trades.append((f"o{number}", other.name, taken, other.price))
            quantity -= taken
            other.left -= taken
        book = [one for one in book if one.left]
        if quantity and tif == "gtc":
            book.append(Resting(f"o{number}", side, price, quantity, owner))
    return trades


@often
@given(BYTES)
def test_users_trade_by_price_and_then_in_turn(
    data: bytes,
) -> None:
    orders, book = decoded(data), Book()
    # A quote far away: nothing comes from outside.
    play(book, quote(0, "100", "1", "1000"))
    traded = []
    for number, (side, price, quantity, owner, tif) in enumerate(orders):
        sent = order(
            f"o{number}",
            side,
            str(quantity),
            limit_price=str(price),
            account=f"{owner}{side}",  # an account for each side: none flips
            owner=owner,
            tif=tif,
            crossing=True,
        )
        traded += taken_by(book, sent)
    assert traded == naive(orders)


def taken_by(book: Book, sent: NewOrder) -> list[tuple[str, str, int, int]]:
    return [
        (one.order, one.against or "", one.quantity // QUANTITY_ONE, one.price // PRICE_ONE)
        for one in book.apply(Submit((sent,)))
        if isinstance(one, Filled) and one.order == sent.id
    ]


def crossing(name: str, side: str, quantity: str, price: str, user: str, **terms: object) -> Submit:
    return Submit(
        (order(name, side, quantity, limit_price=price, account=user, crossing=True, **terms),)
    )


def test_a_user_comes_before_the_market_outside_at_an_equal_price() -> None:
    book = Book()
    play(book, quote(0, "100", "99", "101"), crossing("ask", "sell", "5", "101", "u"))
    out = play(book, crossing("buy", "buy", "8", "101", "v"))
    assert fills(out) == [("ask", "5", "101"), ("buy", "5", "101"), ("buy", "3", "101")]


def test_the_better_price_comes_first_whoever_offers_it() -> None:
    book = Book()
    play(
        book,
        replace(quote(0, "100", "99", "101"), ask_size=4 * QUANTITY_ONE),
        crossing("far", "sell", "5", "102", "u"),
        crossing("near", "sell", "2", "101", "u"),
    )
    out = play(book, crossing("buy", "buy", "10", "102", "v"))
    assert [one for one in fills(out) if one[0] == "buy"] == [
        ("buy", "2", "101"),
        ("buy", "4", "101"),
        ("buy", "4", "102"),
    ]


def test_m05_orders_of_one_user_pass_each_other_by() -> None:
    book = Book()
    play(
        book,
        quote(0, "100", "99", "102"),
        crossing("own", "sell", "5", "101", "a1", owner="u"),
        crossing("other", "sell", "5", "102", "b1"),
    )
    out = play(book, crossing("buy", "buy", "5", "102", "a2", owner="u"))
    assert fills(out) == [("other", "5", "102"), ("buy", "5", "102")]


def test_m05_accounts_that_did_not_choose_it_never_trade_with_each_other() -> None:
    book = Book()
    play(book, quote(0, "100", "99", "110"), crossing("ask", "sell", "5", "101", "u"))
    alone = order("buy", "buy", "5", limit_price="105", account="v")
    assert fills(play(book, Submit((alone,)))) == []


def test_a_market_order_goes_no_further_than_the_market_outside() -> None:
    book = Book()
    play(book, sized(0, "100", "3"), crossing("dear", "sell", "5", "500", "u"))
    out = play(book, Submit((order("buy", "buy", "10", account="v", crossing=True),)))
    assert fills(out) == [("buy", "3", "100")]


def test_two_closing_orders_of_one_account_sell_its_shares_once() -> None:
    book = Book()
    play(book, quote(0, "100", "90", "110"), Holding(0, "u", 10 * QUANTITY_ONE))
    for name in ("first", "second"):
        play(
            book,
            Submit((closing(name, "sell", "10", limit_price="101", account="u", crossing=True),)),
        )
    out = play(book, crossing("buy", "buy", "20", "101", "v"))
    assert fills(out) == [("first", "10", "101"), ("buy", "10", "101")]
    assert book.holding("u") == 0


def test_a_smaller_order_keeps_its_turn_and_a_dearer_one_loses_it() -> None:
    def served(change: Replace) -> str:
        book = Book()
        play(
            book,
            quote(0, "100", "90", "110"),
            crossing("first", "buy", "5", "100", "u"),
            crossing("second", "buy", "5", "100", "v"),
            change,
        )
        return fills(play(book, crossing("sell", "sell", "1", "100", "w")))[0][0]

    smaller = Replace(id="first", new_id="new", at=1, expected_filled=0, remaining=QUANTITY_ONE)
    assert served(smaller) == "new"
    assert served(replace(smaller, remaining=6 * QUANTITY_ONE)) == "second"
    same_price = replace(smaller, remaining=None, limit_price=100 * PRICE_ONE)
    assert served(same_price) == "second"


def test_an_order_that_slept_through_a_session_keeps_its_turn() -> None:
    book = Book()
    play(
        book,
        crossing("day", "buy", "1", "100", "u"),
        crossing("early", "buy", "1", "100", "v", extended_hours=True),
        Phase(0, MarketPhase.PRE),
        quote(1, "105", "90", "105"),
        Phase(2 * SECOND, MarketPhase.OPEN),
        quote(3, "105", "90", "105"),
    )
    out = play(book, crossing("sell", "sell", "1", "100", "w", at=3))
    assert fills(out)[0][0] == "day"


def test_a_turn_begins_with_the_arrival_and_not_with_the_sending() -> None:
    book = Book()
    play(
        book,
        crossing("slow", "buy", "1", "100", "u", latency=2),
        crossing("quick", "buy", "1", "100", "v", at=1),
        Tick(2 * SECOND),
    )
    assert fills(play(book, crossing("sell", "sell", "1", "100", "w", at=3)))[0][0] == "quick"


def test_a_cancelled_order_is_served_no_more() -> None:
    book = Book()
    play(book, quote(0, "100", "90", "110"), crossing("first", "buy", "5", "100", "u"))
    assert isinstance(play(book, Cancel("first", 1))[0], Cancelled)
    assert fills(play(book, crossing("sell", "sell", "1", "100", "w"))) == []
