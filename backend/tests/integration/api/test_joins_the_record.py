"""What joined the record later: failed log-ins, stolen tokens, demo account, limits, plug-ins."""

import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from kuber.api.at_start import record_left_out, retire_demo_user
from kuber.api.refresh_cookie import cookie_name
from kuber.config import Settings
from kuber.identity.limit_kinds import LimitName
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database
from kuber.infra.plugin_acts import note, taken
from kuber.infra.plugins import PluginProblem
from kuber.installation import record_limits, record_plugin_acts, seed_demo_user
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import SECRET, browser

ANN = "ann@example.com"


def entries(url: str, kind: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        query = "select data, user_id from audit_entries where event_type = %s order by id"
        rows = connection.execute(query, (kind,)).fetchall()
    return [json.loads(data) | {"user_id": user_id} for data, user_id in rows]


def url_of(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


async def guess(app: FastAPI, client: httpx.AsyncClient, email: str, times: int) -> None:
    for _ in range(times):
        body = {"email": email, "password": "not three quiet herons"}
        answer = await client.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 401, answer.text
        await app.state.failed_logins.written()


async def test_the_first_failed_log_in_of_a_minute_is_on_record_with_how_many_there_were(
    platform: FastAPI, ann: httpx.AsyncClient, settings: Settings, redis: Redis
) -> None:
    await guess(platform, ann, ANN, 4)
    assert [one["failures"] for one in entries(url_of(settings), "login_failed")] == [1]
    async for key in redis.scan_iter("*:told"):  # the minute is over
        await redis.delete(key)
    await guess(platform, ann, ANN, 2)
    first, second = entries(url_of(settings), "login_failed")
    assert (second["failures"], second["reason"]) == (4, "bad_credentials")
    assert first["user_id"] == second["user_id"] is not None
    assert "ann" not in str(first)


async def test_a_failed_log_in_without_an_account_leaves_no_trace_of_the_address(
    platform: FastAPI, ann: httpx.AsyncClient, settings: Settings
) -> None:
    await guess(platform, ann, "nobody@example.com", 2)
    assert entries(url_of(settings), "login_failed") == []


async def test_failed_log_ins_are_counted_while_redis_is_away(
    platform: FastAPI,
    ann: httpx.AsyncClient,
    settings: Settings,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: object) -> None:
        from redis.exceptions import ConnectionError as Gone

        raise Gone

    monkeypatch.setattr(Redis, "eval", away)
    await guess(platform, ann, ANN, 3)
    assert [one["failures"] for one in entries(url_of(settings), "login_failed")] == [1]


async def test_a_token_that_was_used_twice_is_on_record(
    platform: FastAPI, ann: httpx.AsyncClient, settings: Settings
) -> None:
    stolen = ann.cookies[cookie_name(SECRET)]
    assert (await ann.post("/api/v1/auth/refresh")).status_code == 200
    with psycopg.connect(url_of(settings), autocommit=True) as connection:
        connection.execute("update refresh_tokens set used_at = used_at - interval '1 hour'")
    async with browser(platform) as thief:
        cookie = {"Cookie": f"{cookie_name(SECRET)}={stolen}"}
        assert (await thief.post("/api/v1/auth/refresh", headers=cookie)).status_code == 401
        assert (await thief.post("/api/v1/auth/refresh", headers=cookie)).status_code == 401
    (found,) = entries(url_of(settings), "sessions_revoked")
    assert found["reason"] == "token_used_twice"
    assert found["user_id"] is not None


async def test_the_demo_account_is_on_record_when_it_is_opened_and_retired(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    identity = IdentityService(AccessTokens(SECRET, 60, clock), clock, refresh_token_s=60)
    here = settings.model_copy(update={"demo_password": SecretStr("three quiet herons")})
    for _ in range(2):  # the second time changes nothing
        async with database.transaction() as session:
            await seed_demo_user(session, identity, here)
    (opened,) = entries(database.url, "demo_account_opened")
    (account,) = entries(database.url, "account_opened")
    assert account["user_id"] == opened["user_id"]
    for _ in range(2):
        await retire_demo_user(database, identity, clock, "others reach this server")
    (retired,) = entries(database.url, "demo_account_retired")
    assert retired["user_id"] == opened["user_id"] is not None
    async with database.transaction() as session:
        await seed_demo_user(session, identity, here)
        await seed_demo_user(session, identity, here.model_copy(update={"host": "192.168.1.7"}))
    assert len(entries(database.url, "demo_account_retired")) == 2


async def test_limits_are_on_record_when_they_are_stored(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("delete from limits"))  # the migrations stored some
    for _ in range(2):
        async with database.transaction() as session:
            await record_limits(session)
    (found,) = entries(database.url, "limit_changed")
    assert found["scope"] == "default"
    assert set(found["limits"]) == set(LimitName)


async def test_plugins_that_were_added_and_removed_are_on_record_once(
    database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    note(tmp_path, "added", "my-agents", clock.now())
    note(tmp_path, "removed", "my-agents", clock.now())
    with (tmp_path / "plugin-acts.jsonl").open("a") as file:
        file.write("torn\n")
    with pytest.raises(OSError, match="away"), taken(tmp_path):
        raise OSError("the database is away")
    for _ in range(2):
        with taken(tmp_path) as acts:
            async with database.transaction() as session:
                await record_plugin_acts(session, acts)
    assert [one["package"] for one in entries(database.url, "plugin_added")] == ["my-agents"]
    assert [one["package"] for one in entries(database.url, "plugin_removed")] == ["my-agents"]


async def test_plugins_that_were_left_out_are_on_record(
    database: Database, clock: FixedClock
) -> None:
    await record_left_out(database, clock, [])
    await record_left_out(database, clock, [PluginProblem("gap_up", "my-agents", "it /home/ann")])
    (found,) = entries(database.url, "plugin_left_out")
    assert found == {"package": "my-agents", "plugin": "gap_up", "user_id": None}
