"""T16: what is not proven to be the source's own is refused, whatever the reason."""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from kuber.kernel.ids import UserId
from kuber.signals.gateway import verification
from kuber.signals.gateway.errors import (
    GatewayError,
    SignatureMalformed,
    SignatureMissing,
    SignatureWrong,
    TimestampInFuture,
    TimestampMalformed,
    TimestampTooOld,
)
from kuber.signals.gateway.types import Incoming, Proof, Source, SourceId, SourceKind
from kuber.signals.gateway.verification import verify
from tests.fakes.webhook_senders import body_of, hmac_headers, standard_headers

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
SECRET, OLD_SECRET = "a-secret-of-this-test", "the-one-before"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = body_of()

Headers = dict[str, str]
Change = Callable[[Headers], None]


def source(kind: SourceKind, *secrets: str) -> Source:
    return Source(SourceId(uuid4()), UserId(uuid4()), "Mine", kind, secrets, (), 60, True, NOW, NOW)


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def incoming(headers: Mapping[str, str], path_secret: str | None = None) -> Incoming:
    lower = {name.lower(): value for name, value in headers.items()}
    return Incoming(lower, _nothing(), "10.0.0.1", "c" * 8, path_secret)


def check_hmac(headers: Headers, body: bytes = BODY) -> Proof:
    return verify(source(SourceKind.HMAC, SECRET, OLD_SECRET), incoming(headers), body, NOW)


def check_standard(headers: Headers, body: bytes = BODY) -> Proof:
    mine = source(SourceKind.STANDARD_WEBHOOKS, STANDARD_SECRET)
    return verify(mine, incoming(headers), body, NOW)


def drop(name: str) -> Change:
    def change(headers: Headers) -> None:
        del headers[name]

    return change


def put(name: str, value: str) -> Change:
    return lambda headers: headers.update({name: value})


def flip(name: str) -> Change:
    """Change one character of a header."""

    def change(headers: Headers) -> None:
        first, rest = headers[name][0], headers[name][1:]
        headers[name] = ("0" if first != "0" else "1") + rest

    return change


HMAC_REFUSALS: list[tuple[str, Change, type[GatewayError]]] = [
    ("no signature", drop("X-Signature"), SignatureMissing),
    ("no timestamp", drop("X-Timestamp"), SignatureMissing),
    ("no nonce", drop("X-Nonce"), SignatureMissing),
    ("empty signature", put("X-Signature", ""), SignatureMissing),
    ("one digit of the signature", flip("X-Signature"), SignatureWrong),
    ("another nonce", put("X-Nonce", "other"), SignatureWrong),
    ("another second", put("X-Timestamp", str(NOW_S - 1)), SignatureWrong),
    ("short signature", put("X-Signature", "abcd"), SignatureMalformed),
    ("odd digits", put("X-Signature", "a" * 63), SignatureMalformed),
    ("no hexadecimal", put("X-Signature", "g" * 64), SignatureMalformed),
    ("signature twice", put("X-Signature", "a" * 64 + ", " + "a" * 64), SignatureMalformed),
    ("not ASCII", put("X-Signature", "é" * 64), SignatureMalformed),
    ("digits of another script", put("X-Signature", "٣" * 64), SignatureMalformed),
    ("prefixed", put("X-Signature", "sha256=" + "a" * 64), SignatureMalformed),
    ("nonce not ASCII", put("X-Nonce", "nonçe"), SignatureMalformed),
    ("nonce with a space", put("X-Nonce", "a b"), SignatureMalformed),
    ("long nonce", put("X-Nonce", "n" * 101), SignatureMalformed),
    ("time in words", put("X-Timestamp", "now"), TimestampMalformed),
    ("time with a fraction", put("X-Timestamp", f"{NOW_S}.5"), TimestampMalformed),
    ("negative time", put("X-Timestamp", "-1"), TimestampMalformed),
    ("time with a plus", put("X-Timestamp", f"+{NOW_S}"), TimestampMalformed),
    ("time of another script", put("X-Timestamp", "١٧٦٧٦٢٥٢٠٠"), TimestampMalformed),
    ("endless time", put("X-Timestamp", "9" * 5000), TimestampMalformed),
    ("milliseconds", put("X-Timestamp", str(NOW_S) + "00"), TimestampInFuture),
]


