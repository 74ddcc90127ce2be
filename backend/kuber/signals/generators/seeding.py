"""The platform's own generators."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.types import AuditEventType
from kuber.kernel.clock import Clock
from kuber.market.types import Timeframe
from kuber.signals.generators.on_record import record
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.models import GeneratorRow

_IDS = UUID("b0c4a1c7-52e3-5a44-8d8c-9b8e6c0f4f3d")
_SHARES = ("AAPL", "GOOG", "MSFT")
_AROUND_THE_CLOCK = ("BTCUSD", "ETHUSD", "GBPUSD", "NVDA", "SPY", "TSLA")


@dataclass(frozen=True, slots=True)
class Seed:
    """A generator of the platform at its default settings."""

    kind: str
    timeframe: Timeframe
    symbols: tuple[str, ...]


DAILY = (
    Seed("golden_cross", Timeframe.D1, _SHARES),
    Seed("rsi", Timeframe.D1, _SHARES),
    Seed("macd_crossover", Timeframe.D1, _SHARES),
)
LIVE = (
    Seed("macd_crossover", Timeframe.M5, _AROUND_THE_CLOCK),
    Seed("rsi", Timeframe.M5, _AROUND_THE_CLOCK),
)
"""Minutes apart, at night too, so that signals come by themselves."""


async def seed_generators(
    session: AsyncSession,
    registry: GeneratorRegistry,
    clock: Clock,
    seeds: Sequence[Seed] = DAILY,
) -> None:
    """Store the platform's generators and put new ones on record; again, it changes nothing."""
    now = clock.now()
    rows: list[dict[str, object]] = [
        {
            "id": uuid5(_IDS, f"{one.kind}/{one.timeframe.value}"),
            "user_id": None,
            "name": f"{registry.get(one.kind).metadata.name}, {one.timeframe.value}",
            "kind": one.kind,
            "config": {},
            "symbols": list(one.symbols),
            "timeframe": one.timeframe.value,
            "created_at": now,
            "updated_at": now,
        }
        for one in seeds
    ]
    statement = insert(GeneratorRow).values(rows).on_conflict_do_nothing().returning(GeneratorRow)
    made = (await session.scalars(statement)).all()
    if made:
        await record(session, clock, AuditEventType.GENERATOR_CREATED, *made)
