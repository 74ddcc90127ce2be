"""`/accounts`: what a user sees and does with accounts. M22, M24, M27."""

import json
from decimal import Decimal
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from kuber.config import Settings
from kuber.ledger.facts import Executed, Held
from tests.fakes.api_container import browser
from tests.fixtures.ledger_books import Books
from tests.integration.api.account_tools import Json, call, deposit, first, post, statement

D = Decimal


async def test_m22_everybody_has_a_simulation_account_from_sign_up(ann: httpx.AsyncClient) -> None:
    (account,) = (await ann.get("/api/v1/accounts")).json()["items"]
    money = ("currency", "cash", "reserved", "debt", "equity", "buying_power")
    assert [account[name] for name in money] == ["USD", "100000", "0", "0", "100000", "100000"]
    assert (account["mode"], account["broker"], account["status"]) == (
        *("simulation", "simulation"),
        "open",
    )
    assert account["simulation"] == {
        "behaviour": "realistic",
        "slippage": "0.001",
        "commission": "0.005",
        "partial_fills": "0.2",
        "rejections": "0.05",
        "starting_balance": "100000",
        "seed": None,
        "default_stop": "0.05",
    }


async def test_m22_only_the_options_that_are_given_change(ann: httpx.AsyncClient) -> None:
    before = await first(ann)
    after, options = before, before["simulation"]
    for given in ({"slippage": "0.002", "seed": 7}, {"rejections": "0"}, {"seed": None}, {}):
        body = {"simulation": given}
        after = (await ann.put(f"/api/v1/accounts/{before['id']}", json=body)).json()
        options |= given
        assert after["simulation"] == options
    renamed = (await ann.put(f"/api/v1/accounts/{before['id']}", json={"name": "Mine"})).json()
    assert renamed == after | {"name": "Mine"}
    assert await first(ann) == renamed


@pytest.mark.parametrize(
    ("simulation", "field"),
    [
        ({"slippage": "0.2"}, "simulation.slippage"),
        ({"rejections": "NaN"}, "simulation.rejections"),
        ({"behaviour": "kind"}, "simulation.behaviour"),
        ({"starting_balance": "100.001"}, "simulation.starting_balance"),
        ({"speed": 1}, "simulation.speed"),
    ],
)
async def test_m22_a_bad_option_is_refused_with_field_and_remedy(
    ann: httpx.AsyncClient, simulation: Json, field: str
) -> None:
    account = await first(ann)
    for answer in (
        await ann.put(f"/api/v1/accounts/{account['id']}", json={"simulation": simulation}),
        await ann.post("/api/v1/accounts", json={"name": "More", "simulation": simulation}),
    ):
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["field"], bool(error["remedy"])) == (field, True)
    assert await first(ann) == account


