"""TradingView alerts as signals: JSON that one writes into the alert, or its plain text.

JSON: `{"ticker": "NASDAQ:AAPL", "action": "buy", "confidence": 80, "time": "{{timenow}}", ...}`.
Text: see `alert_text`.

An order after which a strategy holds nothing is NEUTRAL; `flat`, `close` and `exit` are FLAT, for
pipelines that leave a position by signal.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from kuber.signals.gateway.alert_text import AmbiguousText, read_text
from kuber.signals.gateway.errors import InvalidSignal, NotJson, one_problem
from kuber.signals.types import SignalDirection

SIGNAL_TYPE = "external"
CERTAIN = 100
"""The confidence of an alert that names none: it fired."""

_ACTIONS = {
    **dict.fromkeys(("buy", "long", "bullish"), SignalDirection.BULLISH),
    **dict.fromkeys(("sell", "short", "bearish"), SignalDirection.BEARISH),
    **dict.fromkeys(("neutral", ""), SignalDirection.NEUTRAL),
    **dict.fromkeys(("flat", "close", "exit"), SignalDirection.FLAT),
}
_ENTRIES = (SignalDirection.BULLISH, SignalDirection.BEARISH)
_NAMES = ", ".join(filter(None, _ACTIONS))
_KNOWN = frozenset({"ticker", "symbol", "action", "side", "confidence", "time"})


def signal_of(body: bytes, now: datetime) -> dict[str, JsonValue]:
    """Return the alert as the fields of a SignalMessage, not yet checked; raises a BadMessage."""
    alert = _alert(body)
    ticker = str(alert.get("ticker") or alert.get("symbol") or "")
    exchange = ticker.partition(":")[0] if ":" in ticker else ""
    action = str(alert.get("action") or alert.get("side") or "").strip().lower()
    direction = _direction(action)
    if direction in _ENTRIES and _closes(alert):
        direction = SignalDirection.NEUTRAL
    metadata: dict[str, JsonValue] = {
        name: value for name, value in alert.items() if name not in _KNOWN
    }
    if exchange:
        metadata.setdefault("exchange", exchange)
    return {
        "timestamp": alert.get("time") or now.timestamp(),
        "signal_type": SIGNAL_TYPE,
        "tickers": [
            {
                "ticker": ticker,
                "signal": direction.value,
                "confidence": alert.get("confidence", CERTAIN),
            }
        ],
        "metadata": metadata,
    }


def _closes(alert: Mapping[str, JsonValue]) -> bool:
    """Say whether a strategy is out of the market after the order: it is no wish to go short."""
    if str(alert.get("market_position", "")).strip().lower() == "flat":
        return True
    try:
        return float(str(alert.get("position_size", ""))) == 0
    except ValueError:
        return False


def _direction(action: str) -> SignalDirection:
    direction = _ACTIONS.get(action)
    if direction is None:
        raise InvalidSignal(
            "The action of the alert is not known.",
            one_problem("The action is unknown.", f"Use one of: {_NAMES}.", "action"),
        )
    return direction


def _alert(body: bytes) -> Mapping[str, JsonValue]:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("The alert is not UTF-8 text.") from error
    if text.lstrip()[:1] == "{":
        return _json_of(text)
    try:
        found = read_text(text)
    except AmbiguousText as error:
        raise _unreadable(str(error)) from error
    if found is None:
        raise _unreadable("The alert names no ticker and action.")
    return {
        "ticker": found.ticker,
        "action": found.action,
        "confidence": CERTAIN if found.confidence is None else found.confidence,
        "message": text.strip(),
        **({"position_size": found.position} if found.position else {}),
    }


def _json_of(text: str) -> Mapping[str, JsonValue]:
    """Return the object in an alert; NaN, which a plot without a value leaves, becomes null, and a
    line break within a text stays."""
    try:
        found: dict[str, JsonValue] = json.loads(
            text, strict=False, parse_constant=lambda _: None, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise _unreadable(
            "The alert begins like JSON but is not valid JSON:"
            f" line {error.lineno}, column {error.colno}, {error.msg}."
        ) from error
    except (RecursionError, ValueError) as error:
        raise _unreadable("The alert begins like JSON but cannot be read.") from error
    return found


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _unreadable(what: str) -> NotJson:
    return NotJson(
        what,
        one_problem(
            what,
            'Write {"ticker": "{{ticker}}", "action": "buy"} or "{{ticker}} buy" into the alert.',
        ),
    )