@pytest.mark.parametrize(("name", "change", "refusal"), HMAC_REFUSALS)
def test_t16_a_delivery_that_was_touched_is_refused(
    name: str, change: Change, refusal: type[GatewayError]
) -> None:
    headers = hmac_headers(SECRET, BODY, NOW_S)
    assert check_hmac(headers).nonce, "it is good before it is touched"
    change(headers)
    with pytest.raises(refusal) as caught:
        check_hmac(headers)
    assert caught.value.problems[0].remedy, name


def parts_right(signature: bytes) -> Iterator[bytes]:
    """Yield signatures of the same length that are right but for one byte, or in one part only."""
    wrong = bytes(byte ^ 0xFF for byte in signature)
    for place in range(len(signature)):
        yield signature[:place] + wrong[place : place + 1] + signature[place + 1 :]
    for length in range(len(signature)):
        yield signature[:length] + wrong[length:]
        yield wrong[:length] + signature[length:]


def test_t16_a_signature_that_is_right_in_part_is_refused() -> None:
    headers = hmac_headers(SECRET, BODY, NOW_S)
    for other in parts_right(bytes.fromhex(headers["X-Signature"])):
        if other.hex() != headers["X-Signature"]:
            with pytest.raises(SignatureWrong):
                check_hmac({**headers, "X-Signature": other.hex()})


def test_t16_a_standard_webhook_signed_right_in_part_is_refused() -> None:
    headers = standard_headers(STANDARD_SECRET, BODY, NOW_S)
    signature = b64decode(headers["webhook-signature"].removeprefix("v1,"))
    cut_short = [signature[:length] for length in range(1, len(signature))]
    for other in (*parts_right(signature), *cut_short, signature + signature):
        if other != signature:
            with pytest.raises(SignatureWrong):
                check_standard({**headers, "webhook-signature": f"v1,{b64encode(other).decode()}"})


def test_t16_one_changed_byte_of_the_body_is_refused() -> None:
    headers = hmac_headers(SECRET, BODY, NOW_S)
    for position in range(len(BODY)):
        changed = BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
        with pytest.raises(SignatureWrong):
            check_hmac(headers, changed)
    for changed in (BODY + b" ", b"\xef\xbb\xbf" + BODY, BODY[:-1], b""):
        with pytest.raises(SignatureWrong):
            check_hmac(headers, changed)


def test_t16_another_key_is_refused() -> None:
    for key in ("", "other", SECRET.upper(), SECRET + " "):
        with pytest.raises(SignatureWrong):
            check_hmac(hmac_headers(key, BODY, NOW_S))


@pytest.mark.parametrize(
    ("age_s", "refusal"),
    [(301, TimestampTooOld), (10**9, TimestampTooOld), (-301, TimestampInFuture)],
)
def test_t16_old_and_future_deliveries_are_refused(age_s: int, refusal: type[GatewayError]) -> None:
    with pytest.raises(refusal):
        check_hmac(hmac_headers(SECRET, BODY, NOW_S - age_s))
    with pytest.raises(refusal):
        check_standard(standard_headers(STANDARD_SECRET, BODY, NOW_S - age_s))


@pytest.mark.parametrize("age_s", [300, 0, -300])
def test_a_delivery_within_the_window_is_taken(age_s: int) -> None:
    assert check_hmac(hmac_headers(SECRET, BODY, NOW_S - age_s)).nonce
    assert check_standard(standard_headers(STANDARD_SECRET, BODY, NOW_S - age_s)).external_id


def test_t16_header_names_count_in_any_case_and_hexadecimal_digits_too() -> None:
    for spell in (str.lower, str.upper, str.title):
        headers = {spell(k): v for k, v in hmac_headers(SECRET, BODY, NOW_S).items()}
        assert check_hmac(headers).nonce
    headers = hmac_headers(SECRET, BODY, NOW_S)
    assert check_hmac({**headers, "X-Signature": headers["X-Signature"].upper()}).nonce


def test_the_secret_before_counts_as_long_as_it_is_given() -> None:
    headers = hmac_headers(OLD_SECRET, BODY, NOW_S)
    assert check_hmac(headers).nonce
    with pytest.raises(SignatureWrong):
        verify(source(SourceKind.HMAC, SECRET), incoming(headers), BODY, NOW)


