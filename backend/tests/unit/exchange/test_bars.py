"""Bars: the worse course of a bar is taken, and doubts are counted."""

from dataclasses import replace
from typing import Any

import pytest

from kuber.exchange.behaviour import IDEAL
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Ambiguous,
    Bar,
    Expired,
    Halt,
    Holding,
    Ignored,
    MarketPhase,
    Out,
    Phase,
    Released,
    Submit,
    Trailed,
)
from kuber.exchange.units import SECOND, to_price, to_quantity
from tests.fakes.orders import bar, bracket, closing, fills, order, play, quote

TENTH = replace(IDEAL, volume_share=100_000)
SLIPPING = replace(IDEAL, slippage=1_000)


def protected(stop: str = "95", target: str = "105") -> Book:
    """Return a book in which ten shares have a stop and a target."""
    book = Book()
    exits = Submit(
        (
            closing("stop", "sell", "10", stop_price=stop, group="g"),
            closing("target", "sell", "10", limit_price=target, group="g"),
        )
    )
    play(book, Holding(0, "a", to_quantity("10")), exits)
    return book


def doubts(answers: list[Out]) -> int:
    return sum(isinstance(one, Ambiguous) for one in answers)


@pytest.mark.parametrize(
    ("prices", "price"),
    [("12 13 11 12", "12"), ("8 11 7 9", "10"), ("10 11 9 10", "10"), ("8 9.99 7 9", None)],
)
def test_a_buy_stop_of_10_fills_at_the_open_or_at_its_price(prices: str, price: str | None) -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "1", stop_price="10"),)))
    assert fills(play(book, bar(0, prices))) == ([("o", "1", price)] if price else [])


@pytest.mark.parametrize(
    ("prices", "price"),
    [("8 9 7 8", "8"), ("12 13 9 11", "10"), ("10 11 9 10", "10"), ("12 13 10.01 11", None)],
)
def test_a_sell_stop_of_10_is_the_mirror(prices: str, price: str | None) -> None:
    book = Book()
    play(book, Submit((order("o", "sell", "1", stop_price="10"),)))
    assert fills(play(book, bar(0, prices))) == ([("o", "1", price)] if price else [])


def test_a_stop_that_fills_pays_slippage_on_top() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "1", stop_price="10", behaviour=SLIPPING),)))
    assert fills(play(book, bar(0, "12 13 11 12"))) == [("o", "1", "12.01")]


def test_a_market_order_fills_at_the_open_with_slippage() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "1", behaviour=SLIPPING),)))
    assert fills(play(book, bar(0, "100 120 80 90"))) == [("o", "1", "100.1")]


@pytest.mark.parametrize(
    ("prices", "price"),
    [("100 101 95 97", "95"), ("93 101 92 97", "93"), ("100 101 95.01 97", None)],
)
def test_a_limit_fills_at_its_price_or_at_a_better_open(prices: str, price: str | None) -> None:
    book = Book()
    play(book, bar(0, "100 100 100 100"), Submit((order("o", "buy", "1", limit_price="95"),)))
    expected = [("o", "1", price)] if price else []
    assert fills(play(book, bar(60, prices))) == expected


def test_a_bar_that_reaches_stop_and_target_is_a_loss_and_in_doubt() -> None:
    book = protected()
    out = play(book, bar(0, "100 106 94 100"))
    assert fills(out) == [("stop", "10", "95")]
    assert doubts(out) == 1
    assert book.ambiguities == 1


@pytest.mark.parametrize(
    ("prices", "leg", "price"),
    [("107 108 94 100", "target", "107"), ("93 106 92 100", "stop", "93")],
)
def test_an_open_beyond_one_leg_decides_without_doubt(prices: str, leg: str, price: str) -> None:
    out = play(protected(), bar(0, prices))
    assert fills(out) == [(leg, "10", price)]
    assert doubts(out) == 0


def test_a_target_alone_is_taken() -> None:
    out = play(protected(), bar(0, "100 105 95.01 100"))
    assert fills(out) == [("target", "10", "105")]


