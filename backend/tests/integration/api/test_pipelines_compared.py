"""Pipelines that were changed by hand are found, and those that were changed honestly are not."""

from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from kuber.api.verification import verify_record
from kuber.audit.chain import Damage
from kuber.config import Settings
from tests.integration.api.test_audit_api import link, reverse_ids

SIGNALS = {
    "kind": "signal",
    "subscriptions": [
        {"signal_type": "golden_cross", "min_confidence": 70},
        {"signal_type": "death_cross", "min_confidence": 0.00001},
        {"signal_type": "rsi_oversold"},
    ],
}
OTHER = {
    "nodes": [{"id": "start", "agent_type": "manual_trigger", "config": {}}],
    "edges": [],
}
HOURLY = {"kind": "periodic", "every_minutes": 60, "symbols": ["AAPL"]}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"home": tmp_path})


async def found(settings: Settings) -> list[tuple[Damage, bool]]:
    """Verify what is linked; return what is wrong and whether it has a place."""
    folder = str(settings.audit_folder)
    result = verify_record(settings.database_url.get_secret_value(), folder, None)
    return [(one.damage, one.chain_position is not None) for one in result.findings]


def by_hand(settings: Settings, statement: str) -> None:
    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


async def made(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/pipelines", json={"name": "Mine", "template": "golden-cross", **body}
    )
    assert answer.status_code == 201, answer.text
    pipeline: dict[str, Any] = answer.json()
    return pipeline


async def saved(client: httpx.AsyncClient, address: str, **body: Any) -> None:
    revision = str((await client.get(address)).json()["revision"])
    answer = await client.put(address, json=body, headers={"If-Match": revision})
    assert answer.status_code == 200, answer.text


async def published(client: httpx.AsyncClient, address: str) -> None:
    revision = str((await client.get(address)).json()["revision"])
    answer = await client.post(f"{address}/publish", headers={"If-Match": revision})
    assert answer.status_code == 200, answer.text


