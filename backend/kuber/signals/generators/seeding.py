"""The platform's own generators."""

from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock
from kuber.market.types import Timeframe
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.models import GeneratorRow

_IDS = UUID("b0c4a1c7-52e3-5a44-8d8c-9b8e6c0f4f3d")
_KINDS = ("golden_cross", "rsi", "macd_crossover")
_SYMBOLS = ("AAPL", "GOOG", "MSFT")


async def seed_generators(session: AsyncSession, registry: GeneratorRegistry, clock: Clock) -> None:
    """Store the platform's generators on the sample; doing it again changes nothing."""
    now = clock.now()
    rows: list[dict[str, object]] = [
        {
            "id": uuid5(_IDS, kind),
            "user_id": None,
            "name": registry.get(kind).metadata.name,
            "kind": kind,
            "config": {},
            "symbols": list(_SYMBOLS),
            "timeframe": Timeframe.D1.value,
            "created_at": now,
            "updated_at": now,
        }
        for kind in _KINDS
    ]
    await session.execute(insert(GeneratorRow).values(rows).on_conflict_do_nothing())
