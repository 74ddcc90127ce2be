"""Market and limit orders against the market outside."""

from dataclasses import replace

import pytest

from kuber.exchange.behaviour import IDEAL, PAPER_LIKE, REALISTIC, Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Accepted,
    Cancelled,
    Expired,
    Filled,
    Held,
    Holding,
    HoldReason,
    Ignored,
    Out,
    Quote,
    Reason,
    Refused,
    Submit,
    Tick,
)
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.units import (
    MILLION,
    SECOND,
    from_amount,
    to_amount,
    to_price,
    to_quantity,
)
from tests.fakes.orders import COIN, closing, fills, order, play, quote, sized

SLIPPING = replace(IDEAL, slippage=1_000)


def sent(*events: object, **terms: object) -> list[Out]:
    """Return what comes of a quote of 99 to 101 and then an order to buy 10."""
    return play(Book(), quote(0, "100", "99", "101"), Submit((order("o", "buy", "10", **terms),)))


def reasons(answers: list[Out]) -> list[Reason]:
    return [one.reason for one in answers if isinstance(one, Cancelled)]


def test_a_market_order_fills_on_the_other_side_of_the_quote() -> None:
    assert fills(sent()) == [("o", "10", "101")]
    sell = play(Book(), quote(0, "100", "99", "101"), Submit((order("o", "sell", "10"),)))
    assert fills(sell) == [("o", "10", "99")]


def test_slippage_moves_the_price_against_the_order_half_up_on_the_tick() -> None:
    assert fills(sent(behaviour=SLIPPING)) == [("o", "10", "101.1")]  # 101.101
    half = play(Book(), quote(0, "105"), Submit((order("o", "buy", "1", behaviour=SLIPPING),)))
    assert fills(half) == [("o", "1", "105.11")]  # 105.105
    down = play(Book(), quote(0, "105"), Submit((order("o", "sell", "1", behaviour=SLIPPING),)))
    assert fills(down) == [("o", "1", "104.9")]  # 104.895


def test_a_limit_bounds_the_slippage() -> None:
    assert fills(sent(behaviour=SLIPPING, limit_price="101.05")) == [("o", "10", "101.05")]


def test_a_resting_limit_fills_without_slippage_at_the_quote_and_never_worse() -> None:
    book = Book()
    resting = order("o", "buy", "10", limit_price="100", behaviour=SLIPPING)
    assert fills(play(book, quote(0, "100", "99", "101"), Submit((resting,)))) == []
    assert fills(play(book, quote(1, "99", "98.5", "99.5"))) == [("o", "10", "99.5")]


@pytest.mark.parametrize(("ask", "filled"), [("100.01", False), ("100", True)])
def test_touching_a_limit_fills_it(ask: str, *, filled: bool) -> None:
    book = Book()
    play(book, quote(0, "105"), Submit((order("o", "buy", "10", limit_price="100"),)))
    assert bool(fills(play(book, quote(1, ask)))) is filled


def test_a_side_that_is_missing_stands_half_a_spread_from_the_last_price() -> None:
    wide = replace(IDEAL, half_spread=5_000)
    for side, price in (("buy", "100.5"), ("sell", "99.5")):
        out = play(
            Book(),
            Quote(0, to_price("100")),
            Submit((order("o", side, "1", behaviour=wide),)),
        )
        assert fills(out) == [("o", "1", price)]


def test_a_size_that_is_missing_is_the_depth_that_was_configured() -> None:
    shallow = replace(IDEAL, depth=to_quantity("4"))
    assert fills(sent(behaviour=shallow)) == [("o", "4", "101")]


def test_a_quote_gives_each_account_its_size_once_until_the_next() -> None:
    book = Book()
    play(book, sized(0, "100", "6"))
    first = play(book, Submit((order("one", "buy", "4"),)))
    second = play(book, Submit((order("two", "buy", "4"),)))
    other = play(book, Submit((order("three", "buy", "4", account="b"),)))
    assert fills(first) == [("one", "4", "100")]
    assert fills(second) == [("two", "2", "100")]
    assert fills(other) == [("three", "4", "100")]
    assert fills(play(book, sized(1, "100", "6"))) == [("two", "2", "100")]


def test_accounts_that_trade_with_each_other_share_what_a_quote_offers() -> None:
    book = Book()
    play(book, sized(0, "100", "6"))
    for name, left in (("u", "4"), ("v", "2")):
        sent_by = order(name, "buy", "4", account=name, crossing=True)
        assert fills(play(book, Submit((sent_by,)))) == [(name, left, "100")]


def test_paper_does_not_look_at_sizes() -> None:
    paper = replace(PAPER_LIKE, partial_rate=0)
    out = play(Book(), sized(0, "100", "1"), Submit((order("o", "buy", "9", behaviour=paper),)))
    assert fills(out) == [("o", "9", "100")]


def test_what_an_ioc_order_cannot_have_at_once_is_cancelled() -> None:
    out = play(Book(), sized(0, "100", "6"), Submit((order("o", "buy", "10", tif="ioc"),)))
    assert fills(out) == [("o", "6", "100")]
    assert reasons(out) == [Reason.UNFILLED]


