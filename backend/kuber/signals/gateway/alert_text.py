"""The grammar of alerts in plain text: `AAPL buy 80`, or the standard message of a strategy,
`... order buy @ 10 filled on AAPL. New strategy position is 10`.

| Behind the action | Read |
|---|---|
| `AAPL buy`, `AAPL buy because of the weather` | full confidence |
| `AAPL buy 80`, `AAPL buy 80% now`, `AAPL buy 80, strong`, `AAPL buy 80 strong` | confidence 80 |
| `AAPL buy 50 shares`, `AAPL buy 10 @ 187`, `AAPL buy 80 187.2`, `AAPL buy $500` | refused |
| `AAPL close`, `AAPL close 90`, `AAPL close: target hit`, `AAPL exit long` | leave the position |
| `AAPL close crossing up 200`, `AAPL close: 187.2` | refused: the price at the close |

An amount taken for a confidence, or a word of another sentence for an order, would be traded.
"""

import re
from dataclasses import dataclass

from kuber.market.symbols import PRICED_IN


class AmbiguousText(ValueError):
    """A ticker and an action are there, but what follows makes something else of them."""


@dataclass(frozen=True, slots=True)
class AlertText:
    """What an alert in words says; `position` is what a strategy holds after its order."""

    ticker: str
    action: str
    confidence: float | None = None
    position: str | None = None


_TICKER = r"(?P<ticker>[^\s,;|\"]{1,48}?)"
_LEAVES = r"neutral|flat|close|exit"
_ENTERS = r"buy|sell|long|short|bullish|bearish"
_ACTION = rf"(?P<action>{_ENTERS}|{_LEAVES})"
_BLANK = r"[^\S\n]"
_NUMBER = r"\d+(?:\.\d+)?"
_END = rf"(?:\s*\Z|{_BLANK}*(?:\n|[-:,;.|](?!\d)))"
"""Where a statement is over; 1,000 and 10:30 go on."""
_PERCENT = rf"{_BLANK}*%(?!\s*of\b)"
_UNIT = (
    r"(?:shares?|shs?|stocks?|contracts?|cts?|lots?|units?|coins?|tokens?|pieces?|pcs|qty|at|x|of"
    r"|limit|market|stop|mini|micro|calls?|puts?|oz|ounces?|points?|pips?|ticks?|k"
    r"|dollars?|euros?|usdt?|usdc|eur|gbp|btc|eth|percent of"
    r"|(?:second|minute|min|hour|day|week|month|bar|period)s?|[smhdw]|sma|ema|ma"
    rf"|(?-i:{'|'.join(sorted(PRICED_IN))}))\b"
)
"""What makes an amount, a price or a span of the number before it."""
_REMARK = rf"{_BLANK}+(?!{_UNIT})(?![-:,;.|@#$\u20ac\u00a3+*/=<>~\d])\S"
_NO_NUMBER = rf"(?!{_BLANK}*[-+@#$\u20ac\u00a3.=~]?\d)"
_ENTRY = re.compile(
    rf"(?:{_BLANK}+(?P<confidence>{_NUMBER})(?:{_END}|{_PERCENT}|{_REMARK})|(?!-?\w){_NO_NUMBER})",
    re.IGNORECASE,
)
_EXIT = re.compile(
    rf"(?!-\w)(?:{_BLANK}+(?:the{_BLANK}+)?(?:position|trade|long|short|now|all)\b)*"
    rf"(?:{_BLANK}+(?P<confidence>{_NUMBER})(?:{_BLANK}*%)?)?"
    rf"(?!{_BLANK}*[-:,;|!(]\s*[$\d])(?:{_END}|{_BLANK}*[!(])",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"\s*{_TICKER}\s+{_ACTION}\b", re.IGNORECASE)
_STRATEGY = re.compile(
    rf"\border {_ACTION} @ [\d.]+ filled on {_TICKER}\.(?:\s|$)"
    r"(?:.*?new strategy position is (?P<position>[+-]?[\d.]+))?",
    re.IGNORECASE | re.DOTALL,
)


def read_text(text: str) -> AlertText | None:
    """Return what an alert in words says, None where it has no ticker and action at its beginning;
    raises AmbiguousText."""
    if filled := _STRATEGY.search(text):
        return AlertText(filled["ticker"], filled["action"], position=filled["position"])
    plain = _PLAIN.match(text)
    if plain is None:
        return None
    leaves = plain["action"].lower() in _LEAVES.split("|")
    behind = (_EXIT if leaves else _ENTRY).match(text, plain.end())
    if behind is None:
        raise AmbiguousText(
            f"What follows {plain['action'].lower()!r} in the alert is neither a confidence"
            " nor a sign that the order is over."
            if leaves
            else f"What follows {plain['action'].lower()!r} in the alert is not clear: a number"
            " there may be an amount or a price."
        )
    confidence = behind["confidence"]
    return AlertText(plain["ticker"], plain["action"], float(confidence) if confidence else None)
