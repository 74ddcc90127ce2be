"""Order intents of outside agents over a real broker: signed, admitted as by hand, each once."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kuber.identity.api_keys.service import ApiKeys
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import SystemClock
from kuber.trading.order_service.terms_of import TermsOfSymbols
from kuber.trading.order_types import SwitchState
from kuber.trading.outside.taking import IntentTaker
from kuber.trading.switches.service import SwitchService
from kuber.trading.tickets.placing import Tickets
from kuber.workers.intents import IntentsService
from tests.fakes.kafka import own_broker, publish
from tests.fixtures.trading_hall import COIN, Hall, Json, calm_account

TOPIC = "decisions.order_intent"
REFUSED = """
    select payload ->> 'idempotency_key', payload ->> 'code', payload ->> 'field',
           payload ->> 'remedy' from outbox where headers ->> 'type' = 'IntentRefused' order by id
"""
PUT_AWAY = "select reason from dead_letters where consumer = 'intents' order by message_offset"


class Agent:
    """A program that publishes intents with an API key."""

    def __init__(self, bootstrap: str, account: str, key: str) -> None:
        self.bootstrap, self.account, self.key = bootstrap, account, key

    def message(self, name: str, **change: Any) -> bytes:
        intent = {
            "idempotency_key": name,
            "decided_at": datetime.now(UTC).isoformat(),
            "account_id": self.account,
            "agent_id": "momentum-1",
            "symbol": COIN,
            "side": "buy",
            "quantity": "2",
            "risk_params": {"stop_loss": "95", "targets": ["110"]},
        }
        return json.dumps(intent | change).encode()

    def send(self, value: bytes, **headers: str) -> None:
        secret = hashlib.sha256(self.key.encode()).digest()
        signed = {
            "kuber_key": self.key[:14],
            "kuber_signature": hmac.new(secret, value, "sha256").hexdigest(),
        }
        publish(self.bootstrap, TOPIC, value, **(signed | headers))


@asynccontextmanager
async def taking(hall: Hall, bootstrap: str) -> AsyncIterator[IntentsService]:
    """The service that takes intents, at work."""
    clock = SystemClock()
    switches = SwitchService(clock, lambda: SwitchState.OFF)
    tickets = Tickets(hall.database, hall.pool, clock, TermsOfSymbols(hall.pool), switches)
    taker = IntentTaker(hall.database, hall.pool, clock, ApiKeys(clock), tickets)
    service = IntentsService(
        lambda: KafkaConsumer(bootstrap, group="kuber-intents", topics=[TOPIC]),
        taker.handle,
        hall.pool,
        clock,
    )
    await service.initialize()
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        await end_tasks([running])
        await service.cleanup()


async def done(service: IntentsService, messages: int) -> None:
    """Wait until so many messages were handled."""
    for _ in range(1_500):
        if service.status()["messages"] == messages:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"Not handled: {service.status()}")


async def new_key(client: httpx.AsyncClient, *scopes: str) -> str:
    answer = await client.post("/api/v1/api-keys", json={"name": "agent", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def orders(client: httpx.AsyncClient) -> list[Json]:
    items: list[Json] = (await client.get("/api/v1/orders")).json()["items"]
    return [one for one in items if one["leg"] == "entry"]


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    with own_broker(tmp_path) as address:
        yield address


async def test_an_intent_becomes_one_order_however_often_it_comes(
    ann: httpx.AsyncClient, hall: Hall, bootstrap: str
) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    agent = Agent(bootstrap, account["id"], await new_key(ann, "orders:write"))
    value = agent.message("one")
    agent.send(value)
    agent.send(value)
    publish(bootstrap, TOPIC, {"symbol": COIN}, type="OrderIntended")  # Kuber's own
    async with taking(hall, bootstrap) as service:
        await done(service, 3)
        (order,) = await orders(ann)
        assert (order["quantity"], order["client_order_id"], order["origin"]) == (
            *("2", "one"),
            "person",
        )
        assert order["status"] != "rejected"
        late = datetime.now(UTC) - timedelta(minutes=5)
        agent.send(agent.message("two", decided_at=late.isoformat()))
        await done(service, 4)
    assert await hall.rows(PUT_AWAY) == []
    (refused,) = await hall.rows(REFUSED)
    assert refused[:3] == ("two", "too_late", "decided_at")
    assert "60 s" in refused[3]


async def test_what_is_refused_is_answered_with_code_field_and_remedy(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, hall: Hall, bootstrap: str
) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    agent = Agent(bootstrap, account["id"], await new_key(ann, "orders:write"))
    reader = Agent(bootstrap, account["id"], await new_key(ann, "accounts:read"))
    stranger = Agent(bootstrap, account["id"], await new_key(bob, "orders:write"))
    plan = {"stop_loss": "105", "targets": []}
    async with taking(hall, bootstrap) as service:
        for number, (sender, value) in enumerate(
            (
                (agent, agent.message("stop", risk_params=plan)),
                (agent, agent.message("large", quantity="2000")),
                (agent, agent.message("index", symbol="^SPX")),
                (reader, reader.message("scope")),
                (stranger, stranger.message("account")),
                (agent, agent.message("same")),
                (agent, agent.message("same", quantity="1")),
            ),
            1,
        ):
            sender.send(value)
            await done(service, number)
    found = await hall.rows(REFUSED)
    assert [row[:3] for row in found] == [
        ("stop", "stop_loss_side", "stop_loss"),
        ("large", "insufficient_buying_power", "quantity"),
        ("index", "not_tradable", "symbol"),
        ("scope", "missing_scope", "scopes"),
        ("account", "not_found", None),
        ("same", "client_order_id_taken", "client_order_id"),
    ]
    assert all(row[3] for row in found[:4])
    assert [one["client_order_id"] for one in await orders(ann)] == ["same"]


async def test_a_switch_stops_the_intents_of_agents_as_those_of_people(
    ann: httpx.AsyncClient, hall: Hall, bootstrap: str
) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    agent = Agent(bootstrap, account["id"], await new_key(ann, "orders:write"))
    body = {"state": "halted", "reason": "enough"}
    assert (await ann.put("/api/v1/kill-switches/user", json=body)).status_code == 200
    async with taking(hall, bootstrap) as service:
        agent.send(agent.message("one"))
        await done(service, 1)
    ((name, code, *_),) = await hall.rows(REFUSED)
    assert (name, code) == ("one", "trading_stopped")
    assert await orders(ann) == []


async def test_poison_is_put_away_and_holds_nothing_up(
    ann: httpx.AsyncClient, hall: Hall, bootstrap: str
) -> None:
    account = await calm_account(ann)
    await hall.quote("100")
    key = await new_key(ann, "orders:write")
    agent = Agent(bootstrap, account["id"], key)
    value = agent.message("forged")
    async with taking(hall, bootstrap) as service:
        for number, (sent, headers) in enumerate(
            (
                (b"\x00no json", {}),
                (agent.message("bad", quantity="NaN"), {}),
                (agent.message("bad", quantity="-1"), {}),
                (value, {"kuber_signature": "0" * 64}),
                (value, {"kuber_key": "kuber_00000000"}),
                (value, {"kuber_key": ""}),
                (agent.message("new"), {"schema_version": "2"}),
                (agent.message("long", agent_id="x" * 20_000), {}),
                (agent.message("fine"), {}),
            ),
            1,
        ):
            agent.send(sent, **headers)
            await done(service, number)
        (key_row,) = (await ann.get("/api/v1/api-keys")).json()["items"]
        revoked = await ann.delete(f"/api/v1/api-keys/{key_row['id']}")
        assert revoked.status_code in (200, 204), revoked.text
        agent.send(agent.message("revoked"))
        await done(service, 10)
    reasons = [row[0] for row in await hall.rows(PUT_AWAY)]
    assert sorted(reasons) == sorted(
        [
            *("bad_schema", "bad_schema", "bad_schema", "not_signed_in", "not_signed_in"),
            *("not_signed", "newer_schema", "too_large", "api_key_ended"),
        ]
    )
    assert [one["client_order_id"] for one in await orders(ann)] == ["fine"]
