"""Is a delivery its source's own? Pure: headers, bytes, secrets and the time in, a verdict out.

Every comparison is over the raw bytes, takes constant time, and tries each valid secret, so that
nothing is learned from how long a refusal takes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hmac import compare_digest, digest

from standardwebhooks import Webhook

from kuber.signals.gateway.errors import (
    GatewayError,
    SignatureMalformed,
    SignatureMissing,
    SignatureWrong,
    TimestampInFuture,
    TimestampMalformed,
    TimestampTooOld,
    one_problem,
)
from kuber.signals.gateway.types import WINDOW_S, Incoming, Proof, Source, SourceKind

TIMESTAMP, NONCE, SIGNATURE = "X-Timestamp", "X-Nonce", "X-Signature"
WEBHOOK_ID, WEBHOOK_TIMESTAMP = "webhook-id", "webhook-timestamp"
WEBHOOK_SIGNATURE = "webhook-signature"
IDEMPOTENCY_KEY, CORRELATION_ID = "Idempotency-Key", "X-Correlation-Id"

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{1,100}")
_NONCE = re.compile(r"[!-\-/-~]{1,100}")
"""A token without the dot, which separates what is signed."""
_HEX_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MOST_SIGNATURES = 10


def verify(source: Source, incoming: Incoming, body: bytes, now: datetime) -> Proof:
    """Return what names the delivery; raises a GatewayError when it is not the source's own."""
    match source.kind:
        case SourceKind.HMAC:
            return _verify_hmac(source.secrets, incoming.headers, body, now)
        case SourceKind.STANDARD_WEBHOOKS:
            return _verify_standard(source.secrets, incoming.headers, body, now)
        case SourceKind.TRADINGVIEW:
            return _verify_path(source.secrets, incoming.path_secret, body, now)


def hmac_signature(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of `timestamp.nonce.body` under the secret's text."""
    signed = f"{timestamp}.{nonce}.".encode() + body
    return digest(secret.encode(), signed, hashlib.sha256).hex()


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `v1,...` signature of the Standard Webhooks specification."""
    at = datetime.fromtimestamp(timestamp, UTC)
    return Webhook(secret).sign(message_id, at, body.decode())


def _verify_hmac(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Proof:
    timestamp = _present(headers, TIMESTAMP)
    nonce = _present(headers, NONCE)
    given = _present(headers, SIGNATURE)
    external_id = _external_id(headers)
    _check_time(timestamp, now, TIMESTAMP)
    if not _NONCE.fullmatch(nonce):
        raise _malformed(NONCE, "1 to 100 visible ASCII characters other than the dot")
    if not _HEX_SHA256.fullmatch(given):
        raise _malformed(SIGNATURE, "64 hexadecimal digits")
    signature = bytes.fromhex(given)
    right = [
        compare_digest(signature, bytes.fromhex(hmac_signature(secret, timestamp, nonce, body)))
        for secret in secrets
    ]
    if not any(right):
        raise _wrong(f"{TIMESTAMP}, {NONCE} and the body, joined by dots")
    return Proof(nonce, external_id or f"nonce:{nonce}")


def _verify_standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Proof:
    message_id = _present(headers, WEBHOOK_ID)
    timestamp = _present(headers, WEBHOOK_TIMESTAMP)
    given = _present(headers, WEBHOOK_SIGNATURE)
    _check_time(timestamp, now, WEBHOOK_TIMESTAMP)
    _check_token(message_id, WEBHOOK_ID)
    signatures = _standard_signatures(given)
    try:
        # The library signs; its own `verify` would ask the machine's clock.
        wanted = [
            base64.b64decode(
                standard_signature(secret, message_id, int(timestamp), body).partition(",")[2]
            )
            for secret in secrets
        ]
    except UnicodeDecodeError:
        raise SignatureMalformed(
            "The body is not UTF-8 text, so it cannot have been signed.",
            one_problem("The body is not UTF-8.", "Send JSON in UTF-8."),
        ) from None
    right = [compare_digest(one, other) for one in signatures for other in wanted]
    if not any(right):
        raise _wrong(f"{WEBHOOK_ID}, {WEBHOOK_TIMESTAMP} and the body, joined by dots")
    return Proof(None, f"webhook:{message_id}")


def _standard_signatures(text: str) -> list[bytes]:
    """Return the signatures of version 1 in the header, which may list several."""
    found = []
    for item in text.split(" ")[:_MOST_SIGNATURES]:
        version, comma, encoded = item.partition(",")
        if comma and version == "v1":
            try:
                found.append(base64.b64decode(encoded, validate=True))
            except (binascii.Error, ValueError):
                continue
    if not found:
        raise _malformed(WEBHOOK_SIGNATURE, "v1, a comma and a base64 text")
    return found


def _verify_path(secrets: Sequence[str], given: str | None, body: bytes, now: datetime) -> Proof:
    if not given:
        raise SignatureMissing(
            "The secret is missing at the end of the address.",
            one_problem("No secret was given.", "Use the whole address, secret included."),
        )
    right = [compare_digest(given.encode(), secret.encode()) for secret in secrets]
    if not any(right):
        raise SignatureWrong(
            "The secret in the address is not that of this source.",
            one_problem("The secret is wrong.", "Copy the address anew, or rotate the secret."),
        )
    said, minute = hashlib.sha256(body).hexdigest(), int(now.timestamp()) // 60
    return Proof(None, f"alert:{said}:{minute}", said)


def _external_id(headers: Mapping[str, str]) -> str | None:
    for name, prefix in ((IDEMPOTENCY_KEY, "key"), (CORRELATION_ID, "id")):
        value = headers.get(name.lower())
        if value is not None:
            _check_token(value, name)
            return f"{prefix}:{value}"
    return None


def _present(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "")
    if not value:
        raise SignatureMissing(
            f"The header {name} is missing.",
            one_problem(f"There is no {name}.", f"Send the header {name}.", name),
        )
    return value


def _check_time(text: str, now: datetime, name: str) -> None:
    if not _SECONDS.fullmatch(text):
        raise TimestampMalformed(
            f"{name} must be whole seconds since 1970, such as {int(now.timestamp())}.",
            one_problem("The timestamp cannot be read.", "Send the output of: date +%s", name),
        )
    ahead_s = int(text) - now.timestamp()
    refusal: type[GatewayError]
    if ahead_s < -WINDOW_S:
        refusal, words = TimestampTooOld, "before"
    elif ahead_s > WINDOW_S:
        refusal, words = TimestampInFuture, "ahead of"
    else:
        return
    raise refusal(
        f"{name} is {abs(ahead_s):.0f} s {words} our clock; {WINDOW_S} s are allowed.",
        one_problem(
            f"The timestamp is more than {WINDOW_S} s {words} our clock.",
            "Sign each delivery when it is sent, in seconds, and set the sender's clock.",
            name,
        ),
    )


def _check_token(text: str, name: str) -> None:
    if not _TOKEN.fullmatch(text):
        raise _malformed(name, "1 to 100 visible ASCII characters")


def _malformed(name: str, form: str) -> SignatureMalformed:
    return SignatureMalformed(
        f"{name} must be {form}.",
        one_problem(f"{name} is not in its form.", f"Send {form}.", name),
    )


def _wrong(signed: str) -> SignatureWrong:
    return SignatureWrong(
        "No secret of this source gives this signature.",
        one_problem(
            "The signature does not match.",
            f"Sign {signed}, byte for byte as they are sent, with the secret of this source.",
        ),
    )
