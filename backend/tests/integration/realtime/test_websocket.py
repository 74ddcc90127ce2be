"""The event socket of the real API server while real workers run."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from kuber.identity.tokens import AccessTokens
from kuber.infra.db import JsonObject
from kuber.kernel.clock import SystemClock
from tests.fakes.graphs import steps
from tests.fixtures.limits import allow
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import LIMIT_S
from tests.fixtures.workers import SECRET, Installation


@asynccontextmanager
async def socket(installation: Installation, token: str | None) -> AsyncIterator[ClientConnection]:
    """A connection that has sent its token, when there is one."""
    url = installation.url.replace("http", "ws") + "/api/v1/ws"
    async with connect(url, open_timeout=LIMIT_S, ping_interval=None) as opened:
        if token is not None:
            await opened.send(json.dumps({"type": "auth", "token": token}))
        yield opened


async def receive(opened: ClientConnection, timeout_s: float = LIMIT_S) -> JsonObject:
    async with asyncio.timeout(timeout_s):
        found: JsonObject = json.loads(await opened.recv())
    return found


async def subscribe(opened: ClientConnection, run_id: str, after: int | None = None) -> JsonObject:
    message = {"type": "subscribe", "topic": f"execution:{run_id}"}
    await opened.send(json.dumps(message if after is None else message | {"after": after}))
    return await receive(opened)


async def events_until_end(opened: ClientConnection) -> list[JsonObject]:
    """Return the events up to the end of the run, pings left out."""
    found: list[JsonObject] = []
    while not found or found[-1]["type"] != "execution_finished":
        message = await receive(opened)
        if message["type"] != "ping":
            found.append(message)
    return found


def recorded_events(trader: Trader, run_id: str) -> list[JsonObject]:
    """Return what is on record, in the socket's form: no `node_id` where there is no node."""
    return [
        {key: value for key, value in event.items() if key != "node_id" or value is not None}
        for event in trader.events(run_id)
    ]


async def test_a_client_sees_every_event_of_its_run_once_and_in_order(
    installation: Installation, trader: Trader
) -> None:
    pipeline = trader.create(graph=steps(a={"seconds": 0.1}, b={"seconds": 0.1}))
    async with socket(installation, trader.token) as opened:
        assert await receive(opened) == {"type": "ready"}
        run_id = trader.run(pipeline["id"])
        assert (await subscribe(opened, run_id))["type"] == "subscribed"
        seen = await events_until_end(opened)
    assert seen == recorded_events(trader, run_id)
    assert [event["type"] for event in seen] == [
        "execution_started",
        *["agent_started", "agent_completed"] * 4,
        "execution_finished",
    ]
    assert [event["sequence"] for event in seen] == list(range(1, 11))
    assert seen[-1]["data"]["cost"] == seen[-2]["data"]["cost_so_far"] == "0.00200000"


async def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_twice(
    installation: Installation, trader: Trader
) -> None:
    pipeline = trader.create(graph=steps(**{f"s{n}": {"seconds": 0.15} for n in range(8)}))
    run_id = trader.run(pipeline["id"])
    seen: list[JsonObject] = []
    for _ in range(4):
        async with socket(installation, trader.token) as opened:
            await receive(opened)
            await subscribe(opened, run_id, after=seen[-1]["sequence"] if seen else 0)
            seen += [await receive(opened) for _ in range(3)]
    async with socket(installation, trader.token) as opened:
        await receive(opened)
        await subscribe(opened, run_id, after=seen[-1]["sequence"])
        seen += await events_until_end(opened)
    assert seen == recorded_events(trader, run_id)


async def test_many_clients_that_join_in_the_middle_all_see_the_same(
    installation: Installation, trader: Trader
) -> None:
    pipeline = trader.create(graph=steps(**{f"s{n}": {"seconds": 0.05} for n in range(10)}))
    run_id = trader.run(pipeline["id"])

    async def watch(delay_s: float) -> list[JsonObject]:
        await asyncio.sleep(delay_s)
        async with socket(installation, trader.token) as opened:
            await receive(opened)
            await subscribe(opened, run_id)
            return await events_until_end(opened)

    watched = await asyncio.gather(*(watch(0.03 * number) for number in range(20)))
    recorded = recorded_events(trader, run_id)
    assert [events == recorded for events in watched] == [True] * 20


async def test_the_first_message_must_be_the_token(installation: Installation) -> None:
    async with socket(installation, None) as opened:
        await opened.send('{"type": "subscribe", "topic": "user"}')
        answer = await receive(opened)
        assert (answer["type"], answer["code"]) == ("error", "not_signed_in")
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 4401


async def test_a_token_that_was_made_up_is_refused(installation: Installation) -> None:
    async with socket(installation, "made.up.token") as opened:
        assert (await receive(opened))["type"] == "error"
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 4401


async def test_another_persons_run_cannot_be_watched(
    installation: Installation, trader: Trader
) -> None:
    stranger = installation.sign_up()
    run = trader.run_graph(steps(a={}))
    async with socket(installation, stranger.token) as opened:
        await receive(opened)
        foreign = await subscribe(opened, run["id"])
        missing = await subscribe(opened, str(uuid4()))
        assert (foreign["type"], foreign["code"]) == ("error", "not_found")
        assert (missing["type"], missing["code"]) == ("error", "not_found")


