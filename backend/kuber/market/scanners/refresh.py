"""Looking the tickers of scanners up anew: by request, and on schedule.

A due scanner is taken in one transaction, looked up outside of any, and written in another. Who
takes it puts it off for a while, so that no other instance does the same; if the taker dies, it is
due again after that while.

Filters and lists from other people's servers have a lane each: a server that lets us wait holds up
no filter. In each round every user has a few turns, however many scanners somebody has.
"""

import asyncio
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from kuber.infra.db import Database
from kuber.infra.outbound import OutboundClient, OutboundError
from kuber.kernel.clock import Clock
from kuber.kernel.errors import KuberError
from kuber.kernel.ids import UserId
from kuber.market.models import ScannerRow
from kuber.market.scanners import repository
from kuber.market.scanners.errors import (
    NothingToRefresh,
    RefreshAway,
    ScannerNotFound,
    TooManyRefreshes,
)
from kuber.market.scanners.limits import RefreshLimits
from kuber.market.scanners.schemas import ScannerOut
from kuber.market.scanners.service import ScannerService, put_tickers
from kuber.market.scanners.tickers import answered_tickers
from kuber.market.scanners.types import ScannerFilter, ScannerId, ScannerKind

_log = structlog.get_logger(__name__)

_LEASE = timedelta(minutes=2)
_AT_ONCE = 4
_PER_USER = 3
"""How many scanners of one user a round looks up in each lane."""
_FILTERS_EVERY_S = 2.0
"""How soon due filters are looked for again while lists are still being fetched."""


@dataclass(frozen=True, slots=True)
class _LookUp:
    """A scanner as it was when its look-up began; exactly one of `filter` and `url` is there."""

    scanner_id: ScannerId
    user_id: UserId
    filter: ScannerFilter | None
    url: str | None

    @classmethod
    def of(cls, row: ScannerRow) -> "_LookUp":
        wanted = ScannerFilter.model_validate(row.filter) if row.filter else None
        return cls(ScannerId(row.id), UserId(row.user_id), wanted, row.url)


class ScannerRefresher:
    """Looks tickers up. A failure is written to the scanner, which keeps the tickers it had."""

    def __init__(
        self,
        database: Database,
        scanners: ScannerService,
        outbound: OutboundClient,
        clock: Clock,
        limits: RefreshLimits | None = None,
    ) -> None:
        """`limits` hold for `refresh`; what is due is not limited by them."""
        self._database = database
        self._scanners = scanners
        self._outbound = outbound
        self._clock = clock
        self._limits = limits

    async def refresh(self, user_id: UserId, scanner_id: ScannerId) -> ScannerOut:
        """Look one scanner up now and return it; a failure is in its `refresh_error`.

        Raises ScannerNotFound, NothingToRefresh, TooManyRefreshes, RefreshAway.
        """
        async with self._database.transaction() as session:
            row = await repository.find(session, user_id, scanner_id)
            if row is None:
                raise ScannerNotFound(f"There is no scanner {scanner_id}.")
            if row.refresh_minutes is None:
                raise NothingToRefresh("Its tickers were typed in. Change them by hand.")
            look_up = _LookUp.of(row)
        async with self._limits.one(user_id) if self._limits else nullcontext():
            await self._carry_out(look_up)
        async with self._database.transaction() as session:
            return await self._scanners.get(session, user_id, scanner_id)

    async def refresh_soon(self, user_id: UserId, scanner_id: ScannerId) -> None:
        """The same for whoever does not wait for it: a scanner that is gone is none, and one
        that may not be looked up now is looked up when its turn comes."""
        refusals = (ScannerNotFound, NothingToRefresh, TooManyRefreshes, RefreshAway)
        with suppress(*refusals):
            await self.refresh(user_id, scanner_id)

    async def refresh_due(self, *, limit: int = 20) -> int:
        """Look up at most `limit` lists that are due, and the filters that are due meanwhile;
        return how many there were.

        Any number of instances may call this at the same time: each scanner is taken by one.
        """
        lists = asyncio.create_task(self._refresh_lane(ScannerKind.API, limit))
        filters = 0
        try:
            while True:
                filters += await self._refresh_lane(ScannerKind.FILTER, limit)
                done, _ = await asyncio.wait((lists,), timeout=_FILTERS_EVERY_S)
                if done:
                    return filters + lists.result()
        finally:
            lists.cancel()
            await asyncio.gather(lists, return_exceptions=True)

    async def _refresh_lane(self, kind: ScannerKind, limit: int) -> int:
        now = self._clock.now()
        async with self._database.transaction() as session:
            rows = await repository.take_due(
                session, now, _LEASE, limit, kind=kind, per_user=_PER_USER
            )
            taken = [_LookUp.of(row) for row in rows]
        room = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(look_up: _LookUp) -> None:
            async with room:
                await self._carry_out(look_up)

        done = await asyncio.gather(*map(in_turn, taken), return_exceptions=True)
        for look_up, outcome in zip(taken, done, strict=True):
            if outcome is not None:  # one scanner's trouble must not keep the others from theirs
                scanner_id = str(look_up.scanner_id)
                _log.error("scanner_refresh_failed", scanner_id=scanner_id, exc_info=outcome)
        return len(taken)

    async def _carry_out(self, look_up: _LookUp) -> None:
        try:
            tickers = await self._look_up(look_up)
        except KuberError as error:
            _log.info("scanner_not_refreshed", scanner_id=str(look_up.scanner_id), code=error.code)
            await self._write(look_up, failure=_in_words(error))
        else:
            await self._write(look_up, tickers=tickers)

    async def _look_up(self, look_up: _LookUp) -> tuple[str, ...]:
        if look_up.filter is not None:
            return (await self._scanners.screen(look_up.user_id, look_up.filter)).tickers
        assert look_up.url is not None, "a manual scanner is not looked up"
        return answered_tickers((await self._outbound.get(look_up.url)).content)

    async def _write(
        self, look_up: _LookUp, *, tickers: tuple[str, ...] = (), failure: str | None = None
    ) -> None:
        """Write the outcome, unless the scanner has become another one meanwhile."""
        async with self._database.transaction() as session:
            row = await repository.find(session, look_up.user_id, look_up.scanner_id, lock=True)
            if row is None or row.refresh_minutes is None or _LookUp.of(row) != look_up:
                return
            now = self._clock.now()
            row.next_refresh_at = now + timedelta(minutes=row.refresh_minutes)
            row.refresh_error = failure
            if failure is None:
                row.refreshed_at = now
                await put_tickers(session, row, tickers)


def _in_words(error: KuberError) -> str:
    """Return what went wrong and what to do about it."""
    if isinstance(error, OutboundError):
        return f"{error.detail} {error.remedy}"
    return error.detail