async def test_whatever_is_done_with_pipelines_agrees_with_the_record(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    pipeline = await made(ann, trigger=SIGNALS)
    address = f"/api/v1/pipelines/{pipeline['id']}"
    assert await found(settings) == []  # its entry waits
    await link(settings)

    async def step(path: str) -> None:
        assert (await ann.post(f"{address}/{path}", json={})).is_success

    await saved(ann, address, trigger=HOURLY, name="Other")
    assert await found(settings) == []
    await published(ann, address)
    await step("activate")
    assert await found(settings) == []
    await saved(ann, address, graph={"nodes": [], "edges": []}, trigger=SIGNALS)
    await link(settings)
    assert await found(settings) == []
    await step("clone")
    answer = await ann.post(f"{address}/versions/1/restore", headers={"If-Match": "3"})
    assert answer.is_success
    await step("deactivate")
    await published(ann, address)
    await link(settings)
    assert await found(settings) == []
    file = (await ann.get(f"{address}/export")).json()
    assert (await ann.post("/api/v1/pipelines/import", json=file)).status_code == 201
    await step("archive")
    await step("unarchive")
    await saved(ann, address, trigger=SIGNALS, mode="validation")
    await link(settings)
    assert await found(settings) == []
    assert (await ann.delete(address)).status_code == 204
    assert await found(settings) == []
    await link(settings)
    assert await found(settings) == []


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("update pipelines set status = 'active'", [(Damage.ROW_DIFFERS, True)]),
        ("update pipelines set mode = 'live'", [(Damage.ROW_DIFFERS, True)]),
        ("update pipelines set published_trigger = '{}'", [(Damage.ROW_DIFFERS, True)]),
        (
            (
                "update pipelines set published_trigger ="
                " jsonb_set(published_trigger, '{subscriptions,0,min_confidence}', '69')"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "update pipelines set published_trigger ="
                " jsonb_set(published_trigger, '{subscriptions}', '5')"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            "update pipelines set published_trigger = null, published_graph_id = null, version = 0",
            [(Damage.ROW_DIFFERS, True)] * 3,
        ),
        ("update pipeline_graphs set graph = '{}'", [(Damage.ROW_DIFFERS, True)]),
        (
            (
                "with other as (insert into pipeline_graphs select gen_random_uuid(), pipeline_id,"
                " '', '{}', 0, now() from pipeline_graphs returning id)"
                " update pipelines set published_graph_id = other.id from other"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "with other as (insert into pipeline_graphs select gen_random_uuid(), pipeline_id,"
                " '', '{}', 0, now() from pipeline_graphs returning id)"
                " update pipeline_versions set graph_id = other.id from other"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "insert into pipeline_versions (pipeline_id, version, graph_id, trigger,"
                " created_at) select pipeline_id, 2, graph_id, trigger, now()"
                " from pipeline_versions"
            ),
            [(Damage.ROW_UNRECORDED, False)],
        ),
        ("update pipelines set trigger = '{}', graph = '{}'", []),
        (
            (
                "with other as (insert into users select gen_random_uuid(), 'x@example.com',"
                " password_hash, role, tier, created_at, disabled_at from users returning id)"
                " update pipelines set user_id = other.id from other"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        ("delete from pipelines", [(Damage.ROW_DIFFERS, True)]),
    ],
    ids=[
        *("status", "mode", "trigger", "confidence", "no list", "nothing published"),
        *("graph", "another graph", "a version's graph", "a version more", "the draft"),
        *("owner", "deleted"),
    ],
)
async def test_what_was_changed_by_hand_is_found(
    ann: httpx.AsyncClient, settings: Settings, statement: str, damage: list[tuple[Damage, bool]]
) -> None:
    await made(ann, trigger=SIGNALS)
    await link(settings)
    by_hand(settings, statement)
    assert await found(settings) == damage


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("delete from pipeline_versions where version = 1", [(Damage.ROW_DIFFERS, True)]),
        (
            'update pipeline_versions set trigger = \'{"kind": "manual"}\' where version = 1',
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            "update pipeline_versions set trigger = null where version = 1",
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "update pipeline_versions v set graph_id = o.graph_id from pipeline_versions o"
                " where v.version = 1 and o.version = 2"
            ),
            [(Damage.ROW_DIFFERS, True)],
        ),
        (
            (
                "insert into pipeline_versions (pipeline_id, version, graph_id, created_at)"
                " select pipeline_id, 9, graph_id, now() from pipeline_versions where version = 1"
            ),
            [(Damage.ROW_UNRECORDED, False)],
        ),
        ("update pipeline_versions set name = 'Mine', note = 'x'", []),
    ],
    ids=["gone", "trigger", "no trigger", "graph", "one without a trigger", "name"],
)
async def test_an_older_version_that_was_changed_by_hand_is_found(
    ann: httpx.AsyncClient, settings: Settings, statement: str, damage: list[tuple[Damage, bool]]
) -> None:
    address = f"/api/v1/pipelines/{(await made(ann, trigger=SIGNALS))['id']}"
    await saved(ann, address, trigger=HOURLY, graph=OTHER)
    await published(ann, address)
    await link(settings)
    assert await found(settings) == []
    by_hand(settings, statement)
    assert await found(settings) == damage


