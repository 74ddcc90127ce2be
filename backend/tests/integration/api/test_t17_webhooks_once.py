"""T17 and outages: a delivery counts once, nothing is let through unchecked, nothing is lost."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from tests.fakes.api_container import browser
from tests.fakes.webhook_senders import body_of, hmac_headers, standard_headers
from tests.fixtures.counts import Tell
from tests.fixtures.workers import OwnValkey, own_valkey
from tests.integration.api.conftest import sign_in
from tests.integration.api.webhook_tools import Sender, make_sender, outbox

AT_ONCE = 100


async def at_once(
    sender: Sender, requests: list[tuple[bytes, dict[str, str]]]
) -> list[httpx.Response]:
    return await asyncio.gather(*(sender.post(body, headers) for body, headers in requests))


async def test_t17_one_webhook_id_100_times_at_once_is_accepted_once(
    ann: httpx.AsyncClient, postgres_url: str, tell: Tell
) -> None:
    sender = await make_sender(ann, "standard_webhooks")
    body = body_of()
    headers = standard_headers(sender.source["secret"], body, int(time.time()), "msg_1")
    answers = await at_once(sender, [(body, headers)] * AT_ONCE)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    fresh = sum("idempotent-replayed" not in answer.headers for answer in answers)
    assert (fresh, len(outbox(postgres_url))) == (1, 1)
    tell(f"T17: {AT_ONCE} sent, {fresh} accepted, {AT_ONCE - fresh} recognised")


async def test_t17_one_nonce_100_times_at_once_is_accepted_once(
    ann: httpx.AsyncClient, postgres_url: str, tell: Tell
) -> None:
    sender = await make_sender(ann)
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    answers = await at_once(sender, [(body, headers)] * AT_ONCE)
    counts = Counter(answer.status_code for answer in answers)
    assert counts == {202: 1, 409: AT_ONCE - 1}
    assert len(outbox(postgres_url)) == 1
    tell(f"T17: {AT_ONCE} sent, answers {dict(counts)}")


async def test_t17_one_correlation_id_100_times_at_once_is_one_signal(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    body, now_s, secret = body_of(), int(time.time()), sender.source["secret"]
    requests = [
        (body, hmac_headers(secret, body, now_s, **{"X-Correlation-Id": "order-1"}))
        for _ in range(AT_ONCE)
    ]
    answers = await at_once(sender, requests)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(outbox(postgres_url)) == 1


async def test_t17_different_deliveries_at_once_are_all_accepted(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    answers = await asyncio.gather(*(sender.deliver(body_of()) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(outbox(postgres_url)) == AT_ONCE


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path) as running:
        yield running


@pytest.fixture
async def shaky(settings: Settings, valkey: OwnValkey) -> AsyncIterator[httpx.AsyncClient]:
    """A person at an installation whose Redis can be killed and where nobody is at Kafka."""
    own = settings.model_copy(
        update={"redis_url": SecretStr(valkey.url), "kafka_bootstrap": "127.0.0.1:1"}
    )
    app: FastAPI = create_app(partial(open_api, own))
    async with app.router.lifespan_context(app), browser(app) as client:
        await sign_in(client, "ann@example.com")
        yield client


async def test_without_kafka_deliveries_are_accepted_and_wait_in_the_outbox(
    shaky: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(shaky)
    answers = [await sender.deliver(body_of()) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 5
    waiting = [message["payload"]["signal_id"] for message in outbox(postgres_url)]
    assert waiting == [answer.json()["signal_id"] for answer in answers], "in order"


@pytest.mark.parametrize("kind", ["hmac", "standard_webhooks", "tradingview"])
async def test_without_redis_every_delivery_is_refused_until_it_is_back(
    shaky: httpx.AsyncClient, valkey: OwnValkey, postgres_url: str, kind: str
) -> None:
    sender = await make_sender(shaky, kind)
    body = b"AAPL buy" if kind == "tradingview" else body_of()
    valkey.kill()
    for _ in range(3):
        answer = await sender.deliver(body)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["errors"][0]["remedy"]
    assert outbox(postgres_url) == []
    valkey.start()
    answer = await sender.deliver(body)
    assert answer.status_code == 202, answer.text
    assert len(outbox(postgres_url)) == 1


async def test_a_redis_that_forgot_everything_lets_no_delivery_count_twice(
    shaky: httpx.AsyncClient, valkey: OwnValkey, postgres_url: str
) -> None:
    sender = await make_sender(shaky)
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    first = await sender.post(body, headers)
    valkey.kill()
    valkey.start()
    again = await sender.post(body, headers)
    assert again.json() == first.json()
    assert len(outbox(postgres_url)) == 1