async def test_m22_there_are_as_many_accounts_as_the_limit_says(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("insert into limits values ('default', 'accounts', 2)")
    body = {"name": "Small", "simulation": {"starting_balance": "2500.50"}}
    small = await call(ann, 201, "", body)
    assert (small["name"], small["cash"], small["equity"]) == ("Small", "2500.5", "2500.5")
    refused = await call(ann, 409, "", {"name": "One more"})
    assert (refused["code"], refused["errors"][0]["code"]) == ("quota_reached", "accounts")
    await call(ann, 200, f"/{small['id']}/reset")  # takes no more room
    await call(ann, 409, "", {"name": "One more"})
    limits = (await ann.get("/api/v1/users/me/limits")).json()["items"]
    assert [one["used"] for one in limits if one["name"] == "accounts"] == [2]


async def test_m24_a_deposit_is_on_the_books_once(ann: httpx.AsyncClient, books: Books) -> None:
    account = await first(ann)
    path = f"/api/v1/accounts/{account['id']}/deposits"
    body, key = {"amount": "250.25", "currency": "USD"}, {"Idempotency-Key": "once"}
    answers = [await ann.post(path, json=body, headers=key) for _ in range(3)]
    assert [one.status_code for one in answers] == [201] * 3
    assert {one.text for one in answers} == {answers[0].text}
    other = await ann.post(path, json=body | {"amount": "1"}, headers=key)
    assert other.status_code == 409
    assert (await first(ann))["cash"] == "100250.25"
    items = (await ann.get(f"/api/v1/accounts/{account['id']}/ledger")).json()["items"]
    said = [(one["kind"], one["debit"], one["credit"], one["amount"]) for one in items]
    assert said == [
        ("deposit", "cash", "deposits", "250.25"),
        ("deposit", "cash", "deposits", "100000"),
    ]
    told = await books.rows(
        "select kind, data->>'amount' from notice_outbox union all"
        " select kind, data->>'amount' from notices"
    )
    assert told == [("deposit", "250.25")]
    assert await books.differences() == []


@pytest.mark.parametrize(
    ("amount", "currency", "field"),
    [
        ("0", "USD", "amount"),
        ("-1", "USD", "amount"),
        ("NaN", "USD", "amount"),
        ("0.001", "USD", "amount"),
        ("1000000000000", "USD", "amount"),
        ("999999900000.01", "USD", "amount"),
        ("1", "EUR", "currency"),
        ("1", "usd", "currency"),
    ],
)
async def test_m24_what_cannot_be_deposited_is_refused_with_field_and_remedy(
    ann: httpx.AsyncClient, amount: str, currency: str, field: str
) -> None:
    account = await first(ann)
    body = {"amount": amount, "currency": currency}
    refused = await call(ann, 422, f"/{account['id']}/deposits", body)
    (error,) = refused["errors"]
    assert (error["field"], bool(error["remedy"])) == (field, True)
    assert await first(ann) == account


async def test_m24_a_trillion_may_be_paid_in_and_no_cent_more(ann: httpx.AsyncClient) -> None:
    account = await first(ann)
    assert (await deposit(ann, account, "999999900000"))["cash"] == "1000000000000"
    refused = await deposit(ann, account, "0.01", 422)
    assert refused["errors"][0]["code"] == "too_much"


async def test_positions_count_at_cost_and_holds_are_not_free(
    ann: httpx.AsyncClient, books: Books
) -> None:
    account = await first(ann)
    bought = Executed("AAPL", D(10), D("150.505"), D("0.05"))
    await post(books, account, bought, Held(uuid4(), D(1000)))
    after = await first(ann)
    money = ("cash", "reserved", "equity", "buying_power", "debt")
    assert [after[name] for name in money] == ["97494.9", "1000", "99999.95", "97494.9", "0"]
    await post(books, account, Executed("AAPL", D(1000), D(150), D(0)))
    owing = await first(ann)
    assert (owing["cash"], owing["debt"], owing["equity"]) == ("0", "52505.1", "99999.95")


async def test_m27_a_reset_closes_the_account_and_opens_another(
    ann: httpx.AsyncClient, books: Books
) -> None:
    old = await first(ann)
    path = f"/api/v1/accounts/{old['id']}"
    await ann.put(path, json={"name": "Mine", "simulation": {"starting_balance": "500"}})
    await post(
        books,
        old,
        Executed("AAPL", D(-3), D(100), D(1)),
        Executed("MSFT", D(1000), D(150), D(1)),  # more than there is: a debt
    )
    key = {"Idempotency-Key": "reset"}
    answers = [await ann.post(f"{path}/reset", headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    new = answers[0].json()
    assert (new["name"], new["cash"], new["equity"], new["status"]) == (
        *("Mine", "500", "500"),
        "open",
    )
    items = (await ann.get("/api/v1/accounts")).json()["items"]
    assert [(one["id"], one["status"], one["replaced_by"]) for one in items] == [
        (new["id"], "open", None),
        (old["id"], "reset", new["id"]),
    ]
    assert [items[1][name] for name in ("cash", "reserved", "debt", "equity")] == ["0"] * 4
    assert await books.rows("select * from ledger_lots") == []
    kinds = [one["kind"] for one in (await ann.get(f"{path}/ledger")).json()["items"]]
    assert kinds.count("deposit") == 1, "its history stays"
    assert "reset" in kinds
    assert await books.differences() == []


async def test_m27_an_account_that_was_reset_is_only_read(ann: httpx.AsyncClient) -> None:
    old = await first(ann)
    new = await call(ann, 200, f"/{old['id']}/reset")
    body = {"amount": "1", "currency": "USD"}
    for answer in (
        await ann.post(f"/api/v1/accounts/{old['id']}/reset"),
        await ann.post(f"/api/v1/accounts/{old['id']}/deposits", json=body),
        await ann.put(f"/api/v1/accounts/{old['id']}", json={"name": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "account_was_reset")
        assert new["id"] in answer.json()["errors"][0]["remedy"]
    assert (await statement(ann, old))[-1]["balance"] == "0"


async def test_the_ledger_is_read_page_by_page_newest_first(
    ann: httpx.AsyncClient, books: Books
) -> None:
    account = await first(ann)
    await post(books, account, Executed("AAPL", D(2), D("10.1"), D("0.333")), Held(uuid4(), D(5)))
    for amount in ("1", "2", "3"):
        await deposit(ann, account, amount)
    path = f"/api/v1/accounts/{account['id']}/ledger"
    whole = (await ann.get(path)).json()["items"]
    found: list[Json] = []
    cursor = None
    while True:
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await ann.get(path, params=asked)).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole
    assert len({one["id"] for one in whole}) == len(whole) == 9
    assert [one["amount"] for one in whole[:3]] == ["3", "2", "1"]
    assert whole[3]["state"] == "pending"
    assert {one["currency"] for one in whole} == {"USD", "AAPL"}
    for bad in ("x", "WyIxIiwgIngiXQ", "WyItMSIsICIxIl0"):
        assert (await ann.get(path, params={"cursor": bad})).status_code == 422


async def test_a_run_of_ones_own_is_no_account_of_the_list(
    ann: httpx.AsyncClient, books: Books
) -> None:
    owner = (await ann.get("/api/v1/users/me")).json()["id"]
    scratch = uuid4()
    await books.rows(
        "insert into accounts (id, user_id, mode, currency) values (%s, %s, 'simulation', 'USD')",
        *(scratch, owner),
    )
    items = (await ann.get("/api/v1/accounts")).json()["items"]
    assert str(scratch) not in {one["id"] for one in items}
    assert (await ann.post(f"/api/v1/accounts/{scratch}/reset")).status_code == 404
    assert (await ann.get(f"/api/v1/accounts/{scratch}/ledger")).status_code == 404


async def test_a_key_with_the_scope_reads_accounts_and_changes_none(
    platform: FastAPI, ann: httpx.AsyncClient
) -> None:
    account = await first(ann)
    keys = {}
    for scope in ("accounts:read", "market:read"):
        body = {"name": scope, "scopes": [scope]}
        keys[scope] = (await ann.post("/api/v1/api-keys", json=body)).json()["key"]
    path = f"/api/v1/accounts/{account['id']}"
    async with browser(platform) as program:
        for scope, status in (("accounts:read", 200), ("market:read", 403)):
            headers = {"X-API-Key": keys[scope]}
            for read in ("/api/v1/accounts", f"{path}/ledger", f"{path}/statement.csv"):
                assert (await program.get(read, headers=headers)).status_code == status
            refused = await program.post(f"{path}/reset", headers=headers)
            assert refused.status_code == 403


async def test_what_is_done_to_accounts_is_on_record(ann: httpx.AsyncClient, books: Books) -> None:
    account = await first(ann)
    path = f"/api/v1/accounts/{account['id']}"
    await ann.put(path, json={"simulation": {"slippage": "0.002"}})
    await ann.put(path, json={"simulation": {"slippage": "0.002"}})  # changes nothing
    await deposit(ann, account, "12.50")
    new = await call(ann, 200, f"{path.removeprefix('/api/v1/accounts')}/reset")
    query = """
        select event_type, data from audit_entries
        where event_type like 'account%%' or event_type = 'deposited' order by id
    """
    said = [(kind, json.loads(data)) for kind, data in await books.rows(query)]
    changed = account["simulation"] | {"slippage": "0.002"}
    (deposited,) = await books.rows(
        "select id::text from ledger_transactions where memo = 'Deposit'"
    )
    opened = {"kind": "lasting", "mode": "simulation", "currency": "USD"}
    assert said == [
        (
            "account_opened",
            opened | {"account_id": account["id"], "simulation": account["simulation"]},
        ),
        ("account_changed", {"account_id": account["id"], "simulation": changed}),
        (
            "deposited",
            {
                "account_id": account["id"],
                "transaction_id": deposited[0],
                "amount": "12.50",
                "currency": "USD",
            },
        ),
        ("account_reset", {"account_id": account["id"], "replaced_by": new["id"]}),
        ("account_opened", opened | {"account_id": new["id"], "simulation": changed}),
    ]


async def test_a_sign_up_whose_account_cannot_be_opened_leaves_nobody(
    platform: FastAPI, books: Books
) -> None:
    await books.rows(
        "alter table ledger_transactions add constraint broken check (kind <> 'deposit')"
    )
    body = {"email": "eve@example.com", "password": "three quiet herons"}
    async with browser(platform) as stranger:
        assert (await stranger.post("/api/v1/auth/register", json=body)).status_code == 500
        assert await books.rows("select id from users") == []
        await books.rows("alter table ledger_transactions drop constraint broken")
        assert (await stranger.post("/api/v1/auth/register", json=body)).status_code == 201
    assert await books.rows("select count(*) from accounts") == [(1,)]
