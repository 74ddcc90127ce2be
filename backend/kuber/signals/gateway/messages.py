"""From the bytes of a proven delivery to a signal, or the precise reason why not."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import JsonValue, ValidationError

from kuber.infra.telemetry import SIGNAL_TICKERS_DROPPED
from kuber.kernel.errors import Problem
from kuber.kernel.storable import MOST_LEVELS
from kuber.signals.gateway import tradingview
from kuber.signals.gateway.errors import (
    BadConfidence,
    BadMessage,
    BadTimestamp,
    InvalidSignal,
    NoTickers,
    NotJson,
    TooManyTickers,
    UnknownSignalType,
    UnsupportedContent,
    one_problem,
)
from kuber.signals.gateway.types import Source, SourceKind
from kuber.signals.storable import Unstorable, check_signal
from kuber.signals.types import (
    EARLIEST,
    MAX_CLOCK_AHEAD_S,
    MAX_TICKERS,
    SignalDirection,
    SignalMessage,
    dropped_tickers,
)

KnownTypes = Callable[[], frozenset[str]]
"""Tells the signal types that pipelines may subscribe to."""

_JSON = "application/json"
_MOST_PROBLEMS = 20
_FIRST_MICROSECONDS, _FIRST_NANOSECONDS = 10**14, 10**17
"""From here on a number is read as so many since 1970: the year 5138 in milliseconds."""
_LONGEST_TIME = 25
_SIDES = {
    "buy": SignalDirection.BULLISH,
    "sell": SignalDirection.BEARISH,
    "hold": SignalDirection.NEUTRAL,
    "flat": SignalDirection.FLAT,
}
_MOST_DIGITS = 128_000
"""So many, besides the body, that the signal stays below what the dispatcher reads."""
_LONG_NUMBER = re.compile(rb"[0-9][eE][+-]?[0-9]|[0-9]{19}")
"""An exponent, or as many digits as only a number beyond 64 bits may have."""


def parse_body(
    source: Source,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    known_types: KnownTypes,
) -> SignalMessage:
    """Return the signal in `body`, in the name of its source; raises a GatewayError."""
    _check_content(source.kind, headers)
    if source.kind is SourceKind.TRADINGVIEW:
        fields = tradingview.signal_of(body, now)
    else:
        fields = _plain_or_whole(_json_object(body), now)
    if _may_be_unstorable(body):
        _refuse_unstorable(fields)
    values: dict[str, object] = {**fields, "source": source.name}
    if "timestamp" in fields:
        values["timestamp"] = _moment_of(fields["timestamp"])
    try:
        message = SignalMessage.model_validate(values)
    except ValidationError as error:
        raise _invalid(error) from None
    _check_time(message.timestamp, now)
    _check_type(message.signal_type, known_types())
    SIGNAL_TICKERS_DROPPED.inc(len(dropped_tickers(message)))
    return message


def metadata_of(message: SignalMessage) -> dict[str, JsonValue]:
    """Return the metadata with the fields that nobody knows, which are kept under `extra`."""
    extra = message.model_extra
    return {**message.metadata, "extra": extra} if extra else message.metadata


def _check_content(kind: SourceKind, headers: Mapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedContent(
            "The body is compressed.",
            one_problem("The body is compressed.", "Send it as it is.", "Content-Encoding"),
        )
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind is SourceKind.TRADINGVIEW:
        allowed = given in ("", _JSON, "text/plain")
    else:
        allowed = given == _JSON or (given.startswith("application/") and given.endswith("+json"))
    if not allowed:
        raise UnsupportedContent(
            f"A signal is sent as {_JSON}.",
            one_problem(
                "The content type is not JSON.", f"Send Content-Type: {_JSON}.", "Content-Type"
            ),
        )


def _json_object(body: bytes) -> dict[str, JsonValue]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(
            f"The body is not valid JSON: line {error.lineno}, column {error.colno}.",
            [Problem("The body is not valid JSON.", "Send one JSON object.", line=error.lineno)],
        ) from None
    if not isinstance(found, dict):
        raise NotJson(
            "The body is JSON, but not an object.",
            one_problem("The body is not an object.", 'Send an object: {"timestamp": ...}.'),
        )
    return found


def _plain_or_whole(fields: dict[str, JsonValue], now: datetime) -> dict[str, JsonValue]:
    """Return the fields of a signal; `{instrument, price, signal, strength}` is read as one of a
    single ticker, `strength` from 0 to 1 being the confidence."""
    if "instrument" not in fields or "tickers" in fields:
        return fields
    side = str(fields.get("signal", "")).strip().lower()
    if side not in _SIDES:
        raise InvalidSignal(
            "signal: it is neither buy nor sell.",
            one_problem("The signal is unknown.", f"Use one of: {', '.join(_SIDES)}.", "signal"),
        )
    strength = fields.get("strength", 1)
    confidence = _percent(strength)
    if confidence is None:
        raise BadConfidence(
            "strength: it is no number from 0 to 1.",
            one_problem("The strength is out of range.", "Use 0 to 1: 0.8 is 80 %.", "strength"),
        )
    taken = ("instrument", "signal", "strength", "timestamp", "signal_type", "metadata")
    given = fields.get("metadata")
    return {
        "timestamp": fields.get("timestamp", now.timestamp()),
        "signal_type": fields.get("signal_type", tradingview.SIGNAL_TYPE),
        "tickers": [
            {
                "ticker": fields["instrument"],
                "signal": _SIDES[side].value,
                "confidence": confidence,
            }
        ],
        "metadata": {
            **(given if isinstance(given, dict) else {}),
            **{name: value for name, value in fields.items() if name not in taken},
        },
    }


def _percent(strength: JsonValue) -> float | None:
    """Return a number from 0 to 1 in per cent, None for anything else."""
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        return None
    return strength * 100 if 0 <= strength <= 1 else None


def _may_be_unstorable(body: bytes) -> bool:
    """Say whether every value has to be looked at, which costs more than the rest."""
    nested = body.count(b"{") + body.count(b"[") > MOST_LEVELS
    return nested or b"\\u0000" in body or b"\0" in body or _LONG_NUMBER.search(body) is not None


def _refuse_unstorable(fields: dict[str, JsonValue]) -> None:
    try:
        check_signal(fields, _MOST_DIGITS)
    except Unstorable as error:
        what = str(error)
        raise InvalidSignal(
            what, one_problem(what, "Leave it out and send the signal again.")
        ) from None


def _moment_of(value: JsonValue) -> JsonValue | datetime:
    """Return the moment of a number that is too large for milliseconds: programs send what their
    clock gives, in micro- or nanoseconds since 1970. Everything else stays as it is."""
    if isinstance(value, str) and value.isdecimal() and len(value) < _LONGEST_TIME:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not _FIRST_MICROSECONDS <= value < _FIRST_MICROSECONDS * 10**6:
        return value
    divisor = 1_000 if value >= _FIRST_NANOSECONDS else 1
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value) // divisor)


def _check_time(timestamp: datetime, now: datetime) -> None:
    if timestamp < EARLIEST:
        raise BadTimestamp(
            "The time of the signal lies before 1970.",
            one_problem("The time is too early.", "Say when it happened.", "timestamp"),
        )
    if timestamp - now > timedelta(seconds=MAX_CLOCK_AHEAD_S):
        raise BadTimestamp(
            f"The time of the signal is more than {MAX_CLOCK_AHEAD_S} s in the future.",
            one_problem(
                "The time lies in the future.",
                "Say when the market event happened, in seconds since 1970 or as ISO 8601 in UTC.",
                "timestamp",
            ),
        )


def _check_type(signal_type: str, known: frozenset[str]) -> None:
    if signal_type not in known:
        raise UnknownSignalType(
            "No signal type has this name.",
            one_problem(
                "The signal type is unknown.",
                f"Use one of: {', '.join(sorted(known))}.",
                "signal_type",
            ),
        )


def _invalid(error: ValidationError) -> BadMessage:
    """Return the refusal that fits the first finding, with all findings in it."""
    found = error.errors(include_url=False, include_input=False)
    if any(one["loc"][:1] == ("tickers",) and len(one["loc"]) > 1 for one in found):
        # What is wrong with each of them is said; that none is left follows from it.
        found = [one for one in found if one["loc"] != ("tickers",)]
    problems = [_problem(finding) for finding in found[:_MOST_PROBLEMS]]
    refusal = _refusal(found[0]["loc"], found[0]["type"])
    first = problems[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return refusal(detail, problems)


def _refusal(location: Sequence[str | int], kind: str) -> type[BadMessage]:
    if location == ("tickers",) and kind == "too_short":
        return NoTickers
    if location == ("tickers",) and kind == "too_long":
        return TooManyTickers
    if location[-1:] == ("confidence",) and kind != "missing":
        return BadConfidence
    if location == ("timestamp",) and kind != "missing":
        return BadTimestamp
    return InvalidSignal


def _problem(finding: Mapping[str, Any]) -> Problem:
    kind, location = str(finding["type"]), finding["loc"]
    message = str(finding["msg"]).removeprefix("Value error, ").rstrip(".") + "."
    field = ".".join(str(part) for part in location) or None
    return Problem(message, _remedy(kind, location), field=field, code=kind)


def _remedy(kind: str, location: Sequence[str | int]) -> str:
    if kind == "missing":
        return "Add this field."
    match location[-1:]:
        case ("tickers",):
            return f"Name 1 to {MAX_TICKERS} tickers, each once."
        case ("confidence",):
            return "Use a number from 0 to 100."
        case ("signal",):
            return "Use BULLISH, BEARISH, NEUTRAL or FLAT."
        case ("timestamp",):
            return "Use seconds since 1970 or ISO 8601 in UTC."
        case ("signal_type",):
            return "Use a name such as golden_cross."
    return "Correct this value and send the signal again."
