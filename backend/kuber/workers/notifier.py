"""The service that tells people: notices in the app, and mail."""

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from kuber.infra.db import JsonObject
from kuber.infra.heartbeats import Progress
from kuber.notifications.mailer import AT_ONCE, Mailer
from kuber.notifications.notifier import BATCH, Notifier

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 0.25
_MAIL_EVERY_S = 1.0
_AWAY_S = 2.0


class NotifierService:
    """Makes notices four times a second. Mails have tasks of their own, one at a time each: a mail
    server that hangs holds up no notice, and no mail elsewhere. `mailer` is None where no mail is
    sent."""

    name = "notifier"

    def __init__(self, notifier: Notifier, mailer: Mailer | None) -> None:
        self.progress = Progress()
        self._notifier = notifier
        self._mailer = mailer
        self._told = 0
        self._mailed = 0

    async def initialize(self) -> None:
        if self._mailer is None:
            log.info("mail_not_configured", consequence="notices are shown in the app only")

    async def run(self) -> None:
        """Tell until cancelled; raises what PostgreSQL raises."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell())
            if self._mailer is not None:
                for _ in range(AT_ONCE):
                    tasks.create_task(self._mail(self._mailer))

    async def cleanup(self) -> None:
        """Nothing has to be closed."""

    def status(self) -> JsonObject:
        """Return how many rows were told, and mails tried; None where no mail is sent."""
        return {"told": self._told, "mailed": self._mailed if self._mailer else None}

    async def _tell(self) -> None:
        while True:
            taken = await self._notifier.run_once()
            await self._notifier.tidy()
            self._told += taken
            self.progress.made()
            if taken < BATCH:
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _mail(self, mailer: Mailer) -> None:
        while True:
            try:
                tried = await mailer.run_once(1)
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("mail_interrupted", reason=str(error))
                await asyncio.sleep(_AWAY_S)
            except Exception:
                log.exception("mail_failed")  # notices go on all the same
                await asyncio.sleep(_AWAY_S)
            else:
                self._mailed += tried
                if not tried:
                    await asyncio.sleep(_MAIL_EVERY_S)
