"""Scanners, what one is told, and roles: what was done to them is on record."""

import json
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg import AsyncConnection

from kuber.api.verification import COMPARISONS
from kuber.audit.entries import append
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles, read_outside
from kuber.audit.roles import last_role
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.audit.verify import verify
from kuber.config import Settings
from kuber.identity.service import set_role
from kuber.identity.types import Role
from kuber.infra.db import Database
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId

SCANNERS = "/api/v1/scanners"
NOTICES = "/api/v1/notifications"
KEPT = (("scanner_id", "id"), ("kind", "kind"), ("tickers", "tickers"))


@pytest.fixture
def url(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


def entries(url: str, kind: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        query = "select data from audit_entries where event_type = %s order by id"
        return [json.loads(data) for (data,) in connection.execute(query, (kind,))]


async def test_making_changing_and_deleting_a_scanner_is_on_record(
    ann: httpx.AsyncClient, url: str
) -> None:
    body = {"name": "Mine", "kind": "manual", "tickers": ["AAPL", "MSFT"]}
    made = (await ann.post(SCANNERS, json=body)).json()
    (created,) = entries(url, "scanner_created")
    assert created == {key: made[other] for key, other in KEPT}
    here = f"{SCANNERS}/{made['id']}"
    for change in ({"name": "Ours"}, {"tickers": ["GOOG"]}):
        body |= change
        assert (await ann.put(here, json=body)).status_code == 200
    (changed,) = entries(url, "scanner_changed")  # a name decides nothing
    assert (changed["changed"], changed["tickers"]) == (["tickers"], ["GOOG"])
    assert (await ann.delete(here)).status_code == 204
    assert entries(url, "scanner_deleted") == [{"scanner_id": made["id"]}]


async def test_an_address_of_a_scanner_is_on_record_by_its_hash(
    ann: httpx.AsyncClient, url: str
) -> None:
    body = {"name": "Far", "kind": "api", "url": "https://lists.example.com/?key=secret"}
    assert (await ann.post(SCANNERS, json=body)).status_code == 201
    (created,) = entries(url, "scanner_created")
    assert len(created["url_sha256"]) == 64
    assert "secret" not in str(created)


async def test_what_one_is_told_is_on_record_when_it_changes(
    ann: httpx.AsyncClient, url: str
) -> None:
    choice = {"items": [{"kind": "order_filled", "mail": True}]}
    for _ in range(2):
        assert (await ann.put(f"{NOTICES}/preferences", json=choice)).status_code == 200
    (changed,) = entries(url, "notice_preferences_changed")
    assert changed == {"kinds": {"order_filled": {"in_app": True, "mail": True}}}


async def test_stopping_mail_is_on_record(ann: httpx.AsyncClient, url: str) -> None:
    assert (await ann.delete(f"{NOTICES}/channels/mail")).status_code == 204
    assert entries(url, "mail_stopped") == []
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into mail_addresses (user_id, address, confirmed_at, code_attempts)"
            " select id, email, now(), 0 from users where email = 'ann@example.com'"
        )
    assert (await ann.delete(f"{NOTICES}/channels/mail")).status_code == 204
    assert entries(url, "mail_stopped") == [{}]


@pytest.fixture
def ann_id(ann: httpx.AsyncClient, url: str) -> UserId:
    with psycopg.connect(url) as connection:
        row = connection.execute("select id from users where email = 'ann@example.com'").fetchone()
    assert row is not None
    return UserId(UUID(str(row[0])))


async def found(url: str, folder: Path) -> list[str]:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), SystemClock())
        await linker.begin(connection)
        while await linker.link(connection):
            pass
        linker.rest()
    result = verify(url, COMPARISONS, partial(read_outside, folder, None))
    return [one.detail for one in result.findings if one.detail.startswith("Account")]


async def test_a_role_that_was_changed_by_hand_is_found_until_it_is_on_record(
    ann_id: UserId, url: str, tmp_path: Path
) -> None:
    assert await found(url, tmp_path) == []
    with psycopg.connect(url) as connection:
        connection.execute("update users set role = 'admin' where id = %s", (ann_id,))
    differs = f"Account {ann_id} has the role admin; on record is user."
    assert await found(url, tmp_path) == [differs]
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as session:
            before = await set_role(session, ann_id, Role.ADMIN)
            assert (before, await last_role(session, ann_id)) == (Role.ADMIN, "user")
            said = {"role": Role.ADMIN, "before": before}
            at = SystemClock().now()
            await append(
                session, AuditEvent(AuditEventType.ROLE_CHANGED, at, "a-test", ann_id, said)
            )
        async with database.transaction() as session:
            assert await last_role(session, ann_id) == "admin"
    finally:
        await database.close()
    assert await found(url, tmp_path) == []


async def test_an_administrator_of_whom_no_entry_speaks_is_found(
    ann_id: UserId, url: str, tmp_path: Path
) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " select gen_random_uuid(), 'eve@example.com', '-', 'admin', tier, created_at"
            " from users where id = %s",
            (ann_id,),
        )
    (one,) = await found(url, tmp_path)
    assert one.endswith("has the role admin, and no entry says so.")
