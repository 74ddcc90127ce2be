"""What a venue refuses before an order reaches any book: one table, each row with its source.

The venue is Alpaca, whose codes and texts the rows carry, so that a simulated run teaches the true
error. Sources: S1 alpaca-docs 2025-04 (orders, paper trading), S2 the trading OpenAPI 2.0.1, S3
alpaca-py, S4 docs.alpaca.markets and its support pages, S6 a measured table of order rules
(2026-08-17); `owner/repo#N` is an issue. S2 is newer than S1. A text that begins small is the
venue's, or mirrors it; the others are Kuber's, because the source gives no wording.

`kuber.exchange.checks` reads the table.
"""

from dataclasses import dataclass
from enum import StrEnum

from kuber.exchange.types import AssetClass
from kuber.kernel.orders import OrderType, TimeInForce


class OrderClass(StrEnum):
    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"
    MLEG = "mleg"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a refused order is answered: HTTP status, the venue's code, and the text."""

    status: int
    code: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """Orders of this shape are refused. Each column is a set of values, None for any.

    `fractional` is whether the quantity is not whole, or given as money; `extended` whether the
    order may trade outside of the session.
    """

    rule: str
    verdict: Verdict
    assets: frozenset[AssetClass] | None = None
    classes: frozenset[OrderClass] | None = None
    types: frozenset[OrderType] | None = None
    times: frozenset[TimeInForce] | None = None
    fractional: bool | None = None
    extended: bool | None = None


_SHARES = frozenset({AssetClass.EQUITY})
_COINS = frozenset({AssetClass.CRYPTO})
_OPTIONS = frozenset({AssetClass.OPTION})
_EXITS = frozenset({OrderClass.BRACKET, OrderClass.OCO, OrderClass.OTO})
_BRACKETS = frozenset({OrderClass.BRACKET})
_ALL_CLASSES = frozenset(OrderClass)
_ALL_TYPES = frozenset(OrderType)
_ALL_TIMES = frozenset(TimeInForce)
_PLAIN = frozenset({OrderType.MARKET, OrderType.LIMIT})
_DAY_GTC = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_AUCTIONS = frozenset({TimeInForce.OPG, TimeInForce.CLS})

UNPROCESSABLE = "42210000"
BAD_REQUEST = "40010001"


def _no(text: str, source: str, code: str = UNPROCESSABLE) -> Verdict:
    return Verdict(422, code, text, source)


