"""The terms that follow from a symbol alone, each with its reason.

What cannot be told from a symbol is None: a tick that is invented is a price that no venue takes.
"""

from dataclasses import dataclass, fields
from decimal import Decimal

from kuber.market.exchanges import BY_SUFFIX, INDICES
from kuber.market.instruments import traits_of
from kuber.market.symbols import Symbol, SymbolKind, parse_symbol
from kuber.market.terms.markets import market_name
from kuber.market.terms.types import Change, Terms, TermsField

YOURS = "You decided it."


@dataclass(frozen=True, slots=True)
class _Steps:
    """Ticks, steps and short sales of one kind of instrument; each with its reason."""

    tick: Decimal | None
    why_tick: str
    quantity_step: Decimal | None
    why_step: str
    shortable: bool | None
    why_shortable: str


_ONE = Decimal(1)
_BORROWED = "Not known: it depends on what the broker can borrow."

_NEW_YORK = _Steps(
    Decimal("0.01"),
    "A cent from 1.00 on; below that prices go in steps of 0.0001 (SEC rule 612).",
    _ONE,
    "Whole shares.",
    None,
    _BORROWED,
)
_ABROAD = _Steps(
    None,
    "Not known: exchanges have tables of ticks. Plans are rounded to 0.01, below 1.00 to 0.0001.",
    None,
    "Not known: some exchanges trade in lots. Plans use whole shares.",
    None,
    _BORROWED,
)
_UNLISTED = _Steps(
    None,
    "Not known: where it is listed is not known. Plans are rounded to 0.00001.",
    None,
    "Not known: where it is listed is not known. Plans use whole units.",
    None,
    _BORROWED,
)
_INDEX = _Steps(
    None,
    "Not known: each index is published to digits of its own.",
    None,
    "None: an index cannot be traded.",
    False,
    "An index cannot be traded.",
)
_FUTURE = _Steps(
    None,
    "Not known: every contract has its own. Plans are rounded to 0.00001.",
    _ONE,
    "Whole contracts.",
    True,
    "A contract can be sold as well as bought.",
)
_SOLD_FOR_THE_OTHER = "Selling the pair is buying its second currency."
_PAIR = _Steps(
    Decimal("0.00001"),
    "A tenth of a pip.",
    _ONE,
    "Whole units of the first currency.",
    True,
    _SOLD_FOR_THE_OTHER,
)
_YEN_PAIR = _Steps(
    Decimal("0.001"),
    "A tenth of a pip of the yen.",
    _ONE,
    "Whole units of the first currency.",
    True,
    _SOLD_FOR_THE_OTHER,
)
_RARE_PAIR = _Steps(
    None,
    "Not known: venues differ in this pair. Plans are rounded to 0.00001.",
    _ONE,
    "Whole units of the first currency.",
    True,
    _SOLD_FOR_THE_OTHER,
)
_COIN = _Steps(
    None,
    "Not known: venues differ. Plans are rounded to 0.01 from 20.00 on, below to 0.00001.",
    None,
    "Not known: venues differ. Plans use steps of 0.000001.",
    None,
    "Not known: it depends on the venue.",
)
_PERPETUAL = _Steps(
    _COIN.tick,
    _COIN.why_tick,
    _COIN.quantity_step,
    _COIN.why_step,
    True,
    "A perpetual can be sold as well as bought.",
)

_USUAL = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "JPY"})
"""Currencies that are quoted alike everywhere."""
_YEN = "JPY"

_WHY_MARKET = {
    SymbolKind.CRYPTO_PAIR: "Coins trade day and night.",
    SymbolKind.PERPETUAL: "Coins trade day and night.",
    SymbolKind.CURRENCY_PAIR: "Currencies trade from Sunday to Friday, 17:00 New York.",
    SymbolKind.FUTURE: "Futures are taken to trade 24/5; their exchanges pause for an hour a day.",
}
_BY_MOMENT = (
    "The moment decides: your import where there is one, else the sample in its years, else the"
    " provider."
)
_NOT_LISTED = "Not known: taken to trade 24/5, so that its days end no earlier than they do."


def default_terms(symbol: str) -> Terms:
    """Return the terms of a canonical symbol as the symbol alone tells them; raises BadSymbol."""
    parsed, traits = parse_symbol(symbol), traits_of(symbol)
    steps = _steps_of(parsed)
    named = traits.name != traits.symbol
    return Terms(
        traits.symbol,
        traits.name,
        traits.calendar,
        traits.currency,
        steps.tick,
        steps.quantity_step,
        steps.shortable,
        None,
        {
            TermsField.NAME: "Its usual name." if named else "No name is known: the symbol.",
            TermsField.MARKET: _why_market(parsed, traits.calendar),
            TermsField.CURRENCY: _why_currency(parsed),
            TermsField.TICK: steps.why_tick,
            TermsField.QUANTITY_STEP: steps.why_step,
            TermsField.SHORTABLE: steps.why_shortable,
            TermsField.DATASET: _BY_MOMENT,
        },
    )


def effective_terms(symbol: str, change: Change | None) -> Terms:
    """Return the terms of a canonical symbol with what its user said; raises BadSymbol."""
    terms = default_terms(symbol)
    if change is None:
        return terms
    said = {one: getattr(change, one) for one in change.fields}
    rest = {
        one.name: getattr(terms, one.name)
        for one in fields(Terms)
        if one.name not in said and one.name not in ("reasons", "changed")
    }
    reasons = {**terms.reasons, **dict.fromkeys(change.fields, YOURS)}
    return Terms(**rest, **said, reasons=reasons, changed=change.fields)


def _steps_of(symbol: Symbol) -> _Steps:
    match symbol.kind:
        case SymbolKind.CRYPTO_PAIR:
            return _COIN
        case SymbolKind.PERPETUAL:
            return _PERPETUAL
        case SymbolKind.FUTURE:
            return _FUTURE
        case SymbolKind.INDEX:
            return _INDEX
        case SymbolKind.CURRENCY_PAIR:
            if not {symbol.base, symbol.quote} <= _USUAL:
                return _RARE_PAIR
            return _YEN_PAIR if symbol.quote == _YEN else _PAIR
        case SymbolKind.LISTED:
            if _in_new_york(symbol):
                return _NEW_YORK
            return _ABROAD if symbol.suffix else _UNLISTED


def _in_new_york(symbol: Symbol) -> bool:
    return ":" not in symbol.text and not symbol.suffix


def _why_market(symbol: Symbol, calendar: str) -> str:
    if symbol.kind in _WHY_MARKET:
        return _WHY_MARKET[symbol.kind]
    if symbol.kind is SymbolKind.INDEX:
        known = symbol.text in INDICES
        return f"Its shares trade there: {market_name(calendar)}." if known else _NOT_LISTED
    if _in_new_york(symbol):
        return "A symbol without an exchange is taken for one in New York."
    return f".{symbol.suffix} stands for it." if symbol.suffix else _NOT_LISTED


def _why_currency(symbol: Symbol) -> str:
    if symbol.quote:
        return "The second of the pair."
    exchange = BY_SUFFIX.get(symbol.suffix)
    if symbol.kind is SymbolKind.LISTED and exchange is not None:
        return f"What {market_name(exchange.calendar)} prices in."
    known = symbol.text in INDICES if symbol.kind is SymbolKind.INDEX else _in_new_york(symbol)
    return "That of its exchange." if known else "Not known: taken for US dollars."
