"""Which long-running services are alive and get on, from the heartbeats that they leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import psutil
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject, RawConnection
from kuber.infra.models import ServiceBeatRow

LOST_AFTER = timedelta(seconds=10)
"""A service that was not heard for so long is lost, whatever it said last."""

_HICCUP_S = 5.0

BEAT = """
    insert into service_beats (service, instance, state, detail, started_at, beat_at, progress_at,
                               waiting_for)
    values (%(service)s, %(instance)s, %(state)s, %(detail)s, %(started_at)s, %(now)s,
            %(progress_at)s, %(waiting_for)s)
    on conflict (service, instance) do update
        set state = excluded.state, detail = excluded.detail, started_at = excluded.started_at,
            beat_at = excluded.beat_at, progress_at = excluded.progress_at,
            waiting_for = excluded.waiting_for
"""
"""Writes the beat of one instance of a service."""
FORGET_BEATS = "delete from service_beats where beat_at < now() - interval '1 day'"
ALL_WELL = """
    select bool_and(state in ('running', 'waiting') and beat_at > now() - interval '10 s')
    from service_beats where split_part(instance, ':', 1) = %s and state <> 'stopped'
      and beat_at > now() - interval '10 min'
"""
"""Says whether every service of a host was heard of late and gets on; null without any."""

_SILENT = """
    select service, instance, beat_at from service_beats
    where service = any(%s) and instance <> %s and split_part(instance, ':', 1) = %s
      and state <> 'stopped' and beat_at < now() - %s
"""
_FORGET = "delete from service_beats where service = %s and instance = %s and beat_at = %s"


@dataclass(frozen=True, slots=True)
class ServiceBeat:
    """One instance of a service.

    `state` is starting, running, waiting, failing, stopped or lost. `progress_at` is when it last
    finished a round of its work, or found nothing to do; `waiting_for` names what keeps it waiting.
    """

    service: str
    instance: str
    state: str
    detail: JsonObject
    started_at: datetime
    beat_at: datetime
    progress_at: datetime
    waiting_for: str | None


class Progress:
    """How a service gets on: it says so after each round, also one with nothing to do.

    A service that is silent for `within_s` seconds is stuck, whatever else it says.
    """

    def __init__(self, within_s: float = 30.0, now_s: Callable[[], float] = monotonic) -> None:
        self._within_s = within_s
        self._now_s = now_s
        self._at_s = now_s()
        self.rounds = 0
        self.waiting_for: str | None = None

    def begin(self) -> None:
        """Count the time from now: the service has just been started."""
        self._at_s = self._now_s()
        self.waiting_for = None

    def made(self) -> None:
        """Note that a round was finished."""
        self.rounds += 1
        self.begin()

    def wait_for(self, what: str) -> None:
        """Note that the service can do nothing until `what`, a name for people, is back."""
        self.waiting_for = what

    @property
    def age_s(self) -> float:
        """How long ago the last round was finished."""
        return self._now_s() - self._at_s

    @property
    def waiting(self) -> bool:
        """Whether something has kept it waiting for longer than a hiccup."""
        return self.waiting_for is not None and self.age_s > _HICCUP_S

    @property
    def stuck(self) -> bool:
        """Whether no round was finished for too long."""
        return self.age_s > self._within_s


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
            row.progress_at,
            row.waiting_for,
        )
        for row in (await session.scalars(query)).all()
    ]


async def replace_lost(connection: RawConnection, services: Sequence[str], instance: str) -> None:
    """Forget the instances of `services` that were lost here and that `instance` has replaced.

    `instance` is `host:process id`. Those of its host fall under this whose process is gone.
    """
    host, _, _ = instance.partition(":")
    cursor = await connection.execute(_SILENT, (list(services), instance, host, LOST_AFTER))
    for service, silent, beat_at in await cursor.fetchall():
        if not _lives(silent, beat_at):
            await connection.execute(_FORGET, (service, silent, beat_at))


def _lives(instance: str, beat_at: datetime) -> bool:
    """Say whether the process that left this beat is there; a namesake began after it."""
    _, _, process_id = instance.partition(":")
    try:
        began: float = psutil.Process(int(process_id)).create_time()
        return began <= beat_at.timestamp()
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True
