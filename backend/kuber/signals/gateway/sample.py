"""A delivery that Kuber sends to itself, so that its owner sees the whole way work."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import uuid4

import orjson

from kuber.signals.gateway.types import Incoming, Source, SourceKind
from kuber.signals.gateway.verification import (
    CORRELATION_ID,
    NONCE,
    SIGNATURE,
    TIMESTAMP,
    WEBHOOK_ID,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIMESTAMP,
    hmac_signature,
    standard_signature,
)
from kuber.signals.types import TickerSignal


def sample_delivery(
    source: Source, sample: TickerSignal, now: datetime, correlation_id: str
) -> Incoming:
    """Return a signed delivery that says `sample`, marked as a test in its metadata.

    The same `correlation_id` makes the same delivery.
    """
    seconds = int(now.timestamp())
    body = _body(source.kind, sample, seconds)
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    match source.kind:
        case SourceKind.HMAC:
            nonce = uuid4().hex
            signature = hmac_signature(source.secrets[0], str(seconds), nonce, body)
            headers |= {
                TIMESTAMP.lower(): str(seconds),
                NONCE.lower(): nonce,
                SIGNATURE.lower(): signature,
                CORRELATION_ID.lower(): correlation_id,
            }
        case SourceKind.STANDARD_WEBHOOKS:
            message_id = f"test-{correlation_id}"
            signature = standard_signature(source.secrets[0], message_id, seconds, body)
            headers |= {
                WEBHOOK_ID: message_id,
                WEBHOOK_TIMESTAMP: str(seconds),
                WEBHOOK_SIGNATURE: signature,
            }
    in_path = source.secrets[0] if source.kind is SourceKind.TRADINGVIEW else None
    return Incoming(headers, _chunks(body), None, correlation_id, in_path)


def _body(kind: SourceKind, sample: TickerSignal, seconds: int) -> bytes:
    said = sample.model_dump(mode="json", include={"ticker", "signal", "confidence"})
    if kind is SourceKind.TRADINGVIEW:
        action = said.pop("signal").lower()
        return orjson.dumps({**said, "action": action, "test": True, "time": seconds})
    return orjson.dumps(
        {
            "timestamp": seconds,
            "signal_type": "external",
            "tickers": [said],
            "metadata": {"test": True},
        }
    )


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body
