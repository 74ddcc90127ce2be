"""Telling somebody something: a row of the transaction that causes it."""

from collections.abc import Iterable

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.notifications.types import Notice

TO_TELL = "insert into notice_outbox (user_id, kind, at, data, dedupe_key)"
"""Begins the statement that has somebody told something; what follows selects the rows."""
TOLD = "select from notices n where (n.user_id, n.dedupe_key) = "
"""Whether it was told before, for `exists`: the user and the key follow in brackets."""

NOTICE_INSERT = """
    insert into notice_outbox (user_id, kind, at, data, subject, dedupe_key)
    select user_id, kind, at, data, subject, dedupe_key
    from jsonb_to_recordset(%(notices)s)
      as n(user_id uuid, kind text, at timestamptz, data jsonb, subject text, dedupe_key text)
"""
"""Has the notifier tell what `notices` holds, a Jsonb of `notice_json`, over a connection of
psycopg."""
_TELL = text(NOTICE_INSERT.replace("%(notices)s", "cast(:notices as jsonb)"))


async def tell(session: AsyncSession, *notices: Notice) -> None:
    """Have the notifier tell `notices` once the caller's transaction commits."""
    await session.execute(_TELL, {"notices": Jsonb(notice_json(notices))})


def notice_json(notices: Iterable[Notice]) -> list[JsonObject]:
    """Return the rows of `notices` for a statement, as JSON values."""
    return [
        {
            "user_id": str(notice.user_id),
            "kind": notice.kind.value,
            "at": notice.at.isoformat(),
            "data": dict(notice.data),
            "subject": notice.subject,
            "dedupe_key": notice.dedupe_key,
        }
        for notice in notices
    ]
