"""Scanners: make, change, look up, try out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.infra.outbound import AddressRefused, OutboundClient
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id
from kuber.market.models import ScannerRow
from kuber.market.scanners import repository
from kuber.market.scanners.errors import ScannerNotFound, ScannerRefused, TooManyScanners
from kuber.market.scanners.schemas import ScannerBody, ScannerList, ScannerOut, ScreenPreview
from kuber.market.scanners.screener import Screening, screen
from kuber.market.scanners.tickers import typed_tickers
from kuber.market.scanners.types import ScannerFilter, ScannerId, ScannerKind
from kuber.market.scanners.universe import Universe
from kuber.market.service import MarketService

MAX_SCANNERS = 200
"""How many scanners one user may have."""

DEFAULT_REFRESH_MINUTES = 15
_PART_OF: dict[ScannerKind, str] = {
    ScannerKind.MANUAL: "tickers",
    ScannerKind.FILTER: "filter",
    ScannerKind.API: "url",
}


@dataclass(frozen=True, slots=True)
class _Definition:
    """What decides a scanner's tickers, checked: one of the three parts is there."""

    kind: ScannerKind
    tickers: tuple[str, ...] | None
    filter: ScannerFilter | None
    url: str | None
    refresh_minutes: int | None


async def tickers_of(
    session: AsyncSession, scanner_ids: Collection[UUID]
) -> dict[UUID, tuple[str, ...]]:
    """Return the tickers of scanners, whoever owns them; one that is gone is left out."""
    return await repository.tickers(session, scanner_ids)


async def owns_scanner(session: AsyncSession, user_id: UserId, scanner_id: UUID) -> bool:
    """Say whether there is such a scanner and it is the user's."""
    query = select(ScannerRow.id).where(ScannerRow.id == scanner_id, ScannerRow.user_id == user_id)
    return await session.scalar(query) is not None


