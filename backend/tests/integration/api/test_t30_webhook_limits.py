"""T30: who sends too much is told when to come back, and takes nothing from others."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.signals.gateway import guards
from tests.fakes.api_container import browser
from tests.fakes.webhook_senders import body_of, hmac_headers
from tests.integration.api.conftest import sign_in
from tests.integration.api.webhook_tools import Sender, deliveries_of, make_sender, outbox

IN_FLIGHT = 6
PER_USER = 60
STRANGERS = 5
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def small(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """A gateway that can take little."""
    monkeypatch.setattr(guards, "UNVERIFIED_PER_MINUTE", STRANGERS)
    own = settings.model_copy(
        update={"webhooks_in_flight": IN_FLIGHT, "webhooks_per_minute": PER_USER}
    )
    app = create_app(partial(open_api, own))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ann(small: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(small) as opened:
        await sign_in(opened, "ann@example.com")
        yield opened


async def unsigned(sender: Sender, times: int) -> list[httpx.Response]:
    return [await sender.post(body_of(), JSON) for _ in range(times)]


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def require_waits(answers: list[httpx.Response]) -> None:
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)


async def test_t30_five_times_the_load_is_refused_in_words_and_over_at_once(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    answers = await asyncio.gather(*(sender.deliver(body_of()) for _ in range(5 * IN_FLIGHT)))
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) == {202, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.json()["code"] for answer in refused} == {"busy"}
    require_waits(refused)
    assert (await sender.deliver(body_of())).status_code == 202
    assert len(outbox(postgres_url)) == counts[202] + 1, "what was refused enqueued nothing"


async def test_one_user_has_one_limit_over_all_sources(ann: httpx.AsyncClient) -> None:
    senders = [await make_sender(ann), await make_sender(ann)]
    answers = [await senders[n % 2].deliver(body_of()) for n in range(PER_USER + 4)]
    assert statuses(answers) == [202] * PER_USER + [429] * 4
    assert answers[-1].json()["code"] == "rate_limited"
    assert "owner" in answers[-1].json()["detail"]
    require_waits(answers[-4:])


async def test_what_a_source_may_not_send_is_not_charged_to_its_owner(
    ann: httpx.AsyncClient,
) -> None:
    noisy, other = await make_sender(ann, rate_per_minute=1), await make_sender(ann)
    answers = [await noisy.deliver(body_of()) for _ in range(PER_USER + 1)]
    assert statuses(answers) == [202] + [429] * PER_USER
    assert (await other.deliver(body_of())).status_code == 202


async def test_strangers_use_up_nothing_of_what_the_owner_may_send(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann, rate_per_minute=3)
    answers = await unsigned(sender, STRANGERS + 3)
    assert statuses(answers) == [401] * STRANGERS + [429] * 3
    require_waits(answers[STRANGERS:])
    own = [await sender.deliver(body_of()) for _ in range(4)]
    assert statuses(own) == [202, 202, 202, 429], "from the same network as the strangers"
    assert len(outbox(postgres_url)) == 3
    codes = Counter(delivery["code"] for delivery in await deliveries_of(sender))
    assert codes == {"accepted": 3, "signature_missing": STRANGERS, "rate_limited": 2}


async def test_strangers_are_counted_by_network_and_by_source(
    ann: httpx.AsyncClient, small: FastAPI
) -> None:
    sender, other = await make_sender(ann), await make_sender(ann)
    assert statuses(await unsigned(sender, STRANGERS + 1))[-1] == 429
    assert statuses(await unsigned(other, 1)) == [401]
    async with browser(small, ip="192.0.2.7") as elsewhere:
        assert statuses(await unsigned(Sender(elsewhere, sender.source), 1)) == [401]


async def test_a_flood_of_strangers_leaves_the_places_of_the_source_free(
    ann: httpx.AsyncClient,
) -> None:
    sender = await make_sender(ann)
    strangers = [sender.post(body_of(), JSON) for _ in range(10 * IN_FLIGHT)]
    own = [sender.deliver(body_of()) for _ in range(IN_FLIGHT)]
    answers = await asyncio.gather(*strangers, *own)
    assert set(statuses(answers[: -len(own)])) <= {401, 429}
    assert statuses(answers[-len(own) :]) == [202] * IN_FLIGHT


async def test_who_tries_addresses_is_told_to_wait(ann: httpx.AsyncClient) -> None:
    answers = [await ann.post(f"/api/v1/webhooks/{uuid4()}") for _ in range(STRANGERS + 2)]
    assert statuses(answers) == [404] * STRANGERS + [429] * 2
    require_waits(answers[STRANGERS:])
    assert (await (await make_sender(ann)).deliver(body_of())).status_code == 202


async def test_a_delivery_that_is_sent_again_by_a_stranger_is_not_charged(
    ann: httpx.AsyncClient,
) -> None:
    sender = await make_sender(ann, rate_per_minute=2)
    body = body_of()
    headers = hmac_headers(sender.source["secret"], body, int(time.time()))
    answers = [await sender.post(body, headers) for _ in range(4)]
    assert statuses(answers) == [202, 409, 409, 409]
    assert (await sender.deliver(body_of())).status_code == 202