@pytest.mark.parametrize(("size", "filled"), [("9", []), ("10", [("o", "10", "100")])])
def test_a_fok_order_is_filled_whole_or_not_at_all(
    size: str, filled: list[tuple[str, str, str]]
) -> None:
    book = Book()
    out = play(book, sized(0, "100", size), Submit((order("o", "buy", "10", tif="fok"),)))
    assert fills(out) == filled
    assert book.working() == ()
    assert reasons(out) == ([] if filled else [Reason.UNFILLED])


@pytest.mark.parametrize("tif", ["day", "gtc"])
def test_m22_the_rest_of_a_day_or_gtc_order_rests(tif: str) -> None:
    book = Book()
    out = play(
        book,
        sized(0, "100", "6"),
        Submit((order("o", "buy", "10", tif=tif, expires_at=60 * SECOND),)),
    )
    assert [one.remaining for one in out if isinstance(one, Filled)] == [to_quantity("4")]
    assert out[-1] == Held("o", HoldReason.NO_LIQUIDITY)
    assert fills(play(book, quote(1, "101"))) == [("o", "4", "101")]
    assert book.working() == ()


def test_a_price_older_than_the_order_never_fills_it() -> None:
    book = Book()
    out = play(book, quote(0, "100"), Submit((order("o", "buy", "10", at=5),)))
    assert fills(out) == []
    assert out[-1] == Held("o", HoldReason.NO_FRESH_PRICE, 0)
    assert fills(play(book, quote(4, "100"))) == []
    assert fills(play(book, quote(5, "101"))) == [("o", "10", "101")]


def test_latency_counts_before_a_price_may_fill() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "10", at=5, latency=2),)))
    assert fills(play(book, quote(6, "100"))) == []
    assert fills(play(book, quote(7, "101"))) == [("o", "10", "101")]


@pytest.mark.parametrize("tif", ["ioc", "fok"])
def test_an_order_that_cannot_wait_is_cancelled_when_no_price_comes(tif: str) -> None:
    book = Book()
    patient = replace(IDEAL, patience=3 * SECOND)
    play(book, Submit((order("o", "buy", "10", at=5, tif=tif, behaviour=patient),)))
    assert play(book, Tick(8 * SECOND - 1)) == []
    assert play(book, quote(8, "100")) == [Cancelled("o", Reason.NO_FRESH_PRICE)]


def test_whatever_comes_first_ends_what_has_expired() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "10", limit_price="100", expires_at=9 * SECOND),)))
    assert play(book, Tick(9 * SECOND - 1)) == []
    assert play(book, quote(9, "90")) == [Expired("o")]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (Quote(2, 0), "not_positive"),
        (Quote(2, 100, -1, 100), "not_positive"),
        (Quote(2, 100, 101, 100), "crossed"),
        (Quote(2, 100, bid_size=-1), "negative_size"),
        (Quote(0, 10**14), "older_than_the_last_price"),
    ],
)
def test_a_quote_that_cannot_be_true_changes_nothing(price: Quote, reason: str) -> None:
    book = Book()
    play(book, replace(quote(0, "100"), at=1), Submit((order("o", "buy", "1", limit_price="5"),)))
    before = book.state()
    assert play(book, price) == [Ignored(reason)]
    assert book.state().text.replace('"now":2', '"now":1') == before.text


def test_m11_what_opens_is_refused_on_the_other_side_of_what_is_held() -> None:
    book = Book()
    out = play(book, Holding(0, "a", to_quantity("5")), Submit((order("o", "sell", "5"),)))
    assert [one.code for one in out if isinstance(one, Refused)] == ["would_flip"]
    assert play(book, Submit((order("p", "buy", "5"),)))[0] == Accepted("p")


def test_m11_what_closes_is_cut_to_the_position_and_to_the_account() -> None:
    book = Book()
    play(book, quote(0, "100"), Holding(0, "a", to_quantity("10")))
    play(book, Holding(0, "a", to_quantity("4"), "p"))
    out = play(book, Submit((closing("o", "sell", "9", position_id="p"),)))
    assert fills(out) == [("o", "4", "100")]
    assert reasons(out) == [Reason.NOTHING_TO_CLOSE]
    play(book, Holding(0, "a", to_quantity("2")), Holding(0, "a", to_quantity("4"), "p"))
    again = play(book, Submit((closing("q", "sell", "9", position_id="p"),)))
    assert fills(again) == [("q", "2", "100")]
    assert book.holding("a") == 0


def test_m11_a_second_closing_order_never_turns_the_position() -> None:
    book = Book()
    play(book, sized(0, "100", "6"), Holding(0, "a", to_quantity("10")))
    play(book, Submit((closing("one", "sell", "10"),)), Submit((closing("two", "sell", "10"),)))
    play(book, sized(1, "100", "6"), sized(2, "100", "6"))
    assert book.holding("a") == 0
    assert book.working() == ()


