"""Corporate actions as Alpaca's market data API answers them, in JSON."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from kuber.market.actions.types import ActionKind, CorporateAction
from kuber.market.importing.actions.collecting import Actions, Place
from kuber.market.importing.actions.values import BadValue, ratio_of, read_amount
from kuber.market.importing.faults import refuse
from kuber.market.importing.notes import Notes

_SPLITS = ("forward_splits", "reverse_splits")
_DIVIDENDS = "cash_dividends"
_SHAPE = (
    "Save the answer of Alpaca's /v1/corporate-actions as it is, or write a CSV with the columns"
    " symbol, ex_date and ratio or amount."
)
_MOST_DIGITS = 20
_Entry = Mapping[str, object]


def read_alpaca(text: str, actions: Actions, notes: Notes) -> None:
    """Take the splits and dividends of an answer; raises ImportRefused when it is none."""
    kinds = _kinds(text, notes)
    for kind, entries in kinds.items():
        if kind not in (*_SPLITS, _DIVIDENDS):
            actions.unused(kind, len(entries))
            continue
        # Special dividends come last: they are added to the usual one of the same day.
        for at, entry in sorted(enumerate(entries), key=lambda item: _special(item[1])):
            where = f"{kind}[{at}]"
            try:
                _take(kind, entry, actions, where)
            except BadValue as bad:
                actions.bad(bad, Place(where))


def _kinds(text: str, notes: Notes) -> dict[str, list[object]]:
    try:
        answer = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise refuse(
            "bad_json", f"The JSON cannot be read: {error.msg}.", _SHAPE, error.lineno
        ) from error
    except (ValueError, RecursionError) as error:
        raise refuse("bad_json", "The JSON cannot be read.", _SHAPE) from error
    if isinstance(answer, dict) and answer.get("next_page_token"):
        notes.add("more_pages", "The answer is one page of several: import the others too.")
    inner = answer.get("corporate_actions", answer) if isinstance(answer, dict) else None
    kinds = (
        {kind: entries for kind, entries in inner.items() if isinstance(entries, list)}
        if isinstance(inner, dict)
        else {}
    )
    if not kinds:
        raise refuse("unknown_format", "This JSON holds no corporate actions of Alpaca's.", _SHAPE)
    return kinds


def _take(kind: str, entry: object, actions: Actions, where: str) -> None:
    if not isinstance(entry, dict):
        raise BadValue("bad_entry", f"The entry {where} is no object.", _SHAPE)
    symbol = actions.symbol(_text(entry, "symbol", where), Place(f"{where}.symbol"))
    day = _day(_text(entry, "ex_date", where), where)
    if symbol is None:
        return
    if kind in _SPLITS:
        new, old = (_text(entry, name, where) for name in ("new_rate", "old_rate"))
        actions.split(symbol, day, ratio_of(new, old, f"{new}:{old}"), Place(where))
        return
    written = _text(entry, "rate", where)
    amount, rounded = read_amount(written)
    if rounded:
        actions.rounded(written)
    currency = entry.get("currency")
    code = currency.upper()[:3] if isinstance(currency, str) and currency else None
    if _special(entry):
        one = CorporateAction(symbol, ActionKind.DIVIDEND, day, amount=amount, currency=code)
        actions.add_up(one, Place(where))
    else:
        actions.dividend(symbol, day, amount, code, Place(where))


def _special(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("special") is True


def _text(entry: _Entry, name: str, where: str) -> str:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadValue("missing_value", f"{where} has no {name!r}.", _SHAPE)
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > _MOST_DIGITS:
            raise BadValue("bad_number", f"The {name} of {where} is too large or small.", _SHAPE)
        return f"{value:f}"
    return str(value)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise BadValue(
            "bad_time", f"{where}: {text[:40]!r} is not a date.", "Write dates like 2024-01-31."
        ) from error


def _no_number(_text: str) -> object:
    raise ValueError("not a number")
