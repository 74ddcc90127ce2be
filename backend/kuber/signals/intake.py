"""From a message on `signals.raw` to a signal, or to the reason why it is none."""

import json
from typing import Any
from uuid import UUID, uuid5

import structlog
from pydantic import ValidationError

from kuber.infra.dead_letters import REPLAYED, Rejected, fingerprint
from kuber.infra.kafka import IncomingMessage
from kuber.infra.telemetry import UNKNOWN_FIELDS
from kuber.kernel.ids import UserId, new_id
from kuber.market.instruments import canonical_symbol
from kuber.signals.types import Signal, SignalMessage, TickerSignal

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1
_NAMESPACE = UUID("2c1b5a0e-7f0f-5d0b-9d0b-3c6f3a1d9a42")


def read_signal(message: IncomingMessage, known_types: frozenset[str]) -> Signal | Rejected:
    """Return the signal that `message` holds.

    Rejected with `not_json`, `bad_schema`, `newer_schema` or `unknown_signal_type`. Fields that
    nobody knows are kept in `extra`, counted and logged.
    """
    version = message.headers.get("schema_version", "1")
    if version != str(SCHEMA_VERSION):
        return Rejected(
            message, "newer_schema", f"Schema version {version} is not {SCHEMA_VERSION}."
        )
    if b"\\u0000" in message.value:
        return Rejected(message, "bad_schema", "The message holds a NUL character.")
    try:
        data = json.loads(message.value)
    except ValueError as error:
        return Rejected(message, "not_json", f"The message is not JSON: {error}.")
    try:
        read = SignalMessage.model_validate(data)
    except ValidationError as error:
        return Rejected(message, "bad_schema", _problems(error))
    if read.signal_type not in known_types:
        return Rejected(
            message,
            "unknown_signal_type",
            f"signal_type: {read.signal_type} is not one of {', '.join(sorted(known_types))}.",
        )
    return _signal(message, read)


def _signal(message: IncomingMessage, read: SignalMessage) -> Signal:
    extra = dict(read.model_extra or {})
    unknown = [*extra, *(f"tickers.{name}" for item in read.tickers for name in _extra(item))]
    if unknown:
        UNKNOWN_FIELDS.labels(message.topic).inc(len(unknown))
        log.info("unknown_fields", topic=message.topic, fields=sorted(set(unknown))[:20])
    key = idempotency_key(message, read)
    return Signal(
        id=read.signal_id or uuid5(_NAMESPACE, key),
        idempotency_key=key,
        user_id=UserId(read.user_id) if read.user_id else None,
        source=read.source,
        signal_type=read.signal_type,
        occurred_at=read.timestamp,
        tickers=tuple(_canonical(item) for item in read.tickers),
        metadata=read.metadata,
        extra=extra,
        correlation_id=message.headers.get("correlation_id")
        or read.correlation_id
        or str(new_id()),
        traceparent=message.headers.get("traceparent"),
    )


def idempotency_key(message: IncomingMessage, read: SignalMessage) -> str:
    """Return what makes a repetition of the signal one with the first.

    The signal's own id if it has one, else the producer's key, else the dead letter that it was,
    else where the message stands and what it says.
    """
    owner = read.user_id or "-"
    if read.signal_id is not None:
        return f"{owner}:id:{read.signal_id}"
    given = message.headers.get("idempotency_key")
    if given and len(given) <= 64:
        return f"{owner}:key:{given}"
    replayed = message.headers.get(REPLAYED)
    if replayed and len(replayed) <= 64:
        return f"{owner}:replay:{replayed}"
    return f"{owner}:at:{fingerprint('signals', message)[:40]}"


def _canonical(item: TickerSignal) -> TickerSignal:
    try:
        return item.model_copy(update={"ticker": canonical_symbol(item.ticker)})
    except ValueError:
        return item  # matches no scanner, which is what happens then


def _extra(item: TickerSignal) -> dict[str, Any]:
    return item.model_extra or {}


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'message'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)[:10]
    )