class ScannerService:
    """What can be done with scanners. Every method sees one user's scanners only."""

    def __init__(self, market: MarketService, outbound: OutboundClient, clock: Clock) -> None:
        self._universe = Universe(market, clock)
        self._outbound = outbound
        self._clock = clock

    async def create(self, session: AsyncSession, user_id: UserId, body: ScannerBody) -> ScannerOut:
        """Store a new scanner. A manual list and a filter have their tickers at once.

        Raises ScannerRefused, TooManyScanners.
        """
        definition = self._checked(body)
        await one_at_a_time(session, user_id, "scanners")
        if await repository.count(session, user_id) >= MAX_SCANNERS:
            raise TooManyScanners(
                f"You have {MAX_SCANNERS} scanners, which is the most. Delete one first."
            )
        now = self._clock.now()
        row = ScannerRow(id=new_id(), user_id=user_id, tickers=[], created_at=now)
        await self._define(session, row, body.name, definition)
        session.add(row)
        await session.flush()
        return ScannerOut.of(row)

    async def get(
        self, session: AsyncSession, user_id: UserId, scanner_id: ScannerId, *, lock: bool = False
    ) -> ScannerOut:
        """Return one scanner, which nobody changes until the transaction ends if `lock`.

        Raises ScannerNotFound.
        """
        return ScannerOut.of(await self._row(session, user_id, scanner_id, lock=lock))

    async def page(
        self, session: AsyncSession, user_id: UserId, cursor: str | None, limit: int
    ) -> ScannerList:
        """Return one page of the list, by name."""
        rows, following = await repository.page(session, user_id, cursor, limit)
        return ScannerList(items=[ScannerOut.of(row) for row in rows], next_cursor=following)

    async def replace(
        self, session: AsyncSession, user_id: UserId, scanner_id: ScannerId, body: ScannerBody
    ) -> ScannerOut:
        """Make a scanner what `body` says; an API scanner keeps its tickers while its URL stays.

        Raises ScannerNotFound, ScannerRefused.
        """
        definition = self._checked(body)
        row = await self._row(session, user_id, scanner_id, lock=True)
        await self._define(session, row, body.name, definition)
        await session.flush()
        return ScannerOut.of(row)

    async def delete(self, session: AsyncSession, user_id: UserId, scanner_id: ScannerId) -> None:
        """Delete a scanner; whether a pipeline needs it is the caller's to ask."""
        await session.delete(await self._row(session, user_id, scanner_id, lock=True))
        await session.flush()
        await repository.announce_change(session, scanner_id)

    async def preview(self, user_id: UserId, wanted: ScannerFilter) -> ScreenPreview:
        """Return what a filter finds now, without storing anything."""
        return ScreenPreview.of(await self.screen(user_id, wanted))

    async def prepare(self, user_id: UserId, body: ScannerBody) -> None:
        """Read what `screen` will look at, so that within a transaction nobody waits for the
        provider. Raises ScannerRefused before anything is read, ProviderUnavailable."""
        self._checked(body)
        if body.kind is ScannerKind.FILTER:
            await self._universe.snapshots(user_id)

    async def screen(self, user_id: UserId, wanted: ScannerFilter) -> Screening:
        """Apply a filter to every instrument with daily bars that the user sees: the imports, the
        sample and what the provider has. The newest bar counts, however old it is.

        Raises ProviderUnavailable.
        """
        return screen(await self._universe.snapshots(user_id), wanted)

    async def _define(
        self, session: AsyncSession, row: ScannerRow, name: str, wanted: _Definition
    ) -> None:
        """Write a definition and the tickers that follow from it into `row`."""
        same_source = (row.kind, row.url) == (wanted.kind.value, wanted.url)
        now = self._clock.now()
        row.name, row.kind, row.url = name, wanted.kind.value, wanted.url
        row.filter = wanted.filter.model_dump(mode="json") if wanted.filter else None
        row.refresh_minutes, row.updated_at = wanted.refresh_minutes, now
        if wanted.kind is ScannerKind.API:
            if not same_source:
                await put_tickers(session, row, ())
                row.refreshed_at, row.refresh_error = None, None
            row.next_refresh_at = now
            return
        tickers = wanted.tickers
        if wanted.filter is not None:
            tickers = (await self.screen(UserId(row.user_id), wanted.filter)).tickers
        assert tickers is not None, "checked: a manual scanner has tickers"
        await put_tickers(session, row, tickers)
        row.refreshed_at, row.refresh_error = now, None
        minutes = wanted.refresh_minutes
        row.next_refresh_at = None if minutes is None else now + timedelta(minutes=minutes)

    def _checked(self, body: ScannerBody) -> _Definition:
        """Return what `body` asks for; raises ScannerRefused."""
        needed = _PART_OF[body.kind]
        for part in _PART_OF.values():
            given = getattr(body, part) is not None
            if given != (part == needed):
                raise _misfit(body.kind, part, given=given)
        if body.kind is ScannerKind.MANUAL and body.refresh_minutes is not None:
            raise _misfit(body.kind, "refresh_minutes", given=True)
        tickers = None if body.tickers is None else typed_tickers(body.tickers)
        refreshed = body.kind is not ScannerKind.MANUAL
        return _Definition(
            body.kind,
            tickers,
            body.filter,
            None if body.url is None else self._checked_url(body.url),
            body.refresh_minutes or DEFAULT_REFRESH_MINUTES if refreshed else None,
        )

    def _checked_url(self, url: str) -> str:
        try:
            return str(self._outbound.check(url))
        except AddressRefused as error:
            problem = Problem(error.detail, error.remedy, field="url", code=error.code)
            raise ScannerRefused(error.detail, [problem]) from error

    async def _row(
        self, session: AsyncSession, user_id: UserId, scanner_id: ScannerId, *, lock: bool = False
    ) -> ScannerRow:
        row = await repository.find(session, user_id, scanner_id, lock=lock)
        if row is None:
            raise ScannerNotFound(f"There is no scanner {scanner_id}.")
        return row


async def put_tickers(session: AsyncSession, row: ScannerRow, tickers: tuple[str, ...]) -> None:
    """Give a scanner its tickers and, when they are others than before, tell the dispatchers."""
    if tuple(row.tickers) != tickers:
        row.tickers = list(tickers)
        await repository.announce_change(session, row.id)


def _misfit(kind: ScannerKind, part: str, *, given: bool) -> ScannerRefused:
    message, remedy = (
        (f"A scanner of kind {kind} takes no {part}.", f"Leave {part} out.")
        if given
        else (f"A scanner of kind {kind} needs {part}.", f"Give {part}.")
    )
    return ScannerRefused(message, [Problem(message, remedy, field=part)])