async def test_the_user_topic_shows_ones_own_runs_and_nobody_elses(
    installation: Installation, trader: Trader
) -> None:
    stranger = installation.sign_up()
    pipeline = trader.create(graph=steps(a={"seconds": 0.2}))
    foreign = stranger.create(graph=steps(a={}))
    async with socket(installation, trader.token) as opened:
        await receive(opened)
        await opened.send('{"type": "subscribe", "topic": "user"}')
        await receive(opened)
        stranger.wait(stranger.run(foreign["id"]))
        run_id = trader.run(pipeline["id"])
        seen = await events_until_end(opened)
    assert {event["execution_id"] for event in seen} == {run_id}


async def test_every_change_of_ones_own_pipelines_is_told_at_once(
    installation: Installation, trader: Trader
) -> None:
    stranger = installation.sign_up()
    foreign = stranger.create(graph=steps(a={}))
    schedule = {"kind": "periodic", "symbols": ["AAPL"], "market_hours_only": False}
    made = trader.create(graph=steps(a={}), trigger=schedule)
    address = f"/pipelines/{made['id']}"
    topic = {"topic": "pipelines"}
    async with (
        socket(installation, trader.token) as other,
        socket(installation, trader.token) as opened,
    ):
        await receive(opened)
        await receive(other)
        await other.send(json.dumps({"type": "subscribe", **topic}))
        assert await receive(other) == {"type": "subscribed", **topic}
        trader.save(made, name="Nobody else has asked yet")
        assert (await receive(other))["revision"] == 2
        await opened.send(json.dumps({"type": "subscribe", **topic}))
        assert await receive(opened) == {"type": "subscribed", **topic}
        stranger.save(foreign, graph=steps(b={}))
        saved = trader.save(made | {"revision": 2}, graph=steps(b={}))
        trader.publish(saved)
        trader.http.post(f"{address}/activate")
        trader.http.post(f"{address}/deactivate")
        refused = trader.http.put(address, json={"name": "x"}, headers={"If-Match": "1"})
        assert refused.status_code == 412
        trader.http.delete(address)
        told = [await receive(opened) for _ in range(5)]
        await opened.send(json.dumps({"type": "unsubscribe", **topic}))
    changed = {"type": "pipeline_changed", "pipeline_id": made["id"], "revision": 3}
    assert told == [
        changed | {"version": 1, "status": "draft"},
        changed | {"version": 2, "status": "draft"},
        changed | {"version": 2, "status": "active"},
        changed | {"version": 2, "status": "draft"},
        changed | {"version": 2, "status": "draft", "deleted": True},
    ]


async def test_the_connection_ends_with_its_token(
    installation: Installation, trader: Trader
) -> None:
    claims = AccessTokens(SECRET, 900, SystemClock()).read(trader.token)
    short = AccessTokens(SECRET, 2, SystemClock()).issue(claims.user_id, claims.session_id)
    async with socket(installation, short) as opened:
        assert (await receive(opened))["type"] == "ready"
        answer = await receive(opened)
        assert (answer["type"], answer["code"]) == ("error", "token_expired")
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 4401


async def test_a_socket_ends_with_the_session_that_opened_it(installation: Installation) -> None:
    leaver, other = installation.sign_up(), installation.sign_up()
    async with (
        socket(installation, leaver.token) as opened,
        socket(installation, other.token) as untouched,
    ):
        assert await receive(opened) == await receive(untouched) == {"type": "ready"}
        await opened.send(json.dumps({"type": "subscribe", "topic": "user"}))
        assert (await receive(opened))["type"] == "subscribed"
        assert leaver.http.post("/auth/logout").status_code == 204
        assert (await receive(opened))["code"] == "session_ended"
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 4401
        await untouched.send(json.dumps({"type": "subscribe", "topic": "user"}))
        assert (await receive(untouched))["type"] == "subscribed"


async def test_a_socket_ends_when_its_account_is_disabled(installation: Installation) -> None:
    frozen = installation.sign_up()
    user_id = frozen.http.get("/users/me").json()["id"]
    async with socket(installation, frozen.token) as opened:
        assert await receive(opened) == {"type": "ready"}
        installation.query("update users set disabled_at = now() where id = %s", user_id)
        assert (await receive(opened))["code"] == "session_ended"


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00\xff",
        "",
        "null",
        "[" * 4000,
        "x" * 5000,
        '{"type": "subscribe"}',
        '{"type": "subscribe", "topic": "user", "after": -1}',
        '{"type": "subscribe", "topic": "user", "after": 2147483648}',
        '{"type": "subscribe", "topic": "user", "after": 99999999999999999999}',
    ],
)
async def test_a_bad_message_gets_an_error_and_the_socket_goes_on(
    installation: Installation, trader: Trader, bad: str | bytes
) -> None:
    async with socket(installation, trader.token) as opened:
        await receive(opened)
        await opened.send(bad)
        answer = await receive(opened)
        assert (answer["type"], answer["code"]) == ("error", "bad_message")
        await opened.send(json.dumps({"type": "subscribe", "topic": "user"}))
        assert (await receive(opened))["type"] == "subscribed"


async def test_messages_count_as_requests_of_their_user(installation: Installation) -> None:
    talker = installation.sign_up()
    claims = jwt.decode(talker.token, options={"verify_signature": False})
    allow(installation.database_url, claims["sub"], requests_per_minute=40)
    async with socket(installation, talker.token) as opened:
        assert await receive(opened) == {"type": "ready"}
        answers = []
        for _ in range(90):  # more than two minutes' worth, should a minute end meanwhile
            await opened.send(json.dumps({"type": "subscribe", "topic": "user"}))
            answers.append((await receive(opened)).get("code"))
    assert "too_many_requests" in answers
