"""From a message on `signals.raw` to a signal, or to the reason why it is none."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson
import structlog
from pydantic import ValidationError

from kuber.infra.dead_letters import REPLAYED, Rejected, fingerprint
from kuber.infra.headers import correlation_id_of, traceparent_of
from kuber.infra.kafka import IncomingMessage
from kuber.infra.telemetry import SIGNAL_TICKERS_DROPPED, UNKNOWN_FIELDS
from kuber.kernel.ids import UserId, new_id
from kuber.signals.storable import check_signal
from kuber.signals.types import (
    DROPPED,
    EARLIEST,
    MAX_CLOCK_AHEAD_S,
    Signal,
    SignalMessage,
    TickerSignal,
    dropped_tickers,
)

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1
MAX_MESSAGE_BYTES = 256_000
"""The largest signal that is read; what is announced of it then fits into a message, too."""
_NAMESPACE = UUID("2c1b5a0e-7f0f-5d0b-9d0b-3c6f3a1d9a42")


class _Unusable(Exception):
    """A message that holds no signal, with the code of the reason."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


def parse_message(
    message: IncomingMessage, known_types: frozenset[str], now: datetime
) -> Signal | Rejected:
    """Return the signal that `message` holds, or why not. Never raises, whatever the bytes.

    Rejected with `too_large`, `not_json`, `bad_schema`, `newer_schema` or `unknown_signal_type`.
    Fields that nobody knows are kept in `extra`, counted and logged.
    """
    try:
        return _read(message, known_types, now)
    except ValidationError as error:
        return Rejected(message, "bad_schema", _problems(error))
    except _Unusable as error:
        return Rejected(message, error.reason, str(error))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        # Whatever a stranger thinks of must not be tried five times, like a fault of ours.
        return Rejected(message, "bad_schema", str(error))


def _read(message: IncomingMessage, known_types: frozenset[str], now: datetime) -> Signal:
    version = message.headers.get("schema_version", str(SCHEMA_VERSION))
    if version != str(SCHEMA_VERSION):
        raise _Unusable("newer_schema", f"Schema version {version[:20]} is not {SCHEMA_VERSION}.")
    if len(message.value) > MAX_MESSAGE_BYTES:
        raise _Unusable("too_large", f"A signal may have {MAX_MESSAGE_BYTES:,} bytes.")
    try:
        data = orjson.loads(message.value)
    except orjson.JSONDecodeError as error:
        raise _Unusable("not_json", f"The message is not JSON: {error}.") from error
    check_signal(data)
    read = SignalMessage.model_validate(data)
    _check_time(read.timestamp, now)
    if read.signal_type not in known_types:
        raise _Unusable(
            "unknown_signal_type",
            f"signal_type: {read.signal_type} is not one of {', '.join(sorted(known_types))}.",
        )
    return _signal(message, read)


def _check_time(timestamp: datetime, now: datetime) -> None:
    if timestamp < EARLIEST:
        raise _Unusable("bad_schema", "timestamp: lies before 1970")
    if timestamp - now > timedelta(seconds=MAX_CLOCK_AHEAD_S):
        raise _Unusable(
            "bad_schema", f"timestamp: lies more than {MAX_CLOCK_AHEAD_S} s in the future"
        )


def _signal(message: IncomingMessage, read: SignalMessage) -> Signal:
    extra = dict(read.model_extra or {})
    dropped = dropped_tickers(read)
    if dropped:
        SIGNAL_TICKERS_DROPPED.inc(len(dropped))
        log.info("tickers_dropped", topic=message.topic, tickers=dropped[:20])
    unknown = [name for name in extra if name != DROPPED]
    unknown += [f"tickers.{name}" for item in read.tickers for name in _extra(item)]
    if unknown:
        UNKNOWN_FIELDS.labels(message.topic).inc(len(unknown))
        names = sorted({name[:60] for name in unknown})
        log.info("unknown_fields", topic=message.topic, fields=names[:20])
    key = idempotency_key(message, read)
    return Signal(
        id=read.signal_id or uuid5(_NAMESPACE, key),
        idempotency_key=key,
        user_id=UserId(read.user_id) if read.user_id else None,
        source=read.source,
        signal_type=read.signal_type,
        occurred_at=read.timestamp,
        tickers=read.tickers,
        metadata=read.metadata,
        extra=extra,
        correlation_id=correlation_id_of(message.headers) or read.correlation_id or str(new_id()),
        traceparent=traceparent_of(message.headers),
    )


def idempotency_key(message: IncomingMessage, read: SignalMessage) -> str:
    """Return what makes a repetition of the signal one with the first; at most 80 characters.

    The signal's own id if it has one, else the producer's key, else the dead letter that it was,
    else where the message stands and what it says. Keys of two sources are never the same.
    """
    owner = read.user_id or "-"
    if read.signal_id is not None:
        return f"{owner}:id:{read.signal_id}"
    for kind, header in (("key", "idempotency_key"), ("replay", REPLAYED)):
        if given := message.headers.get(header):
            named = hashlib.sha256(f"{read.source}\0{given}".encode()).hexdigest()[:32]
            return f"{owner}:{kind}:{named}"
    return f"{owner}:at:{fingerprint('signals', message)[:32]}"


def _extra(item: TickerSignal) -> dict[str, Any]:
    return item.model_extra or {}


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'message'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)[:10]
    )