TABLE: tuple[Row, ...] = (
    Row(
        "fractional_is_simple",
        _no("fractional orders must be simple orders", "S6"),
        assets=_SHARES,
        classes=_EXITS,
        fractional=True,
    ),
    Row(
        "fractional_is_day",
        _no("fractional orders must be DAY orders", "S6"),
        assets=_SHARES,
        times=_ALL_TIMES - {TimeInForce.DAY},
        fractional=True,
    ),
    Row(
        "bracket_entry_type",
        _no(
            "bracket orders must be market or limit orders", "alpaca-trade-api-java#44", "40010001"
        ),
        assets=_SHARES,
        classes=frozenset({OrderClass.BRACKET, OrderClass.OTO}),
        types=_ALL_TYPES - _PLAIN,
    ),
    Row(
        "exits_day_or_gtc",
        _no("Orders with exits are day or gtc orders.", "S1"),
        assets=_SHARES,
        classes=_EXITS,
        times=_ALL_TIMES - _DAY_GTC,
    ),
    Row(
        "exits_in_session",
        _no("Orders with exits trade in the regular session only.", "S1"),
        assets=_SHARES,
        classes=_EXITS,
        extended=True,
    ),
    Row(
        "oco_is_limit",
        _no("An oco order is a limit order: its type is that of the target.", "S1"),
        assets=_SHARES,
        classes=frozenset({OrderClass.OCO}),
        types=_ALL_TYPES - {OrderType.LIMIT},
    ),
    Row(
        "extended_is_limit",
        _no("Orders in extended hours are day or gtc limit orders.", "S2, S4 245-trading"),
        assets=_SHARES,
        types=_ALL_TYPES - {OrderType.LIMIT},
        extended=True,
    ),
    Row(
        "extended_day_or_gtc",
        _no("Orders in extended hours are day or gtc limit orders.", "S2, S4 245-trading"),
        assets=_SHARES,
        times=_ALL_TIMES - _DAY_GTC,
        extended=True,
    ),
    Row(
        "auction_type",
        _no("Orders for an auction are market or limit orders.", "S1, S2"),
        assets=_SHARES,
        types=_ALL_TYPES - _PLAIN,
        times=_AUCTIONS,
    ),
    Row(
        "trailing_day_or_gtc",
        _no("Trailing stops are day or gtc orders.", "S1"),
        assets=_SHARES,
        types=frozenset({OrderType.TRAILING_STOP}),
        times=_ALL_TIMES - _DAY_GTC,
    ),
    Row(
        "shares_have_no_mleg",
        _no("Orders of several legs are for options.", "S2"),
        assets=_SHARES,
        classes=frozenset({OrderClass.MLEG}),
    ),
    Row(
        "coins_are_simple",
        _no("Coins have simple orders only: no bracket, oco or oto.", "S2"),
        assets=_COINS,
        classes=_ALL_CLASSES - {OrderClass.SIMPLE},
    ),
    Row(
        "coins_types",
        _no("Coins are traded by market, limit and stop limit orders.", "S2"),
        assets=_COINS,
        types=_ALL_TYPES - {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT},
    ),
    Row(
        # A support page adds fok; the specification, which is newer, does not.
        "coins_times",
        _no("Orders for coins are gtc or ioc.", "S2 (S4 support adds fok)"),
        assets=_COINS,
        times=_ALL_TIMES - {TimeInForce.GTC, TimeInForce.IOC},
    ),
    Row(
        "options_classes",
        _no("Options have simple orders and orders of several legs.", "S2"),
        assets=_OPTIONS,
        classes=_EXITS,
    ),
    Row(
        "options_types",
        _no("Options are traded by market and limit orders.", "S2"),
        assets=_OPTIONS,
        types=_ALL_TYPES - _PLAIN,
    ),
    Row(
        "options_day",
        _no("Orders for options are day orders.", "S2"),
        assets=_OPTIONS,
        times=_ALL_TIMES - {TimeInForce.DAY},
    ),
    Row(
        "options_whole",
        _no("Options are traded in whole contracts.", "S2"),
        assets=_OPTIONS,
        fractional=True,
    ),
)
"""Refused shapes, in the order in which they are told."""


VALUES: dict[str, Verdict] = {
    "bracket_target": _no("bracket orders require take_profit.limit_price", "OpenAlice PR 342"),
    "bracket_stop": _no("bracket orders require stop_loss.stop_price", "S1"),
    "oto_one_exit": _no("An oto order has one exit: a target or a stop.", "S1"),
    "oco_both": _no("An oco order has a target and a stop.", "S1"),
    "bracket_opens": _no("bracket orders must be entry orders", "alpaca-trade-api-js#248"),
    "exits_in_order": _no(
        "The target lies beyond the stop: above it for a long, below it for a short.", "S1"
    ),
    "stop_below_base": _no("stop price must be less than base_price - 0.01", "S1, Alpaca-API#166"),
    "stop_above_base": _no(
        "stop price must be greater than base_price + 0.01", "S1, Alpaca-API#166"
    ),
    "sub_penny": _no(
        "invalid {field} {price}. sub-penny increment does not fulfill minimum pricing criteria",
        "S1",
    ),
    "quantity_or_notional": Verdict(
        400, BAD_REQUEST, "An order has a quantity or a notional value, not both.", "S1, S4"
    ),
    "fractional_minimum": _no("A fractional order is worth 1 dollar at least.", "S1, S4"),
    "fractional_short": _no("fractional orders cannot be sold short", "S1, S4"),
    "not_fractionable": _no("The asset is not fractionable.", "S1, S4"),
    "opg_window": _no("opg orders are not taken between 9:28 and 19:00 New York.", "S1, S2"),
    "cls_window": _no("cls orders are not taken between 15:50 and 19:00 New York.", "S1, S2"),
    "price_missing": _no("The order's type needs a price that is missing.", "S2"),
}
"""What is refused for its numbers; `kuber.exchange.checks` has one function for each group."""
