"""Tells open tabs, once a change is committed, how a pipeline stands now."""

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.pipelines.models import PipelineRow

CHANNEL = "kuber_pipelines"
"""PostgreSQL notifies here, at commit, a JSON object: how a pipeline stands, and whose it is."""

_NOTIFY = text("select pg_notify(:channel, :change)")


async def announce(session: AsyncSession, row: PipelineRow, *, deleted: bool = False) -> None:
    """Say what the pipeline's newest revision, published version and status are."""
    change: JsonObject = {
        "user_id": row.user_id,
        "pipeline_id": row.id,
        "revision": row.revision,
        "version": row.version,
        "status": row.status,
    }
    if deleted:
        change["deleted"] = True
    await session.execute(_NOTIFY, {"channel": CHANNEL, "change": orjson.dumps(change).decode()})
