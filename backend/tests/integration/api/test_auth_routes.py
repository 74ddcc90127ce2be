"""Signing up, signing in, staying signed in and signing out, through HTTP."""

import asyncio
from datetime import timedelta

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from kuber.api.refresh_cookie import FORMER_NAME, cookie_name
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import SECRET, AccountsContainer, browser

ANN = {"email": "ann@example.com", "password": "three quiet herons"}
COOKIE = cookie_name(SECRET)
REFRESH = "/api/v1/auth/refresh"


async def sign_up(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post("/api/v1/auth/register", json=ANN | changes)


async def sign_in(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post("/api/v1/auth/login", json=ANN | changes)


async def signed_in(client: httpx.AsyncClient) -> str:
    """Sign up and in; return the access token."""
    assert (await sign_up(client)).status_code == 201
    return str((await sign_in(client)).json()["access_token"])


async def me(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})


async def refresh_with(app: FastAPI, token: str) -> httpx.Response:
    async with browser(app) as other:
        return await other.post(REFRESH, headers={"Cookie": f"{COOKIE}={token}"})


async def test_a_new_person_signs_up_signs_in_and_is_known(client: httpx.AsyncClient) -> None:
    created = await sign_up(client)
    assert created.status_code == 201
    assert set(created.json()) == {"id", "email", "role", "tier"}
    answer = (await sign_in(client)).json()
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 900)
    known = (await me(client, answer["access_token"])).json()
    assert known == created.json()
    assert (known["role"], known["tier"]) == ("user", "FREE")


async def test_the_refresh_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: httpx.AsyncClient,
) -> None:
    await sign_up(client)
    cookie = (await sign_in(client)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/api/v1/auth" in cookie
    assert "Secure" not in cookie  # plain http on a developer's machine


async def test_in_production_the_refresh_cookie_travels_over_tls_only(
    accounts: AccountsContainer, client: httpx.AsyncClient
) -> None:
    accounts.settings.environment = "production"
    await sign_up(client)
    assert "Secure" in (await sign_in(client)).headers["set-cookie"]


async def test_an_email_address_is_taken_whatever_its_case(client: httpx.AsyncClient) -> None:
    await sign_up(client)
    again = await sign_up(client, email="ANN@Example.COM")
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    assert again.json()["errors"][0]["field"] == "email"
    assert (await sign_in(client, email="ANN@Example.COM")).status_code == 200


async def test_fifty_registrations_of_one_address_at_once_make_one_account(
    client: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(sign_up(client) for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 49)


async def test_weak_passwords_and_bad_addresses_are_refused_by_field(
    client: httpx.AsyncClient,
) -> None:
    for changes, field in (
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"password": "ann@example.com"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"email": "a b@example.com"}, "email"),
    ):
        answer = await sign_up(client, **changes)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "invalid"), changes
        assert [item["field"] for item in problem["errors"]] == [field], changes
        assert problem["errors"][0]["remedy"]


async def test_a_password_never_comes_back_in_an_error(client: httpx.AsyncClient) -> None:
    answer = await sign_up(client, password="s3cr3t-x")
    assert "s3cr3t-x" not in answer.text


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: httpx.AsyncClient,
) -> None:
    await sign_up(client)
    wrong = await sign_in(client, password="three loud herons")
    unknown = await sign_in(client, email="bob@example.com")
    assert wrong.status_code == unknown.status_code == 401
    same = {"correlation_id": None}
    assert wrong.json() | same == unknown.json() | same
    assert wrong.json()["code"] == "bad_credentials"


async def test_an_access_token_runs_out_and_a_refresh_replaces_it(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    token = await signed_in(client)
    clock.advance(timedelta(seconds=900))
    late = await me(client, token)
    assert (late.status_code, late.json()["code"]) == (401, "token_expired")
    assert late.headers["www-authenticate"] == "Bearer"
    fresh = await client.post(REFRESH)
    assert fresh.status_code == 200
    known = await me(client, fresh.json()["access_token"])
    assert known.json()["id"] == fresh.json()["user_id"]


async def test_a_forged_or_foreign_token_is_refused(client: httpx.AsyncClient) -> None:
    token = await signed_in(client)
    header, claims, signature = token.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for bad in (f"{header}.{claims}.", f"{none}.{claims}.", f"{header}.{claims}x.{signature}", "x"):
        answer = await me(client, bad)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), bad