def test_the_id_of_the_sender_names_the_delivery() -> None:
    named = {
        "Idempotency-Key": "key:order-1",
        "X-Correlation-Id": "id:order-1",
    }
    for header, external_id in named.items():
        headers = hmac_headers(SECRET, BODY, NOW_S, **{header: "order-1"})
        assert check_hmac(headers).external_id == external_id
    assert check_hmac(hmac_headers(SECRET, BODY, NOW_S, "n1")).external_id == "nonce:n1"
    with pytest.raises(SignatureMalformed):
        check_hmac(hmac_headers(SECRET, BODY, NOW_S, **{"X-Correlation-Id": "x" * 101}))


STANDARD_REFUSALS: list[tuple[str, Change, type[GatewayError]]] = [
    ("no id", drop("webhook-id"), SignatureMissing),
    ("no timestamp", drop("webhook-timestamp"), SignatureMissing),
    ("no signature", drop("webhook-signature"), SignatureMissing),
    ("another id", put("webhook-id", "msg_other"), SignatureWrong),
    ("another version", put("webhook-signature", "v2,AAAA"), SignatureMalformed),
    ("no comma", put("webhook-signature", "v1AAAA"), SignatureMalformed),
    ("no base64", put("webhook-signature", "v1,%%%"), SignatureMalformed),
    ("bad padding", put("webhook-signature", "v1,A"), SignatureMalformed),
    ("not ASCII", put("webhook-signature", "v1,ééééé"), SignatureMalformed),
    ("two commas", put("webhook-signature", "v1,a,b"), SignatureMalformed),
    ("wrong signature", put("webhook-signature", "v1,AAAA"), SignatureWrong),
    ("time with a fraction", put("webhook-timestamp", f"{NOW_S}.0"), TimestampMalformed),
    ("time not a number", put("webhook-timestamp", "nan"), TimestampMalformed),
]


@pytest.mark.parametrize(("name", "change", "refusal"), STANDARD_REFUSALS)
def test_t16_a_standard_webhook_that_was_touched_is_refused(
    name: str, change: Change, refusal: type[GatewayError]
) -> None:
    headers = standard_headers(STANDARD_SECRET, BODY, NOW_S)
    assert check_standard(headers).external_id, "it is good before it is touched"
    change(headers)
    with pytest.raises(refusal) as caught:
        check_standard(headers)
    assert caught.value.problems[0].remedy, name


def test_t16_a_standard_webhook_that_is_not_text_is_refused() -> None:
    headers = standard_headers(STANDARD_SECRET, BODY, NOW_S)
    with pytest.raises(SignatureMalformed):
        check_standard(headers, b"\xff\xfe")
    with pytest.raises(SignatureWrong):
        check_standard(headers, BODY + b" ")


def test_what_the_library_of_standard_webhooks_signs_is_taken() -> None:
    library = Webhook(STANDARD_SECRET)
    signature = library.sign("msg_1", NOW, BODY.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": f"v1a,other v1,AAAA {signature}",
    }
    assert check_standard(headers) == Proof(None, "webhook:msg_1")


def test_t16_an_alert_needs_the_secret_in_its_address() -> None:
    mine = source(SourceKind.TRADINGVIEW, SECRET)
    assert verify(mine, incoming({}, SECRET), BODY, NOW).external_id.startswith("alert:")
    with pytest.raises(SignatureMissing):
        verify(mine, incoming({}), BODY, NOW)
    for wrong in ("x", SECRET[:-1], SECRET + "x", "sécret"):
        with pytest.raises(SignatureWrong):
            verify(mine, incoming({}, wrong), BODY, NOW)


def test_t16_every_comparison_takes_constant_time_and_tries_every_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[int, int]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr(verification, "compare_digest", watched)
    check_hmac(hmac_headers(SECRET, BODY, NOW_S))  # the first secret fits, the second is tried too
    assert compared == [(32, 32)] * 2
    check_standard(standard_headers(STANDARD_SECRET, BODY, NOW_S))
    assert compared[2:] == [(32, 32)]
    verify(source(SourceKind.TRADINGVIEW, SECRET, OLD_SECRET), incoming({}, SECRET), BODY, NOW)
    assert len(compared) == 5
