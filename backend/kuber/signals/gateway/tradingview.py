"""TradingView alerts as signals: JSON that one writes into the alert, or its plain text.

JSON: `{"ticker": "NASDAQ:AAPL", "action": "buy", "confidence": 80, "time": "{{timenow}}", ...}`.
Text: `AAPL buy 80` followed by anything, or the standard message of a strategy's alert,
`... order buy @ 10 filled on AAPL. New strategy position is 10`.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import orjson
from pydantic import JsonValue

from kuber.signals.gateway.errors import InvalidSignal, NotJson, one_problem
from kuber.signals.types import SignalDirection

SIGNAL_TYPE = "external"
CERTAIN = 100
"""The confidence of an alert that names none: it fired."""

_ACTIONS = {
    **dict.fromkeys(("buy", "long", "bullish"), SignalDirection.BULLISH),
    **dict.fromkeys(("sell", "short", "bearish"), SignalDirection.BEARISH),
    **dict.fromkeys(("neutral", "flat", "close", "exit", ""), SignalDirection.NEUTRAL),
}
_NAMES = ", ".join(filter(None, _ACTIONS))
_TICKER = r"(?P<ticker>[A-Za-z0-9_]+:[A-Za-z0-9.!\-]+|[A-Za-z0-9.!\-]+)"
_ACTION = r"(?P<action>buy|sell|long|short|bullish|bearish|neutral)"
_CONFIDENCE = r"(?:\s+(?P<confidence>\d{1,3}(?:\.\d+)?)\b)?"
_PLAIN = re.compile(rf"\s*{_TICKER}\s+{_ACTION}\b{_CONFIDENCE}", re.IGNORECASE)
_STRATEGY = re.compile(rf"\border {_ACTION} @ [\d.]+ filled on {_TICKER}\.(?:\s|$)", re.IGNORECASE)
_KNOWN = frozenset({"ticker", "symbol", "action", "side", "confidence", "time"})


def signal_of(body: bytes, now: datetime) -> dict[str, JsonValue]:
    """Return the alert as the fields of a SignalMessage, not yet checked; raises a BadMessage."""
    alert = _alert(body)
    exchange, _, ticker = str(alert.get("ticker") or alert.get("symbol") or "").rpartition(":")
    action = str(alert.get("action") or alert.get("side") or "").strip().lower()
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
                "signal": _direction(action).value,
                "confidence": alert.get("confidence", CERTAIN),
            }
        ],
        "metadata": metadata,
    }


def _direction(action: str) -> SignalDirection:
    direction = _ACTIONS.get(action)
    if direction is None:
        raise InvalidSignal(
            "The action of the alert is neither buy nor sell.",
            one_problem("The action is unknown.", f"Use one of: {_NAMES}.", "action"),
        )
    return direction


def _alert(body: bytes) -> Mapping[str, JsonValue]:
    if body.lstrip()[:1] == b"{":
        try:
            found: dict[str, JsonValue] = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _unreadable("The alert begins like JSON but is not valid JSON.") from error
        return found
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("The alert is not UTF-8 text.") from error
    match = _STRATEGY.search(text) or _PLAIN.match(text)
    if match is None:
        raise _unreadable("The alert names no ticker and action.")
    parts = match.groupdict()
    return {
        "ticker": parts["ticker"],
        "action": parts["action"],
        "confidence": float(parts.get("confidence") or CERTAIN),
        "message": text.strip(),
    }


def _unreadable(what: str) -> NotJson:
    return NotJson(
        what,
        one_problem(
            what,
            'Write {"ticker": "{{ticker}}", "action": "buy"} or "{{ticker}} buy" into the alert.',
        ),
    )
