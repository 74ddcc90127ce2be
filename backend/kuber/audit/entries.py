"""Appending to the record: one statement, in the transaction of what it records.

Nobody waits for anybody: the place in the chain is given later, by the one linker.
"""

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.canonical import canonical, instant
from kuber.audit.types import AuditEvent
from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId

_SALT_BYTES = 16

AUDIT_INSERT = """
    audit_added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        select event_id, correlation_id, event_type, at, data, user_id
        from jsonb_to_recordset(%(audit)s)
          as a(event_id uuid, correlation_id text, event_type text, at timestamptz, data text,
               user_id uuid)
        {condition}
        returning id
    ), audit_queued as (insert into audit_pending (entry_id) select id from audit_added)
"""
"""For hand-written statements, among their `with` queries: `audit` is a Jsonb of `audit_json`, and
`condition` a `where` clause that says whether it happened. Without personal data."""


def audit_insert_of(source: str) -> str:
    """Return queries that append the entries which rows of the query `source` hold: its column
    `entries` has those of `audit_json`. They are named after it. Without personal data."""
    return f"""
    {source}_on_record as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        select a.event_id, a.correlation_id, a.event_type, a.at, a.data, a.user_id
        from {source}, jsonb_to_recordset({source}.entries)
          as a(event_id uuid, correlation_id text, event_type text, at timestamptz, data text,
               user_id uuid)
        order by a.event_id
        returning id
    ), {source}_queued as (
        insert into audit_pending (entry_id) select id from {source}_on_record
    )
"""  # noqa: S608  put together from constants


APPEND = f"with {AUDIT_INSERT.format(condition='')} select count(*) from audit_added"  # noqa: S608
"""Appends what `audit` holds, a Jsonb of `audit_json`, over a connection of psycopg."""

_ADDED = AUDIT_INSERT.format(condition="").replace("%(audit)s", "cast(:audit as jsonb)")
_APPEND = text(f"""
    with {_ADDED}, audit_personal_added as (
        insert into audit_personal (event_id, field, user_id, salt, value)
        select event_id, field, user_id, decode(salt, 'hex'), value
        from jsonb_to_recordset(cast(:personal as jsonb))
          as p(event_id uuid, field text, user_id uuid, salt text, value text)
    )
    select count(*) from audit_added
""")  # noqa: S608
_ERASE = text("""
    with erased as (delete from audit_personal where user_id = :user_id returning field)
    select field, count(*) as number from erased group by field
""")
_COUNT = text("""
    select field, count(*) as number from audit_personal where user_id = :user_id group by field
""")


async def append(session: AsyncSession, *events: AuditEvent) -> None:
    """Put `events` on record within the caller's transaction, in this order."""
    entries, personal = [], []
    for event in events:
        hashes = {}
        for name, value in event.personal.items():
            salt = secrets.token_bytes(_SALT_BYTES)
            hashes[name] = {"sha256": salted_hash(salt, value)}
            personal.append(
                {
                    "event_id": str(event.event_id),
                    "field": name,
                    "user_id": _id(event.user_id),
                    "salt": salt.hex(),
                    "value": value,
                }
            )
        entries.append(_entry(event, hashes))
    await session.execute(_APPEND, {"audit": Jsonb(entries), "personal": Jsonb(personal)})


def audit_json(events: Iterable[AuditEvent]) -> list[JsonObject]:
    """Return the entries for `AUDIT_INSERT`."""
    return [_entry(event, {}) for event in events]


async def count_personal(session: AsyncSession, user_id: UserId) -> dict[str, int]:
    """Return how many texts say who this user is, by field."""
    rows = await session.execute(_COUNT, {"user_id": user_id})
    return {row.field: row.number for row in rows}


async def erase_personal(session: AsyncSession, user_id: UserId) -> dict[str, int]:
    """Delete whatever says who this user is; the chain stays whole. Return how much, by field."""
    rows = await session.execute(_ERASE, {"user_id": user_id})
    return {row.field: row.number for row in rows}


def salted_hash(salt: bytes, value: str) -> str:
    """Return what the chain holds of a text that may be erased: hex of SHA-256(salt, text)."""
    return hashlib.sha256(salt + value.encode(errors="replace")).hexdigest()


def _entry(event: AuditEvent, personal: JsonObject) -> JsonObject:
    return {
        "event_id": str(event.event_id),
        "correlation_id": event.correlation_id,
        "event_type": event.event_type.value,
        "at": instant(event.at),
        "data": canonical({**event.data, **personal}),
        "user_id": _id(event.user_id),
    }


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)
