"""Pipelines from before there was a draft: what of them is published, and what their runs ran."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command

from kuber.api.verification import verify_record
from kuber.installation import alembic_config
from tests.integration.audit.test_t15_tampering import Record

OWNER = "00000000-0000-4000-8000-000000000001"
ACTIVE, CHECKED, BROKEN, UNCHECKED, OUTDATED = (
    f"00000000-0000-4000-8000-00000000000{letter}" for letter in "abcde"
)
TRIGGER = {"kind": "periodic", "symbols": ["AAPL"]}
GRAPH = '{"nodes": [{"id": "a"}], "edges": []}'
OTHER = '{"nodes": [], "edges": []}'
RUNS = [(ACTIVE, 1, GRAPH), (ACTIVE, 3, GRAPH), (BROKEN, 2, OTHER)]


def query(url: str, statement: str, *values: object) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def old_pipeline(url: str, pipeline: str, status: str, problems: int, checked: str) -> None:
    """Store a pipeline with three versions; the first and the third are the same."""
    query(
        url,
        "insert into pipelines (id, user_id, name, graph, mode, trigger, status, revision, version,"
        " updated_at, problem_count, checked_with, node_count)"
        " values (%s, %s, 'Old', %s, 'simulation', %s, %s, 5, 3, now(), %s, %s, 1)",
        *(pipeline, OWNER, GRAPH, json.dumps(TRIGGER), status, problems, checked),
    )
    for version, graph in ((1, GRAPH), (2, OTHER), (3, GRAPH)):
        query(
            url,
            "insert into pipeline_versions values (%s, %s, %s, %s, %s)",
            *(pipeline, version, graph, f"2026-01-0{version}", 1 if graph == GRAPH else 0),
        )


@pytest.fixture
async def record(empty_postgres_url: str, tmp_path: Path) -> Record:
    """An installation of the release before."""
    url = empty_postgres_url
    command.upgrade(alembic_config(url), "0008")
    query(
        url,
        "insert into users (id, email, password_hash, role, tier, created_at)"
        " values (%s, 'a@example.com', '', 'user', 'FREE', now())",
        OWNER,
    )
    old_pipeline(url, ACTIVE, "active", 0, "me")
    old_pipeline(url, CHECKED, "archived", 0, "me")
    old_pipeline(url, BROKEN, "draft", 2, "me")
    old_pipeline(url, UNCHECKED, "draft", 0, "")
    old_pipeline(url, OUTDATED, "active", 1, "me")
    for number, (pipeline, version, _) in enumerate(RUNS):
        query(
            url,
            "insert into runs (id, user_id, pipeline_id, pipeline_version, mode, symbol, symbols,"
            " as_of, real_time, seed, correlation_id, status) values (gen_random_uuid(), %s, %s,"
            " %s, 'simulation', %s, '{}', now(), false, %s, 'x', 'pending')",
            *(OWNER, pipeline, version, f"S{number}", number),
        )
    command.upgrade(alembic_config(url), "0015")
    made = Record(url, tmp_path)
    await made.link()
    return made


async def test_what_is_active_or_can_run_is_published_as_it_stands(record: Record) -> None:
    command.upgrade(alembic_config(record.url), "head")
    found = query(
        record.url,
        "select id::text, status, version, published_trigger, published_checked_with,"
        " graph_digest = published_digest, published_at::date::text from pipelines order by id",
    )
    never = (0, None, "", None, None)
    assert found == [
        (ACTIVE, "active", 3, TRIGGER, "me", True, "2026-01-03"),
        (CHECKED, "archived", 3, TRIGGER, "me", True, "2026-01-03"),
        (BROKEN, "draft", *never),
        (UNCHECKED, "draft", *never),
        (OUTDATED, "active", 3, TRIGGER, "", True, "2026-01-03"),
    ]
    graphs = query(
        record.url,
        "select v.version, g.graph, g.node_count, v.trigger from pipeline_versions v"
        " join pipeline_graphs g on g.id = v.graph_id where v.pipeline_id = %s order by version",
        ACTIVE,
    )
    whole, empty = json.loads(GRAPH), json.loads(OTHER)
    assert graphs == [(1, whole, 1, None), (2, empty, 0, None), (3, whole, 1, TRIGGER)]
    assert query(record.url, "select count(*) from pipeline_graphs") == [(10,)]
    stored = query(record.url, "select distinct stored_bytes > 0 from pipelines")
    assert stored == [(True,)]


async def test_every_run_is_bound_to_the_graph_that_it_ran(record: Record) -> None:
    command.upgrade(alembic_config(record.url), "head")
    found = query(
        record.url,
        "select r.pipeline_id::text, r.pipeline_version, g.graph from runs r"
        " join pipeline_graphs g on g.id = r.graph_id and g.pipeline_id = r.pipeline_id"
        " order by seed",
    )
    assert found == [(pipeline, version, json.loads(graph)) for pipeline, version, graph in RUNS]


async def test_what_was_published_goes_on_record_and_verifies(record: Record) -> None:
    command.upgrade(alembic_config(record.url), "head")
    assert await record.link() == 16  # 3 of what is published, 12 other versions, an account
    assert verify_record(record.url, str(record.folder), None).findings == []
    query(record.url, "delete from pipeline_versions where version = 2")
    query(record.url, "update pipelines set published_trigger = '{}' where id = %s", ACTIVE)
    assert len(verify_record(record.url, str(record.folder), None).findings) == 1 + 5


async def test_a_version_that_was_dropped_before_drops_were_on_record_is_not_missed(
    record: Record,
) -> None:
    command.upgrade(alembic_config(record.url), "0017")
    query(record.url, "update pipelines set version = 1 where id = %s", ACTIVE)
    query(
        record.url, "delete from pipeline_versions where version = 3 and pipeline_id = %s", ACTIVE
    )
    command.upgrade(alembic_config(record.url), "head")
    await record.link()
    found = verify_record(record.url, str(record.folder), None).findings
    assert [one.detail for one in found if "gone" in one.detail] == []


async def test_the_way_back_gives_every_pipeline_a_version_of_its_graph(record: Record) -> None:
    config = alembic_config(record.url)
    command.upgrade(config, "head")
    query(record.url, "update pipelines set graph = '{}', graph_digest = '' where id = %s", ACTIVE)
    query(record.url, "update runs set pipeline_version = null where seed = 1")
    command.downgrade(config, "0015")
    found = query(
        record.url,
        "select p.id::text, p.status, p.version from pipelines p join pipeline_versions v"
        " on v.pipeline_id = p.id and v.version = p.version and v.graph = p.graph order by p.id",
    )
    assert found == [
        (ACTIVE, "draft", 4),
        (CHECKED, "archived", 3),
        (BROKEN, "draft", 4),
        (UNCHECKED, "draft", 4),
        (OUTDATED, "active", 3),
    ]
    assert query(record.url, "select count(*) from runs") == [(2,)]
    command.upgrade(config, "head")
