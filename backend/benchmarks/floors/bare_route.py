"""The gateway's endpoint without any check: parse JSON, insert delivery and announcement, answer.

Started by uvicorn's factory interface; DATABASE_URL and SOURCE_ID come from the environment.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from psycopg.types.json import Jsonb

from kuber.infra.db import raw_pool

_INSERT = """
    with delivery as (
      insert into webhook_deliveries
        (id, source_id, external_id, received_at, status, code, detail, size_bytes, client_network,
         signal_id)
      values (%(id)s, %(source)s, %(id)s::text, now(), 202, 'accepted', '', 0, '', %(id)s)
      returning signal_id
    )
    insert into outbox (event_id, topic, key, payload, headers)
    select signal_id, 'signals.raw', 'AAPL', %(payload)s, '{}' from delivery
"""


def app() -> FastAPI:
    """Return the bare application."""
    pool = raw_pool(os.environ["DATABASE_URL"], size=8, application_name="bench-floor")
    source = UUID(os.environ["SOURCE_ID"])

    @asynccontextmanager
    async def opened(_app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    bare = FastAPI(lifespan=opened)

    @bare.post("/deliver", status_code=202)
    async def deliver(body: dict[str, Any]) -> dict[str, str]:
        signal_id = uuid4()
        async with pool.connection() as connection:
            await connection.execute(
                _INSERT, {"id": signal_id, "source": source, "payload": Jsonb(body)}
            )
        return {"signal_id": str(signal_id)}

    return bare
