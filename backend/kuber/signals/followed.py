"""Which symbols somebody waits for: the feed quotes them."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.market.scanners.service import tickers_of
from kuber.pipelines.subscriptions import periodic_symbols, signal_pipelines
from kuber.signals.models import GeneratorRow


async def followed_symbols(session: AsyncSession) -> frozenset[str]:
    """Return the symbols of active pipelines, of the scanners they use, of enabled generators."""
    pipelines = await signal_pipelines(session)
    scanners = {item.trigger.scanner_id for item in pipelines if item.trigger.scanner_id}
    tickers = await tickers_of(session, scanners)
    generated = await session.scalars(
        select(func.unnest(GeneratorRow.symbols)).where(GeneratorRow.enabled).distinct()
    )
    return frozenset(generated).union(await periodic_symbols(session), *tickers.values())
