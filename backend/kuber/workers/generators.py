"""The signal generators as a long-running service."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from kuber.infra.db import JsonObject
from kuber.signals.generators.runner import GeneratorRunner
from kuber.workers.periodic import PeriodicService

_EVERY_S = 1.0
_WITHIN_S = 300.0
"""The first round after a long stop reads months of bars."""

log = structlog.get_logger(__name__)


class GeneratorsService(PeriodicService):
    """Looks for closed bars every second, and frees its generators when it stops."""

    def __init__(self, runner: GeneratorRunner) -> None:
        super().__init__("generators", runner.run_once, _EVERY_S, within_s=_WITHIN_S)
        self._runner = runner

    async def cleanup(self) -> None:
        """Free the generators; when the database is gone, their lease runs out instead."""
        try:
            await self._runner.release()
        except (SQLAlchemyError, OSError) as error:
            log.warning("generators_not_released", reason=str(error))

    def status(self) -> JsonObject:
        """Return how many generators it runs and signals it sent, and which lack bars."""
        return super().status() | self._runner.status()
