"""The record over HTTP: what goes on it, who sees it, and its verification."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from kuber.audit import service
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles
from kuber.config import Settings
from kuber.kernel.clock import SystemClock
from tests.fakes.api_container import browser
from tests.integration.api.conftest import sign_in
from tests.integration.api.test_operations import make_admin

Entries = list[dict[str, Any]]
VERIFIER = Path(__file__).parents[4] / "docs" / "examples" / "verify_audit.py"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"home": tmp_path})


@pytest.fixture
async def other(platform: FastAPI, ann: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody else."""
    async with browser(platform) as opened:
        await sign_in(opened, "ben@example.com")
        yield opened


async def link(settings: Settings) -> None:
    """Do what the service does four times a second."""
    url, folder = settings.database_url.get_secret_value(), settings.audit_folder
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), SystemClock())
        await linker.begin(connection)
        while await linker.link(connection):
            pass
        linker.rest()


async def entries(client: httpx.AsyncClient, **query: str) -> Entries:
    answer = await client.get("/api/v1/audit", params={"limit": "200", **query})
    assert answer.status_code == 200, answer.text
    found: Entries = answer.json()["items"]
    return found


async def test_what_a_person_does_is_on_their_own_record(
    ann: httpx.AsyncClient, other: httpx.AsyncClient, settings: Settings
) -> None:
    made = await ann.post("/api/v1/pipelines", json={"name": "Mine", "template": "golden-cross"})
    address = f"/api/v1/pipelines/{made.json()['id']}"
    trigger = {"kind": "periodic", "every_minutes": 60, "symbols": ["AAPL"]}
    saved = await ann.put(address, json={"trigger": trigger}, headers={"If-Match": "1"})
    assert saved.status_code == 200, saved.text
    done = await ann.post(f"{address}/publish", headers={"If-Match": "2"}, json={"name": "Secret"})
    assert done.status_code == 200, done.text
    for step in ("activate", "deactivate", "archive", "unarchive"):
        assert (await ann.post(f"{address}/{step}")).status_code == 200
    assert (await ann.delete(address)).status_code == 204
    budget = {"per_run": "1.50", "per_day": None}
    assert (await ann.put("/api/v1/budgets", json=budget)).status_code == 200
    source = (await ann.post("/api/v1/webhook-sources", json={"name": "x", "kind": "hmac"})).json()
    where = f"/api/v1/webhook-sources/{source['id']}"
    assert (await ann.post(f"{where}/rotate")).status_code == 200
    assert (await ann.delete(where)).status_code == 204
    await link(settings)
    found = (await entries(ann))[::-1]
    assert [entry["event_type"] for entry in found] == [
        "user_registered",
        "account_opened",
        "user_logged_in",
        "pipeline_created",
        "pipeline_published",
        "pipeline_published",
        "pipeline_activated",
        "pipeline_deactivated",
        "pipeline_archived",
        "pipeline_restored",
        "pipeline_deleted",
        "budget_changed",
        "webhook_source_created",
        "webhook_secret_rotated",
        "webhook_source_deleted",
    ]
    assert found[11]["data"] == {"per_run": "1.50", "per_day": None}
    published = found[5]["data"]
    assert (published["version"], published["trigger"]) == (2, done.json()["trigger"])
    assert published["graph_sha256"] == found[4]["data"]["graph_sha256"]
    written = str(found)
    assert "Secret" not in written
    assert "ann@example.com" not in written
    assert source["secret"] not in written
    assert [entry["event_type"] for entry in await entries(ann, type="budget_changed")] == [
        "budget_changed"
    ]
    assert {entry["event_type"] for entry in await entries(other)} == {
        "user_registered",
        "account_opened",
        "user_logged_in",
    }


async def test_what_fails_is_not_on_record(ann: httpx.AsyncClient, settings: Settings) -> None:
    made = await ann.post("/api/v1/pipelines", json={"name": "Mine", "template": "golden-cross"})
    address = f"/api/v1/pipelines/{made.json()['id']}"
    await link(settings)
    before = await entries(ann)
    stale = await ann.put(address, json={"trigger": {"kind": "manual"}}, headers={"If-Match": "9"})
    assert stale.status_code == 412
    assert (await ann.post(f"{address}/activate")).status_code == 422
    assert (await ann.put(address, json={"name": "New"}, headers={"If-Match": "1"})).is_success
    await link(settings)
    assert await entries(ann) == before


