"""Webhook sources over HTTP: made, shown, changed, rotated, tried out, deleted."""

import json
import logging
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kuber.infra.sealing import CannotOpen, SealedBox
from tests.fakes.api_container import SECRET, browser
from tests.fakes.webhook_senders import body_of
from tests.integration.api.webhook_tools import deliveries_of, make_sender, outbox

SOURCES = "/api/v1/webhook-sources"


async def test_a_source_shows_its_secret_once_and_is_stored_encrypted(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    made = (await ann.post(SOURCES, json={"name": "Desk", "kind": "hmac"})).json()
    secret = made["secret"]
    assert made["url"] == f"http://127.0.0.1/api/v1/webhooks/{made['id']}"
    assert (made["secret_hint"], made["enabled"]) == (secret[-4:], True)
    assert (made["rate_per_minute"], made["allowed_networks"]) == (600, [])
    shown = await ann.get(f"{SOURCES}/{made['id']}")
    listed = await ann.get(SOURCES)
    assert shown.json() == {k: v for k, v in made.items() if k != "secret"}
    assert listed.json() == {"items": [shown.json()], "next_cursor": None}
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select secrets, webhook_sources::text from webhook_sources")
        (box,), text = row.fetchall()[0]
    assert secret.encode() not in box
    assert secret.encode().hex() not in text
    keys = SealedBox(SECRET, "webhook source secrets")
    source_id = bytes.fromhex(made["id"].replace("-", ""))
    assert keys.open(box, source_id) == secret.encode()
    for other_key, other_context in (
        (SealedBox("x" * 32, "webhook source secrets"), source_id),
        (SealedBox(SECRET, "something else"), source_id),
        (keys, bytes(16)),
    ):
        with pytest.raises(CannotOpen):
            other_key.open(box, other_context)


async def test_each_kind_gets_the_address_and_secret_that_its_senders_expect(
    ann: httpx.AsyncClient,
) -> None:
    standard = (await ann.post(SOURCES, json={"name": "S", "kind": "standard_webhooks"})).json()
    assert standard["secret"].startswith("whsec_")
    alerts = (await ann.post(SOURCES, json={"name": "T", "kind": "tradingview"})).json()
    assert alerts["url"].endswith(f"/{alerts['id']}/{alerts['secret']}")
    assert len(alerts["allowed_networks"]) == 4
    later = (await ann.get(f"{SOURCES}/{alerts['id']}")).json()
    assert later["url"].endswith(f"/{alerts['id']}/{{secret}}")


async def test_a_repeated_request_shows_the_secret_again_but_does_not_store_it_in_the_clear(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    body, headers = {"name": "Desk", "kind": "hmac"}, {"Idempotency-Key": "one"}
    first = await ann.post(SOURCES, json=body, headers=headers)
    second = await ann.post(SOURCES, json=body, headers=headers)
    assert first.content == second.content
    assert len((await ann.get(SOURCES)).json()["items"]) == 1
    with psycopg.connect(postgres_url) as connection:
        kept = connection.execute("select answer from idempotency_keys").fetchall()
    assert len(kept) == 1
    assert first.json()["secret"].encode() not in kept[0][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "hmac"}, "name"),
        ({"name": " ", "kind": "hmac"}, "name"),
        ({"name": "x", "kind": "carrier pigeon"}, "kind"),
        ({"name": "x", "kind": "hmac", "rate_per_minute": 0}, "rate_per_minute"),
        ({"name": "x", "kind": "hmac", "rate_per_minute": 60_001}, "rate_per_minute"),
        ({"name": "x", "kind": "hmac", "allowed_networks": ["here"]}, "allowed_networks.0"),
        ({"name": "x", "kind": "tradingview", "allowed_networks": []}, "allowed_networks"),
        ({"name": "x", "kind": "hmac", "secret": "mine"}, "secret"),
    ],
)
async def test_a_source_that_cannot_be_is_refused_by_field(
    ann: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await ann.post(SOURCES, json=body)
    assert answer.status_code == 422, answer.text
    assert [item["field"] for item in answer.json()["errors"]] == [field]
    assert answer.json()["errors"][0]["remedy"]


async def test_a_change_counts_from_the_next_delivery_on(ann: httpx.AsyncClient) -> None:
    sender = await make_sender(ann)
    path = f"{SOURCES}/{sender.source['id']}"
    changes = {"name": "Renamed", "allowed_networks": ["192.0.2.0/24"], "rate_per_minute": 5}
    changed = await ann.put(path, json=changes)
    assert {name: changed.json()[name] for name in changes} == changes
    assert (await sender.deliver(body_of())).json()["code"] == "network_not_allowed"
    await ann.put(path, json={"allowed_networks": []})
    assert (await sender.deliver(body_of())).status_code == 202
    await ann.put(path, json={"enabled": False})
    assert (await sender.deliver(body_of())).status_code == 404
    await ann.put(path, json={"enabled": True})
    assert (await sender.deliver(body_of())).status_code == 202
    last = (await ann.get(path)).json()["last_delivery"]
    assert (last["status"], last["code"]) == (202, "accepted")


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks", "tradingview"])
async def test_two_secrets_are_valid_while_a_rotation_is_under_way(
    ann: httpx.AsyncClient, postgres_url: str, kind: str
) -> None:
    sender = await make_sender(ann, kind)
    path = f"{SOURCES}/{sender.source['id']}"
    first = dict(sender.source)
    second = (await ann.post(f"{path}/rotate")).json()
    third = (await ann.post(f"{path}/rotate", json={"overlap_hours": 2})).json()
    assert len({first["secret"], second["secret"], third["secret"]}) == 3
    assert third["previous_until"] > third["updated_at"]

    async def works(source: dict[str, object], signal_type: str) -> bool:
        sender.source = {**first, "secret": source["secret"], "url": source["url"]}
        body = (
            json.dumps({"ticker": "AAPL", "action": "buy", "n": signal_type}).encode()
            if kind == "tradingview"
            else body_of(signal_type=signal_type)
        )
        answer = await sender.deliver(body)
        assert answer.status_code in (202, 401), answer.text
        return answer.status_code == 202

    assert not await works(first, "rsi"), "only the last two are valid"
    assert await works(second, "rsi")
    assert await works(third, "mock")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("update webhook_sources set previous_until = now(), updated_at = now()")
    assert not await works(second, "custom")
    assert await works(third, "custom")


async def test_after_a_leak_the_secret_ends_at_once(ann: httpx.AsyncClient) -> None:
    sender = await make_sender(ann)
    path = f"{SOURCES}/{sender.source['id']}"
    assert (await sender.deliver(body_of())).status_code == 202
    rotated = (await ann.post(f"{path}/rotate", json={"overlap_hours": 0})).json()
    assert rotated["previous_until"] is None
    assert (await sender.deliver(body_of())).json()["code"] == "signature_wrong"


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks", "tradingview"])
async def test_a_test_goes_the_whole_way(
    ann: httpx.AsyncClient, postgres_url: str, kind: str
) -> None:
    more = {"allowed_networks": None} if kind == "tradingview" else {}
    sender = await make_sender(ann, kind, **more)
    path = f"{SOURCES}/{sender.source['id']}"
    tried = await ann.post(f"{path}/test")
    assert tried.status_code == 200, tried.text
    (message,) = outbox(postgres_url)
    assert message["payload"]["signal_id"] == tried.json()["signal_id"]
    assert message["payload"]["metadata"] == {"test": True}
    assert message["payload"]["tickers"][0]["confidence"] == 0
    assert await deliveries_of(sender) == [tried.json()]
    assert (tried.json()["code"], tried.json()["client_network"]) == ("accepted", "test")
    await ann.put(path, json={"enabled": False})
    refused = await ann.post(f"{path}/test")
    assert (refused.json()["status"], refused.json()["code"]) == (404, "webhook_not_found")
    assert len(outbox(postgres_url)) == 1


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks", "tradingview"])
async def test_a_test_says_what_its_owner_chose(
    ann: httpx.AsyncClient, postgres_url: str, kind: str
) -> None:
    more = {"allowed_networks": None} if kind == "tradingview" else {}
    sender = await make_sender(ann, kind, **more)
    chosen = {"ticker": "brk.b", "direction": "BEARISH", "confidence": 82.5}
    tried = await ann.post(f"{SOURCES}/{sender.source['id']}/test", json=chosen)
    assert (tried.status_code, tried.json()["code"]) == (200, "accepted"), tried.text
    (message,) = outbox(postgres_url)
    (ticker,) = message["payload"]["tickers"]
    assert (ticker["ticker"], ticker["signal"], ticker["confidence"]) == ("BRK.B", "BEARISH", 82.5)
    assert message["payload"]["metadata"] == {"test": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [("ticker", "not a ticker"), ("direction", "UP"), ("confidence", 101), ("source", "me")],
)
async def test_a_test_that_no_signal_could_say_is_refused_at_its_field(
    ann: httpx.AsyncClient, postgres_url: str, field: str, value: object
) -> None:
    sender = await make_sender(ann)
    refused = await ann.post(f"{SOURCES}/{sender.source['id']}/test", json={field: value})
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"] == field
    assert outbox(postgres_url) == []


async def test_a_repeated_test_is_one_delivery(ann: httpx.AsyncClient, postgres_url: str) -> None:
    sender = await make_sender(ann)
    path, headers = f"{SOURCES}/{sender.source['id']}/test", {"Idempotency-Key": "try"}
    first = await ann.post(path, headers=headers)
    assert (await ann.post(path, headers=headers)).content == first.content
    assert len(outbox(postgres_url)) == 1


async def test_a_source_takes_its_deliveries_with_it(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    assert (await sender.deliver(body_of())).status_code == 202
    assert (await ann.delete(f"{SOURCES}/{sender.source['id']}")).status_code == 204
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select count(*) from webhook_deliveries").fetchone() == (0,)
    assert len(outbox(postgres_url)) == 1, "what was accepted is still delivered"


async def test_a_secret_under_a_lost_key_is_not_a_wrong_signature(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("update webhook_sources set secrets = array['\\x00'::bytea]")
    answer = await sender.deliver(body_of())
    assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")


async def test_the_signal_types_are_listed(ann: httpx.AsyncClient) -> None:
    items = (await ann.get("/api/v1/signal-types")).json()["items"]
    assert {"golden_cross", "external", "mock"} <= {item["signal_type"] for item in items}
    assert all(item["name"] and item["description"] for item in items)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    provider.shutdown()


async def test_the_secret_of_an_alert_is_in_no_log_trace_or_answer(
    platform: FastAPI,
    ann: httpx.AsyncClient,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
    postgres_url: str,
) -> None:
    sender = await make_sender(ann, "tradingview")
    secret = sender.source["secret"]
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    platform.middleware_stack = None
    FastAPIInstrumentor.instrument_app(platform, tracer_provider=provider)
    caplog.set_level(logging.DEBUG)
    answers = []
    try:
        async with browser(platform) as stranger:
            for path, body in (
                (sender.path, b"AAPL buy"),
                (sender.path, b"good morning"),
                (sender.path, b" " * 70_000),
                (sender.path + "/", b"AAPL buy"),
                (sender.path + "x", b"AAPL buy"),
                (sender.path.replace("webhooks/", "webhooks//"), b"AAPL buy"),
            ):
                answers.append(await stranger.post(path, content=body))
            answers.append(await stranger.get(sender.path))
    finally:
        FastAPIInstrumentor.uninstrument_app(platform)
    assert [answer.status_code for answer in answers][:3] == [202, 422, 413]
    seen = spans.get_finished_spans()
    assert len(seen) >= len(answers)
    written = caplog.text + "".join(span.to_json() for span in seen)
    written += "".join(f"{answer.headers} {answer.text}" for answer in answers)
    with psycopg.connect(postgres_url) as connection:
        for table in ("outbox", "webhook_deliveries"):
            written += str(connection.execute(f"select {table}::text from {table}").fetchall())
    assert secret not in written
    assert "/api/v1/webhooks/" in written
