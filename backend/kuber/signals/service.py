"""Signals for the API: what came, what it meant for one's own pipelines, and what it would have."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.types import Tier
from kuber.kernel.clock import Clock
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.service import PipelineService
from kuber.pipelines.subscriptions import signal_pipelines
from kuber.pipelines.types import KnownPipeline
from kuber.runs.deleting import runs_left
from kuber.signals.errors import SignalNotFound
from kuber.signals.models import SignalMatchRow, SignalRow
from kuber.signals.preview import TypeCount, count_past
from kuber.signals.repository import SignalRepository
from kuber.signals.schemas import (
    MatchOut,
    PreviewBody,
    PreviewOut,
    SignalList,
    SignalOut,
    TickerOut,
    TypePreview,
    UnmatchedOut,
)
from kuber.signals.subscriptions import TickersOf, subscribers_of
from kuber.signals.tiers import TierPolicy
from kuber.signals.types import Outcome, SignalQuery, SkipReason
from kuber.signals.unmatched import why_unmatched


class SignalService:
    """Every method sees the platform's signals and one user's own."""

    def __init__(
        self, pipelines: PipelineService, tickers_of: TickersOf, tiers: TierPolicy, clock: Clock
    ) -> None:
        self._pipelines = pipelines
        self._tickers_of = tickers_of
        self._tiers = tiers
        self._clock = clock

    async def page(self, session: AsyncSession, user_id: UserId, query: SignalQuery) -> SignalList:
        """Return one page, newest first, each signal with its matches."""
        rows, cursor = await SignalRepository(session).page(user_id, query)
        return SignalList(items=await self._out(session, user_id, rows), next_cursor=cursor)

    async def get(self, session: AsyncSession, user_id: UserId, signal_id: UUID) -> SignalOut:
        """Return one signal with its matches; raises SignalNotFound."""
        row = await SignalRepository(session).find(user_id, signal_id)
        if row is None:
            raise SignalNotFound(f"There is no signal {signal_id}.")
        return (await self._out(session, user_id, [row]))[0]

    async def has_matched(self, session: AsyncSession, pipeline_id: PipelineId) -> bool:
        """Return whether a signal on record says what it meant for the pipeline."""
        return await SignalRepository(session).has_matched(pipeline_id)

    async def preview(
        self,
        session: AsyncSession,
        user_id: UserId,
        tier: Tier,
        tickers: tuple[str, ...],
        body: PreviewBody,
    ) -> PreviewOut:
        """Return what subscriptions to `tickers` would have started in the last days.

        From the signals on record, by the dispatcher's rules on confidence, tier and market hours.
        What depends on the moment (a run still active, the budget) is not taken off.
        """
        now = self._clock.now()
        kinds = [item.signal_type for item in body.subscriptions]
        found = await count_past(
            session,
            user_id,
            tickers,
            body.subscriptions,
            now - timedelta(days=body.days),
            now if body.market_hours_only else None,
        )
        by_type = [self._type_preview(kind, found.get(kind, TypeCount()), tier) for kind in kinds]
        return PreviewOut(
            days=body.days,
            recorded=sum(item.recorded for item in by_type),
            signals=sum(item.signals for item in by_type),
            runs=sum(item.runs for item in by_type),
            by_type=by_type,
        )

    def _type_preview(self, kind: str, count: TypeCount, tier: Tier) -> TypePreview:
        allowed = self._tiers.allows(tier, kind)
        return TypePreview(
            signal_type=kind,
            recorded=count.recorded,
            signals=count.named,
            below_threshold=count.named - count.sure,
            market_closed=count.sure - count.runs,
            tier_allows=allowed,
            runs=count.runs if allowed else 0,
        )

    async def _out(
        self, session: AsyncSession, user_id: UserId, rows: list[SignalRow]
    ) -> list[SignalOut]:
        matches: dict[UUID, list[SignalMatchRow]] = defaultdict(list)
        for match in await SignalRepository(session).matches(user_id, [row.id for row in rows]):
            matches[match.signal_id].append(match)
        pipelines = {match.pipeline_id for found in matches.values() for match in found}
        known = await self._pipelines.known(session, user_id, pipelines) if pipelines else {}
        gone = await _runs_gone(session, matches.values(), known)
        out = [_signal_out(row, matches[row.id], known, gone) for row in rows]
        await self._explain(session, user_id, [one for one in out if not one.matches])
        return out

    async def _explain(
        self, session: AsyncSession, user_id: UserId, unmatched: list[SignalOut]
    ) -> None:
        """Say of signals without matches why they have none."""
        if not unmatched:
            return
        active = await signal_pipelines(session, user_id=user_id)
        subscribers = await subscribers_of(session, active, self._tickers_of)
        for signal in unmatched:
            named = [(item.ticker, item.signal) for item in signal.tickers]
            why = why_unmatched(signal.signal_type, named, len(active), subscribers)
            signal.unmatched = UnmatchedOut(reason=why.reason, detail=why.detail)


async def _runs_gone(
    session: AsyncSession,
    matches: Iterable[list[SignalMatchRow]],
    known: dict[UUID, KnownPipeline],
) -> set[UUID]:
    """Return the runs that were deleted with their pipelines."""
    doubtful = {
        match.run_id
        for found in matches
        for match in found
        if match.run_id is not None and known[match.pipeline_id].deleted
    }
    return doubtful - await runs_left(session, doubtful) if doubtful else set()


def _signal_out(
    row: SignalRow,
    matches: list[SignalMatchRow],
    known: dict[UUID, KnownPipeline],
    gone: set[UUID],
) -> SignalOut:
    outcomes = Counter(match.outcome for match in matches)
    return SignalOut(
        id=row.id,
        signal_type=row.signal_type,
        source=row.source,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        tickers=_tickers(row),
        metadata=row.details,
        extra=row.extra,
        own=row.user_id is not None,
        started=outcomes[Outcome.STARTED.value],
        skipped=outcomes[Outcome.SKIPPED.value],
        matches=[
            MatchOut(
                pipeline_id=match.pipeline_id,
                pipeline_name=known[match.pipeline_id].name,
                pipeline_deleted=known[match.pipeline_id].deleted,
                symbol=match.symbol,
                outcome=Outcome(match.outcome),
                reason=SkipReason(match.reason) if match.reason else None,
                detail=match.detail,
                confidence=match.confidence,
                threshold=match.threshold,
                execution_id=None if match.run_id in gone else match.run_id,
            )
            for match in matches
        ],
    )


def _tickers(row: SignalRow) -> list[TickerOut]:
    return [TickerOut.model_validate(item) for item in row.tickers]
