"""Deliveries over HTTP, for every kind and every refusal: an answer, a count, nothing enqueued."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from kuber.kernel.clock import FixedClock
from tests.fakes.webhook_senders import SIGNAL, body_of, hmac_headers
from tests.integration.api.webhook_tools import (
    Sender,
    counted,
    deliveries_of,
    make_sender,
    outbox,
)

AAPL = {"ticker": "AAPL", "signal": "BULLISH", "confidence": 85}


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks"])
async def test_a_signed_delivery_becomes_a_signal_of_its_owner(
    ann: httpx.AsyncClient, postgres_url: str, kind: str
) -> None:
    sender = await make_sender(ann, kind)
    before = counted("accepted")
    answer = await sender.deliver(body_of(metadata={"sma": 1.5}, desk="Tokyo"))
    assert answer.status_code == 202, answer.text
    signal_id = answer.json()["signal_id"]
    me = (await ann.get("/api/v1/users/me")).json()
    (message,) = outbox(postgres_url)
    assert message["key"] == "AAPL"
    payload = message["payload"]
    assert payload["signal_id"] == signal_id
    assert (payload["user_id"], payload["source"]) == (me["id"], f"My {kind}")
    assert (payload["timestamp"], payload["signal_type"]) == (1_702_234_567, "golden_cross")
    assert payload["tickers"] == [AAPL]
    assert payload["metadata"] == {"sma": 1.5, "extra": {"desk": "Tokyo"}}
    assert payload["correlation_id"] == answer.headers["X-Correlation-Id"]
    (delivery,) = await deliveries_of(sender)
    assert (delivery["status"], delivery["code"]) == (202, "accepted")
    assert (delivery["signal_id"], delivery["client_network"]) == (signal_id, "10.0.0.0/24")
    assert counted("accepted") == before + 1


async def test_an_alert_of_tradingview_becomes_a_signal(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann, "tradingview")
    for content_type, body in (
        ("application/json", b'{"ticker": "NASDAQ:AAPL", "action": "buy", "confidence": 80}'),
        ("text/plain; charset=utf-8", b"MSFT sell"),
    ):
        answer = await sender.post(body, {"Content-Type": content_type})
        assert answer.status_code == 202, answer.text
    first, second = (message["payload"] for message in outbox(postgres_url))
    assert first["tickers"] == [{"ticker": "AAPL", "signal": "BULLISH", "confidence": 80}]
    assert second["tickers"] == [{"ticker": "MSFT", "signal": "BEARISH", "confidence": 100}]
    assert first["signal_type"] == second["signal_type"] == "external"


Send = Callable[[Sender], Awaitable[httpx.Response]]


def with_body(body: bytes) -> Send:
    return lambda sender: sender.deliver(body)


def with_headers(**headers: str) -> Send:
    return lambda sender: sender.deliver(b"{}", **headers)


async def unsigned(sender: Sender) -> httpx.Response:
    return await sender.post(body_of(), {"Content-Type": "application/json"})


async def signed_at(sender: Sender, ahead_s: int) -> httpx.Response:
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()) + ahead_s)
    return await sender.post(body, headers)


async def old(sender: Sender) -> httpx.Response:
    return await signed_at(sender, -310)


async def future(sender: Sender) -> httpx.Response:
    return await signed_at(sender, 310)


async def wrong_key(sender: Sender) -> httpx.Response:
    body = body_of()
    return await sender.post(body, hmac_headers("not the secret", body, int(time.time())))


async def changed_byte(sender: Sender) -> httpx.Response:
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    return await sender.post(body.replace(b"85", b"95"), headers)


async def streamed_without_a_length(sender: Sender) -> httpx.Response:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    headers = {"Content-Type": "application/json"}
    return await sender.client.post(sender.path, content=endless(), headers=headers)


REFUSED: list[tuple[str, Send, int, str]] = [
    ("unsigned", unsigned, 401, "signature_missing"),
    ("wrong key", wrong_key, 401, "signature_wrong"),
    ("one byte changed", changed_byte, 401, "signature_wrong"),
    ("old", old, 401, "timestamp_too_old"),
    ("future", future, 401, "timestamp_in_future"),
    ("no hex", with_headers(**{"X-Signature": "zz"}), 401, "signature_malformed"),
    ("not ASCII", with_headers(**{"X-Signature": "\xe9" * 64}), 401, "signature_malformed"),
    ("bad time", with_headers(**{"X-Timestamp": "soon"}), 401, "timestamp_malformed"),
    ("oversized", with_body(b" " * 64_001), 413, "too_large"),
    ("hugely oversized", with_body(b" " * 2_000_000), 413, "too_large"),
    ("endless", streamed_without_a_length, 413, "too_large"),
    ("not JSON", with_body(b"buy AAPL"), 422, "not_json"),
    ("a form", with_headers(**{"Content-Type": "text/html"}), 415, "unsupported_media_type"),
    ("unknown type", with_body(body_of(signal_type="hunch")), 422, "unknown_signal_type"),
    (
        "confidence above 100",
        with_body(body_of(tickers=[{**AAPL, "confidence": 101}])),
        422,
        "bad_confidence",
    ),
    (
        "confidence below 0",
        with_body(body_of(tickers=[{**AAPL, "confidence": -0.1}])),
        422,
        "bad_confidence",
    ),
    ("no tickers", with_body(body_of(tickers=[])), 422, "no_tickers"),
    (
        "1,000 tickers",
        with_body(body_of(tickers=[{**AAPL, "ticker": f"T{n}"} for n in range(1000)])),
        422,
        "too_many_tickers",
    ),
    (
        "10,000 tickers",
        with_body(body_of(tickers=[{**AAPL, "ticker": f"T{n}"} for n in range(10_000)])),
        413,
        "too_large",
    ),
    ("future signal", with_body(body_of(timestamp=9e9)), 422, "bad_signal_time"),
]


@pytest.mark.parametrize(("name", "send", "status", "code"), REFUSED, ids=[r[0] for r in REFUSED])
async def test_a_bad_delivery_gets_its_own_answer_and_enqueues_nothing(
    ann: httpx.AsyncClient, postgres_url: str, name: str, send: Send, status: int, code: str
) -> None:
    sender = await make_sender(ann)
    before = counted(code)
    answer = await send(sender)
    assert (answer.status_code, answer.json()["code"]) == (status, code), f"{name}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["remedy"]
    assert sender.source["secret"] not in answer.text
    assert outbox(postgres_url) == []
    assert counted(code) == before + 1
    (delivery,) = await deliveries_of(sender)
    assert (delivery["status"], delivery["code"]) == (status, code)
    assert (delivery["signal_id"], delivery["detail"]) == (None, answer.json()["detail"])


async def test_an_unknown_and_a_disabled_source_look_the_same(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    assert (await sender.deliver(body)).status_code == 202
    source_path = f"/api/v1/webhook-sources/{sender.source['id']}"
    assert (await ann.put(source_path, json={"enabled": False})).status_code == 200
    disabled = await sender.post(body, headers)
    assert (await ann.delete(source_path)).status_code == 204
    gone = await sender.post(body, headers)
    with_secret = await ann.post(f"{sender.path}/some-secret", content=body, headers=headers)
    for answer in (disabled, gone, with_secret):
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_not_found")
    shown = [{**a.json(), "correlation_id": None} for a in (disabled, gone, with_secret)]
    assert shown[0] == shown[1] == shown[2]
    assert len(outbox(postgres_url)) == 1, "only that of the time when it was switched on"


@pytest.mark.parametrize(
    "tail",
    [
        "/..",
        "/../{other}",
        "/%2e%2e/{other}",
        "%2f..%2f{other}",
        "//",
        "/;x",
        "/secret/more",
        "\\x",
    ],
)
async def test_t27_a_crooked_path_reaches_no_source(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, postgres_url: str, tail: str
) -> None:
    mine, other = await make_sender(ann), await make_sender(bob)
    body = body_of()
    headers = hmac_headers(mine.source["secret"], body, int(time.time()))
    path = mine.path + tail.format(other=other.source["id"])
    url = httpx.URL("http://127.0.0.1").copy_with(raw_path=path.encode())
    answer = await ann.post(url, content=body, headers=headers)
    assert answer.status_code in (401, 404), answer.text
    assert outbox(postgres_url) == []


async def test_a_source_that_signs_does_not_listen_at_an_address_with_a_secret(
    ann: httpx.AsyncClient,
) -> None:
    sender = await make_sender(ann)
    answer = await ann.post(f"{sender.path}/{sender.source['secret']}", content=body_of())
    assert (answer.status_code, answer.json()["code"]) == (404, "webhook_not_found")


async def test_an_alert_without_the_secret_or_with_another_is_refused(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann, "tradingview")
    bare = sender.path.rpartition("/")[0]
    for path, code in ((bare, "signature_missing"), (f"{bare}/wrong", "signature_wrong")):
        answer = await ann.post(path, content=b"AAPL buy", headers={"Content-Type": "text/plain"})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert outbox(postgres_url) == []


async def test_an_alert_from_another_network_is_refused(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann, "tradingview", allowed_networks=None)
    assert sender.source["allowed_networks"][0] == "52.89.214.238/32"
    answer = await sender.post(b"AAPL buy", {"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (403, "network_not_allowed")
    assert outbox(postgres_url) == []
    path = f"/api/v1/webhook-sources/{sender.source['id']}"
    await ann.put(path, json={"allowed_networks": ["10.0.0.1"]})
    answer = await sender.post(b"AAPL buy", {"Content-Type": "text/plain"})
    assert answer.status_code == 202, answer.text


async def test_a_replayed_nonce_is_refused(ann: httpx.AsyncClient, postgres_url: str) -> None:
    sender = await make_sender(ann)
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    first, second = await sender.post(body, headers), await sender.post(body, headers)
    assert first.status_code == 202
    assert (second.status_code, second.json()["code"]) == (409, "nonce_replayed")
    other = body_of(signal_type="rsi")
    stolen = hmac_headers(
        sender.source["secret"], other, int(time.time()), nonce=headers["X-Nonce"]
    )
    assert (await sender.post(other, stolen)).json()["code"] == "nonce_replayed"
    assert len(outbox(postgres_url)) == 1


async def test_a_wrong_signature_uses_up_no_nonce(ann: httpx.AsyncClient) -> None:
    sender = await make_sender(ann)
    body = body_of()
    forged = hmac_headers("wrong", body, int(time.time()), nonce="n1")
    assert (await sender.post(body, forged)).status_code == 401
    assert (await sender.deliver(body, nonce="n1")).status_code == 202


@pytest.mark.parametrize("header", ["X-Correlation-Id", "Idempotency-Key"])
async def test_t19_a_fresh_nonce_with_the_same_id_gets_the_first_signal(
    ann: httpx.AsyncClient, postgres_url: str, header: str
) -> None:
    sender = await make_sender(ann)
    before = counted("repeated")
    first = await sender.deliver(body_of(), **{header: "order-4711"})
    again = await sender.deliver(body_of(), **{header: "order-4711"})
    assert first.status_code == again.status_code == 202
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(outbox(postgres_url)) == 1
    assert counted("repeated") == before + 1
    other = await sender.deliver(body_of(), **{header: "order-4712"})
    assert other.json() != first.json()


async def test_t19_an_idempotency_key_with_another_body_is_refused(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    await sender.deliver(body_of(), **{"Idempotency-Key": "k1"})
    answer = await sender.deliver(body_of(signal_type="rsi"), **{"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert len(outbox(postgres_url)) == 1


async def test_a_correlation_id_within_the_signal_names_it_too(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    body = body_of(correlation_id="order-4711")
    first, again = await sender.deliver(body), await sender.deliver(body)
    assert first.json() == again.json()
    (message,) = outbox(postgres_url)
    assert message["headers"]["correlation_id"] == "order-4711"


async def test_the_same_id_of_two_sources_is_two_signals(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    for sender in (await make_sender(ann), await make_sender(ann)):
        assert (await sender.deliver(body_of(), **{"X-Correlation-Id": "one"})).status_code == 202
    assert len(outbox(postgres_url)) == 2


async def test_an_alert_that_comes_twice_within_a_minute_counts_once(
    ann: httpx.AsyncClient,
    platform: FastAPI,
    redis: Redis,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FixedClock(datetime(2026, 1, 5, 15, 0, tzinfo=UTC))
    monkeypatch.setattr(platform.state.container.webhooks, "_clock", clock)
    sender = await make_sender(ann, "tradingview")
    first = await sender.deliver(b"AAPL buy")
    clock.advance(timedelta(minutes=1))  # it may end between the two
    again = await sender.deliver(b"AAPL buy")
    assert first.json() == again.json() != {}
    assert len(outbox(postgres_url)) == 1
    [memory] = await redis.keys(f"kuber:webhook:alert:{sender.source['id']}:*")
    assert await redis.delete(memory) == 1  # as it does by itself before a minute has passed
    another = await sender.deliver(b"AAPL buy")
    assert another.json()["signal_id"] != first.json()["signal_id"]


async def test_more_than_the_rate_is_told_when_to_come_back(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann, rate_per_minute=3)
    answers = [await sender.deliver(body_of()) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 3
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert len(outbox(postgres_url)) == 3
    codes = [delivery["code"] for delivery in await deliveries_of(sender)]
    assert codes == ["rate_limited", "accepted", "accepted", "accepted"], "one 429 is on record"


async def test_only_the_last_refusals_are_kept(ann: httpx.AsyncClient) -> None:
    sender = await make_sender(ann)
    good = await sender.deliver(body_of())
    for _ in range(205):
        await unsigned(sender)
    path = f"/api/v1/webhook-sources/{sender.source['id']}/deliveries"
    first = (await ann.get(path, params={"limit": 150})).json()
    rest = (await ann.get(path, params={"limit": 150, "cursor": first["next_cursor"]})).json()
    found = [*first["items"], *rest["items"]]
    assert rest["next_cursor"] is None
    assert sum(item["status"] == 401 for item in found) == 200
    assert found[-1]["signal_id"] == good.json()["signal_id"], "accepted ones stay"


async def test_a_delivery_needs_no_login_and_takes_none(ann: httpx.AsyncClient) -> None:
    sender = await make_sender(ann)
    answer = await sender.deliver(body_of(), Authorization="Bearer nonsense")
    assert answer.status_code == 202


async def test_unknown_fields_of_a_ticker_are_kept(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    body = json.dumps({**SIGNAL, "tickers": [{**AAPL, "target": 200}]}).encode()
    assert (await sender.deliver(body)).status_code == 202
    assert outbox(postgres_url)[0]["payload"]["tickers"] == [{**AAPL, "target": 200}]
