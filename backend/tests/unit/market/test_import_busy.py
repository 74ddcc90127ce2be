"""A file that could not be read in time is not blamed while the machine has too much else to do."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from kuber.infra.children import ChildDied, ChildPool, ChildTimedOut, PoolBusy
from kuber.market.errors import ImportRefused
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.said import Said

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class EndingPool:
    """Children that end without a result."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self, *_args: object, **_named: Any) -> None:
        raise self._error


async def looked_at(error: Exception) -> None:
    importer = FileImporter(cast(ChildPool, EndingPool(error)))
    await importer.look_at("bars.csv", Path("bars.csv"), Said(), "somebody", NOW)


def work_waits(monkeypatch: pytest.MonkeyPatch, for_each_processor: float) -> None:
    waiting = for_each_processor * (os.cpu_count() or 1)
    monkeypatch.setattr(os, "getloadavg", lambda: (waiting, 0.0, 0.0))


async def test_on_a_busy_machine_one_is_told_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    work_waits(monkeypatch, 3)
    with pytest.raises(PoolBusy, match="try again"):
        await looked_at(ChildTimedOut("slow"))


async def test_on_an_idle_machine_the_file_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    work_waits(monkeypatch, 1)
    with pytest.raises(ImportRefused):
        await looked_at(ChildTimedOut("slow"))


async def test_a_file_that_takes_too_much_memory_does_so_on_any_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work_waits(monkeypatch, 3)
    with pytest.raises(ImportRefused):
        await looked_at(ChildDied("died"))