async def test_a_version_that_makes_room_for_others_is_dropped_on_record(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    by_hand(settings, "create table kept as select * from pipeline_versions")
    pipeline = await made(ann, trigger=SIGNALS)
    address = f"/api/v1/pipelines/{pipeline['id']}"
    by_hand(settings, "insert into kept select * from pipeline_versions")
    by_hand(
        settings,
        "insert into limits (scope, name, value)"
        " select 'user:' || id, 'versions_per_pipeline', 2 from users",
    )
    for minutes in (60, 120):
        await saved(ann, address, trigger={**HOURLY, "every_minutes": minutes})
        await published(ann, address)
    await link(settings)
    assert await found(settings) == []
    entries = (await ann.get("/api/v1/audit")).json()["items"]
    dropped = [item for item in entries if item["event_type"] == "pipeline_version_dropped"]
    assert [item["data"] for item in dropped] == [{"pipeline_id": pipeline["id"], "version": 1}]
    by_hand(settings, "insert into pipeline_versions select * from kept")
    assert await found(settings) == [(Damage.ROW_DIFFERS, True)]


async def test_the_entry_of_a_deletion_says_how_the_pipeline_stood_and_what_was_kept(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    address = f"/api/v1/pipelines/{(await made(ann, trigger=HOURLY))['id']}"
    await saved(ann, address, graph=OTHER)
    await published(ann, address)
    assert (await ann.post(f"{address}/activate")).is_success
    by_hand(settings, RAN)
    assert (await ann.delete(address)).status_code == 204
    await link(settings)
    assert await found(settings) == []  # version 1 was never run, and went
    entries = (await ann.get("/api/v1/audit")).json()["items"]
    last = {item["event_type"]: item["data"] for item in reversed(entries)}
    deleted = last["pipeline_deleted"]
    assert (deleted["status"], deleted["kept"], deleted["version"]) == ("active", True, 2)
    assert last["pipeline_version_dropped"]["version"] == 1


async def test_a_pipeline_that_nobody_recorded_is_found(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    await made(ann)
    await link(settings)
    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create temp table copied as select * from pipelines")
        connection.execute("update copied set id = gen_random_uuid()")
        connection.execute("insert into pipelines select * from copied")
    assert await found(settings) == [(Damage.ROW_UNRECORDED, False)]


async def test_a_deleted_pipeline_that_was_put_back_is_found(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    pipeline = await made(ann, template=None)
    by_hand(settings, "create table kept as select * from pipelines")
    assert (await ann.delete(f"/api/v1/pipelines/{pipeline['id']}")).status_code == 204
    await link(settings)
    by_hand(settings, "insert into pipelines select * from kept")
    assert await found(settings) == [(Damage.ROW_DIFFERS, True)]


async def test_other_ids_make_no_earlier_entry_the_last(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    pipeline = await made(ann)
    address = f"/api/v1/pipelines/{pipeline['id']}"
    await saved(ann, address, mode="validation")
    await link(settings)
    reverse_ids(settings.database_url.get_secret_value())
    assert await found(settings) == []
    by_hand(settings, "update pipelines set mode = 'simulation'")
    assert await found(settings) == [(Damage.ROW_DIFFERS, True)]


async def test_an_entry_without_a_place_is_the_last_whatever_its_id(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    pipeline = await made(ann)
    await link(settings)
    await saved(ann, f"/api/v1/pipelines/{pipeline['id']}", mode="validation")
    reverse_ids(settings.database_url.get_secret_value())
    assert await found(settings) == []


RAN = """
    insert into runs (id, user_id, pipeline_id, pipeline_version, graph_id, mode, symbol, symbols,
                      as_of, real_time, seed, correlation_id, status, cost)
    select gen_random_uuid(), user_id, id, version, published_graph_id, mode, 'AAPL',
           array['AAPL'], now(), true, 1, 'c', 'succeeded', 0.5 from pipelines
"""


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("select 1", []),
        ("update pipelines set deleted_at = null", [(Damage.ROW_DIFFERS, True)]),
        ("delete from runs; delete from pipelines", [(Damage.ROW_DIFFERS, True)]),
        ("update pipelines set status = 'active'", [(Damage.ROW_DIFFERS, True)]),
    ],
    ids=["nothing", "taken back", "gone", "status"],
)
async def test_a_pipeline_that_was_deleted_and_kept_agrees_until_it_is_changed_by_hand(
    ann: httpx.AsyncClient, settings: Settings, statement: str, damage: list[tuple[Damage, bool]]
) -> None:
    pipeline = await made(ann, trigger=HOURLY)
    assert (await ann.post(f"/api/v1/pipelines/{pipeline['id']}/activate")).is_success
    by_hand(settings, RAN)
    assert (await ann.delete(f"/api/v1/pipelines/{pipeline['id']}")).status_code == 204
    assert await found(settings) == []  # its entry waits
    await link(settings)
    by_hand(settings, statement)
    assert await found(settings) == damage


async def test_a_pipeline_that_was_marked_as_deleted_by_hand_is_found(
    ann: httpx.AsyncClient, settings: Settings
) -> None:
    await made(ann)
    await link(settings)
    by_hand(settings, "update pipelines set deleted_at = now()")
    assert await found(settings) == [(Damage.ROW_DIFFERS, True)]
