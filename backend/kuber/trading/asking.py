"""What people ask of the order service: a row, a call by NOTIFY, and what came of it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database, raw_connection
from kuber.kernel.ids import UserId, new_id
from kuber.trading.order_service.statements import ORDERS_CHANNEL
from kuber.trading.order_types import RequestKind

_ASK_EVERY_S = 0.02
_INSERT = """
    insert into order_requests (id, user_id, kind, target, args, correlation_id, requested_at)
    select id, %(user_id)s, %(kind)s, target, %(args)s, %(correlation_id)s, %(now)s
    from unnest(%(ids)s::uuid[], %(targets)s::uuid[]) as t(id, target)
"""


async def ask(
    session: AsyncSession,
    user_id: UserId,
    kind: RequestKind,
    targets: Sequence[UUID],
    args: Mapping[str, JsonValue],
    correlation_id: str,
    now: datetime,
) -> list[UUID]:
    """Ask the same of several orders or positions; return the requests' ids, in their order."""
    ids = [new_id() for _ in targets]
    connection = await raw_connection(session)
    await connection.execute(
        _INSERT.encode(),
        {
            "user_id": user_id,
            "kind": kind.value,
            "args": Jsonb(dict(args)),
            "correlation_id": correlation_id,
            "now": now,
            "ids": ids,
            "targets": list(targets),
        },
    )
    await call(session)
    return ids


async def call(session: AsyncSession) -> None:
    """Have the order service look when this transaction commits."""
    await session.execute(text("select pg_notify(:channel, '')"), {"channel": ORDERS_CHANNEL})


async def wait_until(
    database: Database, statement: str, values: Mapping[str, object], seconds: float
) -> bool:
    """Return whether a query gives true within so many seconds; it is asked again and again.

    No connection is held between two looks.
    """
    until = monotonic() + seconds
    while True:
        async with database.transaction() as session:
            if await session.scalar(text(statement), dict(values)):
                return True
        if monotonic() >= until:
            return False
        await asyncio.sleep(_ASK_EVERY_S)