async def test_an_administrator_sees_everybodys_and_verifies_it(
    ann: httpx.AsyncClient, other: httpx.AsyncClient, settings: Settings
) -> None:
    url = settings.database_url.get_secret_value()
    assert (await other.get("/api/v1/audit/verify")).status_code == 403
    await link(settings)
    make_admin(url, "ann@example.com")
    found = await entries(ann)
    assert len({entry["user_id"] for entry in found}) == 3  # two people and the installation
    positions = [entry["chain_position"] for entry in found]
    assert set(positions) == set(range(1, len(found) + 1))
    verdict = (await ann.get("/api/v1/audit/verify")).json()
    assert (verdict["intact"], verdict["checked"], verdict["first_bad"]) == (True, len(found), None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update audit_entries set data = '{}' where event_type = 'user_registered'"
        )
    verdict = (await ann.get("/api/v1/audit/verify")).json()
    assert verdict["intact"] is False
    assert verdict["first_bad"]["damage"] == "entry_changed"
    registered = [e for e in found if e["event_type"] == "user_registered"]
    assert verdict["first_bad"]["chain_position"] == registered[-1]["chain_position"]


async def test_it_is_verified_in_parts_by_one_process(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    for amount in ("1", "2", "3"):
        await ann.put("/api/v1/budgets", json={"per_run": amount, "per_day": None})
    await link(settings)
    make_admin(settings.database_url.get_secret_value(), "ann@example.com")

    async def verdict(**query: int) -> dict[str, Any]:
        answer = await ann.get("/api/v1/audit/verify", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    whole = await verdict()
    first = await verdict(limit=4)
    last = await verdict(after=first["next"], limit=4)
    assert (first["next"], first["checked"], first["total"]) == (4, 4, 7)
    assert (first["checkpoints"], first["key_id"]) == (None, None)
    assert (last["next"], last["checked"], last["total"]) == (None, 3, 7)
    key = KeyFile(settings.audit_folder).read()
    assert key is not None
    for one in (whole, last):
        assert (one["checkpoints"], one["key_id"], one["intact"]) == (1, key.id, True)
    assert (await verdict(after=2))["checked"] == 5
    for wrong in ({"limit": 0}, {"after": -1}, {"after": 2**63}):
        answer = await ann.get("/api/v1/audit/verify", params=wrong)
        assert answer.status_code == 422, answer.text


async def test_a_rare_type_is_found_over_pages_of_a_bounded_cost(
    ann: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_PASSED", 5)
    for amount in range(10):
        await ann.put("/api/v1/budgets", json={"per_run": str(amount), "per_day": None})
    await link(settings)
    pages: list[list[str]] = []
    cursor: str | None = None
    while cursor is not None or not pages:
        query = {"type": "user_registered"} | ({"cursor": cursor} if cursor else {})
        answer = (await ann.get("/api/v1/audit", params=query)).json()
        pages.append([entry["event_type"] for entry in answer["items"]])
        cursor = answer["next_cursor"]
    assert pages == [[], [], ["user_registered"]], "five of twelve entries a page"


async def test_the_list_begins_at_a_place(ann: httpx.AsyncClient, settings: Settings) -> None:
    for amount in ("1", "2", "3"):
        await ann.put("/api/v1/budgets", json={"per_run": amount, "per_day": None})
    await link(settings)
    everything = await entries(ann)
    place = everything[2]["chain_position"]
    assert await entries(ann, up_to=str(place)) == everything[2:]
    assert await entries(ann, up_to="999999") == everything, "a place that is missing"


async def test_the_list_comes_in_pages(ann: httpx.AsyncClient, settings: Settings) -> None:
    for amount in ("1", "2", "3"):
        await ann.put("/api/v1/budgets", json={"per_run": amount, "per_day": None})
    await link(settings)
    first = (await ann.get("/api/v1/audit", params={"limit": 2})).json()
    rest = (await ann.get("/api/v1/audit", params={"cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == await entries(ann)
    assert (await ann.get("/api/v1/audit", params={"cursor": "x"})).json()["code"] == "bad_cursor"
    assert (await ann.get("/api/v1/audit", params={"type": "x"})).status_code == 422


async def test_an_administrator_exports_the_record_for_the_verifier_that_needs_no_kuber(
    ann: httpx.AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    assert (await ann.get("/api/v1/audit/export")).status_code == 403
    make_admin(settings.database_url.get_secret_value(), "ann@example.com")
    await link(settings)
    answer = await ann.get("/api/v1/audit/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="kuber-record.jsonl"'
    file = tmp_path / "record.jsonl"
    file.write_bytes(answer.content)
    verified = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(VERIFIER), str(file)), stdout=subprocess.PIPE
    )
    said, _ = await verified.communicate()
    assert verified.returncode == 0, said
    assert len(answer.content.splitlines()) > len(await entries(ann))


def reverse_ids(url: str) -> None:
    """Give entries other ids, in the opposite order; their hashes do not cover ids."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("alter table audit_entries alter id set generated by default")
        for table, column in (
            ("audit_entries", "id"),
            ("audit_links", "entry_id"),
            ("audit_pending", "entry_id"),
        ):
            connection.execute(f"update {table} set {column} = -{column}".encode())


async def test_the_list_is_in_the_order_of_places_whatever_the_ids(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    for amount in ("1", "2", "3"):
        await ann.put("/api/v1/budgets", json={"per_run": amount, "per_day": None})
    await link(settings)
    everything, of_type = await entries(ann), await entries(ann, type="budget_changed")
    place = everything[2]["chain_position"]
    reverse_ids(settings.database_url.get_secret_value())
    assert await entries(ann) == everything
    assert await entries(ann, type="budget_changed") == of_type
    assert await entries(ann, up_to=str(place)) == everything[2:]
    first = (await ann.get("/api/v1/audit", params={"limit": 2})).json()
    rest = (await ann.get("/api/v1/audit", params={"cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == everything


async def test_entries_that_wait_for_an_hour_are_an_alarm_until_they_are_linked(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    await link(settings)

    async def record() -> dict[str, Any]:
        found: dict[str, Any] = (await ann.get("/api/v1/system/status")).json()
        return {"status": found["status"], **found["checks"]["record"]}

    assert (await record())["ok"] is True
    await ann.put("/api/v1/budgets", json={"per_run": "1", "per_day": None})
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("update audit_pending set appended_at = now() - interval '1 hour'")
    late = await record()
    assert (late["ok"], late["status"]) == (False, "degraded")
    assert "1 entries have no place in the chain, one for 3600 s" in late["detail"]
    await link(settings)
    assert (await record())["ok"] is True


@pytest.mark.parametrize(
    "change",
    [
        "data = 'nope'",
        "data = repeat('{\"a\":', 300) || '1' || repeat('}', 300)",
        "data = repeat('{\"a\":', 100000) || '1' || repeat('}', 100000)",
        'data = \'{"a":"\\ud800"}\'',
        "data = '{\"a\":NaN}'",
        "at = '0044-03-15 12:00:00+00 BC'",
        "at = 'infinity'",
        "at = '-infinity'",
    ],
    ids=["no JSON", "deep", "very deep", "half a pair", "NaN", "BC", "infinity", "-infinity"],
)
async def test_a_damaged_entry_is_shown_and_hides_no_other(
    ann: httpx.AsyncClient, settings: Settings, change: str
) -> None:
    await link(settings)
    count = len(await entries(ann))
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            f"update audit_entries set {change} where event_type <> 'chain_started'".encode()
        )
    found = await entries(ann)
    assert len(found) == count > 0
    if change.startswith("data"):
        assert all(list(one["data"]) == ["damaged"] for one in found)
    assert (await ann.get("/api/v1/events")).status_code == 200
