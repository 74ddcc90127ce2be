"""Settings of generators: examined where that holds nobody up, and what was found kept true.

To compile what somebody wrote takes long, and the code of a plug-in takes what it takes: both are
the work of a child process, and a row keeps what was found, so that lists only read it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from kuber.infra.children import ChildDied, ChildFailed, ChildPool, ChildTimedOut, PoolBusy
from kuber.infra.db import Database
from kuber.kernel.errors import KuberError
from kuber.market.types import Bars
from kuber.signals.generators.errors import GeneratorError
from kuber.signals.generators.registry import GeneratorRegistry
from kuber.signals.generators.trial import Trial, try_out, try_out_kind, warm_up_of_kind
from kuber.signals.models import GeneratorRow

RULES = 1
"""Raise it when settings are judged differently than before, so that all are examined again."""
TOO_LONG = "With these settings the generator takes too long."
_BUSY_S = 1.0
_AWAY_S = 5.0

_log = structlog.get_logger(__name__)


class GeneratorChecks:
    """Says whether generators can work with their settings.

    Everything is done in a child of `pool`; without one in a thread.
    """

    def __init__(self, registry: GeneratorRegistry, pool: ChildPool | None) -> None:
        self._registry = registry
        self._pool = pool
        self.checker = f"{registry.fingerprint}.{RULES}"
        """Stands beside a stored verdict; another one means that it may be out of date."""

    async def warm_up(self, kind: str, config: Mapping[str, JsonValue], owner: str) -> int:
        """Return how many bars a generator with these settings must have seen.

        Raises UnknownGenerator, GeneratorUnavailable, GeneratorError naming each wrong field; and
        the pool's errors.
        """
        if self._pool is None:
            return (await asyncio.to_thread(self._registry.make, kind, config)).warm_up
        self._registry.get(kind)
        try:
            verdicts = self._registry.verdicts_folder
            return await self._pool.run(warm_up_of_kind, kind, config, verdicts, owner=owner)
        except (ChildTimedOut, ChildDied) as error:
            raise GeneratorError(TOO_LONG) from error

    async def try_out(
        self, kind: str, config: Mapping[str, JsonValue], bars: Bars, most: int, owner: str
    ) -> Trial:
        """Return the `most` newest signals that the generator would have sent on `bars`.

        Raises GeneratorError, and the pool's errors.
        """
        if self._pool is None:
            generator = await asyncio.to_thread(self._registry.make, kind, config)
            return await asyncio.to_thread(try_out, generator, bars, most)
        try:
            verdicts = self._registry.verdicts_folder
            return await self._pool.run(
                try_out_kind, kind, config, bars, most, verdicts, owner=owner
            )
        except (ChildTimedOut, ChildDied):
            return Trial(failure="With these settings the generator takes too long on the bars.")

    async def problem(self, kind: str, config: Mapping[str, JsonValue]) -> str | None:
        """Return why a generator cannot work, None when it can; raises the pool's errors."""
        try:
            await self.warm_up(kind, config, owner="")
        except GeneratorError as error:
            return in_one(error)
        return None

    def stored_problem(self, row: GeneratorRow) -> str | None:
        """Return why a stored generator cannot work here, as is known without looking at it."""
        try:
            generator = self._registry.get(row.kind)
        except GeneratorError as error:
            return in_one(error)
        if generator.unavailable is not None:
            return f"{generator.metadata.name}: {generator.unavailable}"
        return row.problem

    def passed(self, row: GeneratorRow) -> None:
        """Note that the settings of `row` were examined and can be used."""
        row.problem, row.checked_with = None, self.checker


def in_one(error: GeneratorError) -> str:
    """Return an error with all its problems as one text."""
    return " ".join([error.detail, *(one.message for one in error.problems)])


@dataclass(frozen=True, slots=True)
class _Unchecked:
    generator_id: UUID
    kind: str
    config: Mapping[str, JsonValue]
    updated_at: datetime
    """What is changed meanwhile is examined by whoever changes it."""


async def recheck_all_generators(database: Database, checks: GeneratorChecks) -> int:
    """Examine every generator whose verdict others found, one by one; return how many it were.

    Several processes may do the same at once, which only costs time. One that cannot be examined
    is logged and keeps the verdict that it has.
    """
    done, last = 0, UUID(int=0)
    while True:
        try:
            found = await _next_unchecked(database, checks, last)
            if found is None:
                break
            await _recheck(database, checks, found)
        except PoolBusy:  # people come first
            await asyncio.sleep(_BUSY_S)
            continue
        except SQLAlchemyError as error:
            _log.warning("generators_not_rechecked_yet", error=type(error).__name__)
            await asyncio.sleep(_AWAY_S)
            continue
        done, last = done + 1, found.generator_id
    if done:
        _log.info("generators_rechecked", generators=done)
    return done


async def _next_unchecked(
    database: Database, checks: GeneratorChecks, after: UUID
) -> _Unchecked | None:
    query = (
        select(GeneratorRow)
        .where(GeneratorRow.id > after, GeneratorRow.checked_with != checks.checker)
        .order_by(GeneratorRow.id)
        .limit(1)
    )
    async with database.transaction() as session:
        row = (await session.scalars(query)).one_or_none()
        if row is None:
            return None
        return _Unchecked(row.id, row.kind, row.config, row.updated_at)


async def _recheck(database: Database, checks: GeneratorChecks, found: _Unchecked) -> None:
    try:
        problem = await checks.problem(found.kind, found.config)
    except PoolBusy:
        raise
    except (KuberError, ChildFailed) as error:
        _log.warning(
            "generator_not_rechecked", generator_id=str(found.generator_id), error=str(error)
        )
        return
    async with database.transaction() as session:
        await session.execute(
            update(GeneratorRow)
            .where(
                GeneratorRow.id == found.generator_id, GeneratorRow.updated_at == found.updated_at
            )
            .values(problem=problem, checked_with=checks.checker)
        )