async def test_signing_out_ends_the_access_token_at_once(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    token = await signed_in(client)
    cookie = client.cookies[COOKIE]
    assert (await client.post("/api/v1/auth/logout")).status_code == 204
    assert COOKIE not in client.cookies
    assert (await me(client, token)).json()["code"] == "session_ended"
    assert (await refresh_with(app, cookie)).json()["code"] == "session_ended"
    assert (await client.post("/api/v1/auth/logout")).status_code == 204


def cookies_set(answer: httpx.Response) -> list[str]:
    """Return the cookies that an answer sets; one that it deletes has no value."""
    return [one.split(";")[0] for one in answer.headers.get_list("set-cookie")]


async def test_installations_of_one_host_keep_their_cookies_apart(app: FastAPI) -> None:
    other = cookie_name("a secret of another installation, 32+")
    assert other != COOKIE
    async with browser(app) as client:
        await signed_in(client)
        jar = {"Cookie": f"{other}=theirs; {FORMER_NAME}=theirs; {COOKIE}={client.cookies[COOKIE]}"}
        client.cookies.clear()
        fresh = await client.post(REFRESH, headers=jar)
        assert [one.split("=")[0] for one in cookies_set(fresh)] == [COOKIE]
        client.cookies.clear()
        out = await client.post("/api/v1/auth/logout", headers=jar)
        assert [one.split("=")[0] for one in cookies_set(out)] == [COOKIE]


async def test_a_cookie_of_the_former_name_is_read_once_more_and_taken_back(
    app: FastAPI,
) -> None:
    async with browser(app) as client:
        await signed_in(client)
        former = {"Cookie": f"{FORMER_NAME}={client.cookies[COOKIE]}"}
        client.cookies.clear()
        fresh = await client.post(REFRESH, headers=former)
        assert fresh.status_code == 200
        assert client.cookies[COOKIE]
        assert f'{FORMER_NAME}=""' in cookies_set(fresh)
        assert (await me(client, fresh.json()["access_token"])).status_code == 200


async def test_signing_out_ends_what_the_former_cookie_stands_for_too(app: FastAPI) -> None:
    async with browser(app) as client:
        first = await signed_in(client)
        former = client.cookies[COOKIE]
        await sign_in(client)
        jar = {"Cookie": f"{FORMER_NAME}={former}; {COOKIE}={client.cookies[COOKIE]}"}
        client.cookies.clear()
        out = await client.post("/api/v1/auth/logout", headers=jar)
        assert f'{FORMER_NAME}=""' in cookies_set(out)
        assert (await me(client, first)).json()["code"] == "session_ended"


async def test_signing_out_with_the_access_token_alone_ends_its_session(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    token = await signed_in(client)
    cookie = client.cookies[COOKIE]
    client.cookies.clear()
    bearer = {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        assert (await client.post("/api/v1/auth/logout", headers=bearer)).status_code == 204
    assert (await me(client, token)).json()["code"] == "session_ended"
    assert (await refresh_with(app, cookie)).json()["code"] == "session_ended"
    unknown = {"Authorization": "Bearer x"}
    assert (await client.post("/api/v1/auth/logout", headers=unknown)).status_code == 204


async def test_signing_out_with_tokens_of_two_sessions_ends_both(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    first = await signed_in(client)
    cookie = client.cookies[COOKIE]
    client.cookies.clear()
    second = str((await sign_in(client)).json()["access_token"])
    client.cookies.set(COOKIE, cookie)
    bearer = {"Authorization": f"Bearer {second}"}
    assert (await client.post("/api/v1/auth/logout", headers=bearer)).status_code == 204
    for token in (first, second):
        assert (await me(client, token)).json()["code"] == "session_ended"


async def test_without_a_cookie_there_is_nothing_to_refresh(client: httpx.AsyncClient) -> None:
    answer = await client.post(REFRESH)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    await signed_in(client)
    cookie = client.cookies[COOKIE]
    answers = await asyncio.gather(*(refresh_with(app, cookie) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.cookies[COOKIE] for answer in answers}) == 8
    for answer in answers:
        assert (await me(client, answer.json()["access_token"])).status_code == 200


async def test_a_refresh_token_used_again_later_ends_the_whole_session(
    app: FastAPI, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await signed_in(client)
    stolen = client.cookies[COOKIE]
    renewed = await client.post(REFRESH)
    clock.advance(timedelta(seconds=11))
    theft = await refresh_with(app, stolen)
    assert (theft.status_code, theft.json()["code"]) == (401, "session_ended")
    owner = await client.post(REFRESH)
    assert (owner.status_code, owner.json()["code"]) == (401, "session_ended")
    assert (await me(client, renewed.json()["access_token"])).json()["code"] == "session_ended"


async def test_a_branch_taken_in_the_grace_is_noticed_when_both_go_on(
    app: FastAPI, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await signed_in(client)
    stolen = client.cookies[COOKIE]
    await client.post(REFRESH)
    thief = (await refresh_with(app, stolen)).cookies[COOKIE]
    clock.advance(timedelta(minutes=15))
    assert (await client.post(REFRESH)).status_code == 200
    clock.advance(timedelta(seconds=11))
    assert (await refresh_with(app, thief)).status_code == 401
    assert (await client.post(REFRESH)).status_code == 401


async def test_revoking_one_session_leaves_the_others(
    app: FastAPI, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await signed_in(client)
    stolen = client.cookies[COOKIE]
    await client.post(REFRESH)
    async with browser(app) as phone:
        await sign_in(phone)
        clock.advance(timedelta(seconds=11))
        assert (await refresh_with(app, stolen)).status_code == 401
        assert (await phone.post(REFRESH)).status_code == 200


async def test_a_session_runs_out_when_it_is_not_used(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await signed_in(client)
    clock.advance(timedelta(days=29))
    assert (await client.post(REFRESH)).status_code == 200
    clock.advance(timedelta(days=30))
    assert (await client.post(REFRESH)).status_code == 401


async def test_a_disabled_person_is_locked_out_at_once(
    client: httpx.AsyncClient, database: Database
) -> None:
    token = await signed_in(client)
    async with database.transaction() as session:
        await session.execute(text("update users set disabled_at = now()"))
    assert (await me(client, token)).json()["code"] == "account_disabled"
    assert (await client.post(REFRESH)).status_code == 401
    again = await sign_in(client)
    assert (again.status_code, again.json()["code"]) == (401, "account_disabled")
    assert (await sign_in(client, password="not the password")).json()["code"] == "bad_credentials"


async def test_what_is_stored_gives_no_token_and_no_full_address(
    client: httpx.AsyncClient, database: Database
) -> None:
    await signed_in(client)
    async with database.transaction() as session:
        network = (await session.execute(text("select network from sessions"))).scalar_one()
        stored = (await session.execute(text("select token_hash from refresh_tokens"))).scalar_one()
        password = (await session.execute(text("select password_hash from users"))).scalar_one()
    assert network == "10.0.0.0/24"
    assert client.cookies[COOKIE].encode() not in bytes(stored)
    assert password.startswith("$argon2id$")


async def test_text_that_is_no_unicode_is_a_bad_request_not_a_defect(
    client: httpx.AsyncClient,
) -> None:
    for body in (
        '{"email": "ann@example.com", "password": "\\ud800 quiet herons"}',
        '{"email": "\\ud800nn@example.com", "password": "three quiet herons"}',
        '{"email": "a\\u0000nn@example.com", "password": "three quiet herons"}',
        "[" * 50_000,
    ):
        for path in ("register", "login"):
            answer = await client.post(
                f"/api/v1/auth/{path}", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code in (400, 401, 422), (path, body[:60], answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