def test_two_groups_of_one_position_are_in_doubt_once() -> None:
    book = Book()
    play(book, Holding(0, "a", to_quantity("10")), Holding(0, "a", to_quantity("10"), "p"))
    for group, target in (("1", "105"), ("2", "106")):
        legs = {"group": group, "position_id": "p"}
        play(
            book,
            Submit(
                (
                    closing(f"s{group}", "sell", "5", stop_price="95", **legs),
                    closing(f"t{group}", "sell", "5", limit_price=target, **legs),
                )
            ),
        )
    out = play(book, bar(0, "100 106 94 100"))
    assert fills(out) == [("s1", "5", "95"), ("s2", "5", "95")]
    assert doubts(out) == 1


def test_an_exit_takes_part_in_the_bar_whose_open_filled_its_entry() -> None:
    stopped = Book()
    play(stopped, bracket("10", "95", "105"))
    out = play(stopped, bar(0, "100 101 94 100"))
    assert fills(out) == [("entry", "10", "100"), ("stop", "10", "95")]
    taken = Book()
    play(taken, bracket("10", "95", "105"))
    out = play(taken, bar(0, "100 105 96 100"))
    assert fills(out) == [("entry", "10", "100"), ("target", "10", "105")]


def test_an_exit_whose_stop_lies_beyond_the_open_fills_at_the_open() -> None:
    book = Book()
    play(book, bracket("10", "95", "105"))
    assert fills(play(book, bar(0, "90 99 88 92"))) == [
        ("entry", "10", "90"),
        ("stop", "10", "90"),
    ]


def entered_inside(prices: str, **entry: Any) -> tuple[Book, list[Out]]:
    book = Book()
    play(book, bar(0, "100 100 100 100"), bracket("10", "95", "105", at=60, **entry))
    return book, play(book, bar(60, prices))


def test_an_entry_inside_a_bar_may_be_stopped_there() -> None:
    _, out = entered_inside("100 101 94 96", limit_price="98")
    assert fills(out) == [("entry", "10", "98"), ("stop", "10", "95")]
    assert doubts(out) == 0  # 94 comes after 98


def test_a_stop_that_may_have_been_reached_before_its_entry_is_in_doubt() -> None:
    _, out = entered_inside("100 104 94 102", stop_price="103")
    assert fills(out) == [("entry", "10", "103"), ("stop", "10", "95")]
    assert doubts(out) == 1
    _, sure = entered_inside("100 104 94 94.5", stop_price="103")
    assert fills(sure) == [("entry", "10", "103"), ("stop", "10", "95")]
    assert doubts(sure) == 0


def test_an_entry_inside_a_bar_never_takes_its_profit_there() -> None:
    book, out = entered_inside("100 106 97 104", limit_price="98")
    assert fills(out) == [("entry", "10", "98")]
    assert doubts(out) == 1
    assert fills(play(book, bar(120, "104 105 103 104"))) == [("target", "10", "105")]


def test_a_stop_and_a_target_after_an_entry_inside_are_one_doubt() -> None:
    book, out = entered_inside("100 106 94 102", stop_price="103")
    assert fills(out) == [("entry", "10", "103"), ("stop", "10", "95")]
    assert doubts(out) == 1
    assert book.ambiguities == 1


def trailing(amount: str = "5") -> Book:
    book = Book()
    play(book, Holding(0, "a", to_quantity("10")), bar(0, "100 100 100 100"))
    play(book, Submit((closing("t", "sell", "10", trail_amount=amount, at=60),)))
    return book


@pytest.mark.parametrize(
    ("prices", "price", "doubt"),
    [
        ("100 100 94 99", "95", 0),  # reached before any higher mark
        ("100 110 99 104", "105", 0),  # closes below the new stop: surely
        ("100 110 99 108", "105", 1),  # only the low is below it
        ("106 110 105.01 108", None, 0),
    ],
)
def test_a_trailing_stop_is_tested_against_the_old_mark_and_then_against_the_new(
    prices: str, price: str | None, doubt: int
) -> None:
    book = trailing()
    out = play(book, bar(60, prices))
    assert fills(out) == ([("t", "10", price)] if price else [])
    assert doubts(out) == doubt


def test_a_trailing_stop_keeps_the_mark_of_the_bar() -> None:
    book = trailing()
    out = play(book, bar(60, "107 110 106 108"))
    marks = [one for one in out if isinstance(one, Trailed)]
    assert marks[-1] == Trailed("t", to_price("110"), to_price("105"))
    assert fills(play(book, bar(120, "104 106 103 105"))) == [("t", "10", "104")]


