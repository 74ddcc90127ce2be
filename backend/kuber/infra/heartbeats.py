"""Which long-running services are alive, from the heartbeats that they leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.infra.models import ServiceBeatRow

LOST_AFTER = timedelta(seconds=10)
"""A service that was not heard for so long is lost, whatever it said last."""


@dataclass(frozen=True, slots=True)
class ServiceBeat:
    """One instance of a service; `state` is starting, running, failing, stopped or lost."""

    service: str
    instance: str
    state: str
    detail: JsonObject
    started_at: datetime
    beat_at: datetime


async def service_beats(session: AsyncSession, now: datetime) -> list[ServiceBeat]:
    """Return every instance that was heard within a day, by service; the newest first."""
    query = select(ServiceBeatRow).order_by(
        ServiceBeatRow.service, ServiceBeatRow.beat_at.desc(), ServiceBeatRow.instance
    )
    return [
        ServiceBeat(
            row.service,
            row.instance,
            "lost" if row.state != "stopped" and now - row.beat_at > LOST_AFTER else row.state,
            row.detail,
            row.started_at,
            row.beat_at,
        )
        for row in (await session.scalars(query)).all()
    ]
