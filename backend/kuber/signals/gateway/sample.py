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

_TICKER = "AAPL"


def sample_delivery(source: Source, now: datetime, correlation_id: str) -> Incoming:
    """Return a signed delivery about nothing: neutral, of confidence 0, so that no pipeline with a
    threshold starts by it. The same `correlation_id` makes the same delivery."""
    seconds = int(now.timestamp())
    body = _body(source.kind, seconds)
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


def _body(kind: SourceKind, seconds: int) -> bytes:
    if kind is SourceKind.TRADINGVIEW:
        alert = {"ticker": _TICKER, "action": "neutral", "confidence": 0, "test": True}
        return orjson.dumps({**alert, "time": seconds})
    return orjson.dumps(
        {
            "timestamp": seconds,
            "signal_type": "external",
            "tickers": [{"ticker": _TICKER, "signal": "NEUTRAL", "confidence": 0}],
            "metadata": {"test": True},
        }
    )


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body