def test_a_fill_is_cut_to_what_the_reservation_pays_with_its_fee() -> None:
    taking = replace(IDEAL, fees=FeeSchedule(per_share=to_price("1"), minimum=to_amount("5")))
    book = Book()
    rich = order("o", "buy", "10", behaviour=taking, reserved=to_amount("408"))
    out = play(book, quote(0, "101"), Submit((rich,)))
    assert fills(out) == [("o", "3", "101")]  # 3 x 101 + 5 = 308, 4 x 101 + 5 = 409
    assert reasons(out) == [Reason.INSUFFICIENT_BUYING_POWER]
    enough = replace(rich, id="p", reserved=to_amount("409"))
    assert fills(play(book, Submit((enough,)))) == [("p", "4", "101")]


def test_m23_a_short_takes_half_of_its_value_from_its_reservation() -> None:
    book = Book()
    short = order("o", "sell", "10", reserved=to_amount("500"))
    assert fills(play(book, quote(0, "100"), Submit((short,)))) == [("o", "10", "100")]
    less = order("p", "sell", "10", reserved=to_amount("499.99"))
    assert fills(play(book, Submit((less,)))) == [("p", "9", "100")]


def test_fees_of_several_fills_are_those_of_one_order() -> None:
    taking = replace(IDEAL, fees=FeeSchedule(per_share=to_price("0.5"), minimum=to_amount("4")))
    book = Book()
    out = play(book, sized(0, "100", "6"), Submit((order("o", "buy", "12", behaviour=taking),)))
    out += play(book, sized(1, "100", "6"))
    fees = [str(from_amount(one.fee)) for one in out if isinstance(one, Filled)]
    assert fees == ["4", "2"]


def test_m22_chance_may_fill_a_part_and_says_which() -> None:
    always = replace(IDEAL, partial_rate=MILLION, seed=3)
    book = Book()
    out = play(book, quote(0, "100"), Submit((order("o", "buy", "10", behaviour=always),)))
    first = next(one for one in out if isinstance(one, Filled))
    assert to_quantity("3") <= first.quantity < to_quantity("10")
    assert first.quantity % to_quantity("1") == 0
    assert play(Book(), quote(0, "100"), Submit((order("o", "buy", "10", behaviour=always),))) == (
        out
    )
    second = play(book, quote(1, "100"))
    assert fills(second)
    assert fills(play(book, *(quote(at, "100") for at in range(2, 9))))
    assert book.working() == ()


@pytest.mark.parametrize(
    "terms", [{"tif": "fok"}, {"quantity": "1"}, {"quantity": "0.0015", "spec": COIN}]
)
def test_chance_takes_no_part_of_fok_of_one_lot_or_of_what_would_leave_too_little(
    terms: dict[str, object],
) -> None:
    always = replace(IDEAL, partial_rate=MILLION)
    quantity = str(terms.pop("quantity", "10"))
    out = play(
        Book(),
        quote(0, "100"),
        Submit((order("o", "buy", quantity, behaviour=always, **terms),)),
    )
    assert fills(out) == [("o", quantity, "100")]


def rejected(behaviour: Behaviour) -> int:
    book, refused = Book(), 0
    for number in range(400):
        sent_one = order(f"o{number}", "buy", "1", limit_price="1", behaviour=behaviour)
        refused += isinstance(play(book, Submit((sent_one,)))[0], Refused)
    return refused


def test_m22_rejections_can_be_switched_off() -> None:
    assert 5 < rejected(REALISTIC) < 40
    assert rejected(replace(REALISTIC, rejection_rate=0)) == 0
    assert rejected(PAPER_LIKE) == 0


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": "0"}, "bad_quantity"),
        ({"quantity": "1.5"}, "bad_quantity"),
        ({"limit_price": "100.001"}, "bad_price"),
        ({"limit_price": "0.00001"}, "bad_price"),
        ({"limit_price": "-1"}, "bad_price"),
        ({"trail_percent": 0}, "missing_price"),
        ({"trail_percent": 5, "trail_amount": "1"}, "missing_price"),
        ({"stop_price": "99.995"}, "bad_price"),
        ({"expires_at": 0}, "expired"),
        ({"parent": "nobody", "limit_price": "1"}, "no_parent"),
        ({"quantity": "0.0005", "spec": COIN}, "below_minimum"),
        (
            {"limit_price": "5", "spec": replace(COIN, minimum_value=to_amount("51"))},
            "below_minimum",
        ),
    ],
)
def test_an_order_that_the_instrument_does_not_allow_is_refused(
    terms: dict[str, object], code: str
) -> None:
    quantity = str(terms.get("quantity", "10"))
    rest = {name: value for name, value in terms.items() if name != "quantity"}
    book = Book()
    out = play(book, Submit((order("o", "buy", quantity, **rest),)))
    assert [one.code for one in out if isinstance(one, Refused)] == [code]
    assert book.working() == ()


def test_what_cannot_be_sold_short_is_not() -> None:
    long_only = replace(COIN, shortable=False)
    out = play(Book(), Submit((order("o", "sell", "1", spec=long_only),)))
    assert [one.code for one in out if isinstance(one, Refused)] == ["not_shortable"]


def test_prices_below_one_have_a_finer_tick() -> None:
    out = play(Book(), Submit((order("o", "buy", "1", limit_price="0.1234"),)))
    assert out == [Accepted("o")]
