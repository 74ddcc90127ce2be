"""Systems outside that send signals: they sign as the how-to says, with code of their own."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

SIGNAL: dict[str, Any] = {
    "timestamp": 1_702_234_567,
    "source": "mine",
    "signal_type": "golden_cross",
    "tickers": [{"ticker": "AAPL", "signal": "BULLISH", "confidence": 85}],
}


def body_of(**changes: Any) -> bytes:
    """Return a signal as JSON; `changes` replace its fields."""
    return json.dumps({**SIGNAL, **changes}).encode()


def hmac_headers(
    secret: str, body: bytes, now_s: int, nonce: str | None = None, **extra: str
) -> dict[str, str]:
    """Return the headers with which a sender of kind `hmac` signs."""
    nonce = nonce or uuid4().hex
    signed = f"{now_s}.{nonce}.".encode() + body
    return {
        "Content-Type": "application/json",
        "X-Timestamp": str(now_s),
        "X-Nonce": nonce,
        "X-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
        **extra,
    }


def standard_headers(
    secret: str, body: bytes, now_s: int, message_id: str | None = None
) -> dict[str, str]:
    """Return the headers of the Standard Webhooks specification."""
    message_id = message_id or f"msg_{uuid4().hex}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{now_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{signature}",
    }