def test_a_bar_fills_no_more_than_its_share_of_the_volume() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "10", behaviour=TENTH),)))
    assert fills(play(book, bar(0, "100 101 99 100", volume="40"))) == [("o", "4", "100")]
    assert fills(play(book, bar(60, "101 102 100 101", volume="0"))) == [("o", "6", "101")]


def test_all_orders_of_an_account_share_the_volume_of_a_bar() -> None:
    book = Book()
    for name in ("one", "two"):
        play(book, Submit((order(name, "buy", "3", behaviour=TENTH),)))
    out = play(book, bar(0, "100 101 99 100", volume="40"))
    assert fills(out) == [("one", "3", "100"), ("two", "1", "100")]


def test_an_order_meets_only_bars_that_open_after_it() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "1", at=30),)))
    assert fills(play(book, bar(0, "100 100 100 100"))) == []
    assert fills(play(book, bar(60, "101 101 101 101"))) == [("o", "1", "101")]


def test_nothing_trades_at_the_close_of_a_bar_until_the_next_price() -> None:
    book = Book()
    out = play(book, bar(0, "100 100 100 100"), Submit((order("o", "buy", "1", at=60),)))
    assert fills(out) == []
    assert fills(play(book, bar(60, "102 103 101 102"))) == [("o", "1", "102")]


def test_a_bar_ends_what_expires_at_its_close_after_it_could_fill() -> None:
    def last_bar(prices: str) -> list[Out]:
        book = Book()
        day = order("o", "buy", "1", limit_price="95", tif="day", expires_at=60 * SECOND)
        return play(book, Submit((day,)), bar(0, prices))

    assert fills(last_bar("100 100 95 96")) == [("o", "1", "95")]
    assert Expired("o") in last_bar("100 100 96 96")


def test_fills_inside_a_bar_are_dated_at_its_close() -> None:
    book = Book()
    out = play(book, bracket("10", "95", "105"), bar(0, "100 101 94 100"))
    assert [getattr(one, "at", None) for one in out if fills([one])] == [0, 60 * SECOND]
    assert sum(isinstance(one, Released) for one in out) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        replace(bar(60, "100 101 99 100"), low=0),
        replace(bar(60, "100 101 99 100"), high=to_price("99.5")),
        replace(bar(60, "100 101 99 100"), closed_at=0),
        bar(30, "100 101 99 100"),
    ],
)
def test_a_bar_that_cannot_be_true_is_ignored(wrong: Bar) -> None:
    book = Book()
    play(book, bar(0, "100 100 100 100"), Submit((order("o", "buy", "1"),)))
    assert [type(one) for one in play(book, wrong)] == [Ignored]


def test_a_bar_of_a_closed_or_halted_market_fills_nothing() -> None:
    for event in (Halt(0), Phase(0, MarketPhase.CLOSED)):
        book = Book()
        play(book, event, Submit((order("o", "buy", "1"),)))
        assert fills(play(book, bar(0, "100 100 100 100"))) == []


@pytest.mark.parametrize("extended", [True, False])
def test_a_bar_before_the_session_fills_orders_for_extended_hours_alone(*, extended: bool) -> None:
    book = Book()
    resting = order("o", "buy", "1", limit_price="95", extended_hours=extended)
    play(book, Submit((resting,)), bar(0, "100 100 100 100"), Phase(0, MarketPhase.PRE))
    assert bool(fills(play(book, bar(60, "100 100 94 96")))) is extended


def test_a_trailing_exit_of_an_entry_inside_a_bar_begins_with_the_next_one() -> None:
    book = Book()
    entry = order("entry", "buy", "10", limit_price="98", at=60)
    trail = closing("trail", "sell", "10", trail_amount="2", parent="entry", at=60)
    play(book, bar(0, "100 100 100 100"), Submit((entry, trail)))
    assert fills(play(book, bar(60, "100 101 90 91"))) == [("entry", "10", "98")]
    assert fills(play(book, bar(120, "100 100 97.5 99"))) == [("trail", "10", "98")]


def test_quotes_and_bars_may_follow_each_other() -> None:
    book = protected()
    assert fills(play(book, quote(0, "100"), bar(1, "100 101 99 100"), quote(61, "105"))) == [
        ("target", "10", "105")
    ]
