"""Pipelines from before they were on record are adopted, and verify cleanly from then on."""

import json
from pathlib import Path

import psycopg
import pytest
from alembic import command

from kuber.api.verification import verify_record
from kuber.audit.canonical import canonical
from kuber.audit.chain import Damage
from kuber.installation import alembic_config
from tests.integration.audit.test_t15_tampering import Record

OWNER = "00000000-0000-4000-8000-000000000001"
OLD = "00000000-0000-4000-8000-00000000000a"
RECORDED = "00000000-0000-4000-8000-00000000000b"
TRIGGER = {
    "kind": "signal",
    "scanner_id": None,
    "subscriptions": [{"signal_type": "golden_cross", "min_confidence": 70.5}],
}
SAID = canonical(
    {"pipeline_id": RECORDED, "status": "draft", "mode": "simulation", "trigger": TRIGGER}
)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
async def record(empty_postgres_url: str, tmp_path: Path) -> Record:
    """An installation of before, with a pipeline that is on record and one that is not."""
    url = empty_postgres_url
    command.upgrade(alembic_config(url), "0006")
    columns = "id, user_id, name, graph, mode, trigger, status, revision, version, updated_at"
    values = f"'Old', '{{}}', 'simulation', '{json.dumps(TRIGGER)}', 'draft', 1, 1, now()"
    execute(
        url,
        "insert into users (id, email, password_hash, role, tier, created_at)"
        f" values ('{OWNER}', 'a@example.com', '', 'user', 'FREE', now())",
        *(
            f"insert into pipelines ({columns}) values ('{one}', '{OWNER}', {values})"
            for one in (OLD, RECORDED)
        ),
        "with added as (insert into audit_entries"
        " (event_id, correlation_id, event_type, at, data, user_id) values"
        f" (gen_random_uuid(), 'x', 'pipeline_created', now(), '{SAID}',"
        f" '{OWNER}') returning id) insert into audit_pending (entry_id) select id from added",
    )
    made = Record(url, tmp_path)
    await made.link()
    return made


def found(record: Record) -> list[Damage]:
    return [one.damage for one in verify_record(record.url, str(record.folder), None).findings]


async def test_an_old_pipeline_is_adopted_once(record: Record) -> None:
    config = alembic_config(record.url)
    for adopted in (2, 2):  # first with the account of the user; going back makes two versions
        command.upgrade(config, "head")
        assert await record.link() == adopted
        assert found(record) == []
        command.downgrade(config, "0006")
    command.upgrade(config, "head")
    with psycopg.connect(record.url) as connection:
        query = "select data from audit_entries where event_type = 'pipeline_adopted'"
        ((data,),) = connection.execute(query).fetchall()
    assert json.loads(data)["pipeline_id"] == OLD
    execute(record.url, f"update pipelines set status = 'active' where id = '{OLD}'")
    assert found(record) == [Damage.ROW_DIFFERS]


async def test_a_damaged_entry_does_not_stop_the_migration(record: Record) -> None:
    record.tamper("update audit_entries set data = 'no JSON' where event_type = 'pipeline_created'")
    command.upgrade(alembic_config(record.url), "0009")
    assert await record.link() == 2
