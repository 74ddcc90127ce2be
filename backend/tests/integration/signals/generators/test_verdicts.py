"""What is wrong with stored generators: found once, by a child, and only read by lists."""

import asyncio
import sys
from importlib.metadata import EntryPoint
from typing import ClassVar, Self
from uuid import UUID

import httpx
import pytest
from prometheus_client import REGISTRY as METRICS
from pydantic import model_validator

from kuber.kernel.ids import UserId
from kuber.market.types import Timeframe
from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.checks import recheck_all_generators
from kuber.signals.generators.registry import GROUP, GeneratorRegistry
from kuber.signals.generators.schemas import GeneratorBody, GeneratorOut
from kuber.signals.generators.service import GeneratorService
from tests.integration.signals.generators.conftest import Workshop
from tests.integration.signals.generators.test_generators_api import BODY, ann, created
from tests.integration.signals.generators.test_runner import person

__all__ = ["ann"]

UNCHECKED = "select 1 from signal_generators where checked_with = ''"
LONG = "1<" + "+".join(str(at % 10) for at in range(499))


class CountedConfig(GeneratorConfig):
    """Settings that count how often they are examined, and that can be told to be wrong."""

    examined: ClassVar[int] = 0
    refused: ClassVar[bool] = False

    @model_validator(mode="after")
    def _count(self) -> Self:
        CountedConfig.examined += 1
        if CountedConfig.refused:
            raise ValueError("no longer good")
        return self


class Counted(SignalGenerator[CountedConfig]):
    metadata = GeneratorMetadata("counted", "Counted", "Counts.", "custom")
    Config = CountedConfig
    warm_up = 1

    def detector(self, ticker: str) -> Detector:
        return _Silent(ticker)


class _Silent(Detector):
    def on_bar(self, bar: Bar) -> Emission | None:
        return None


@pytest.fixture
def service(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> GeneratorService:
    """A service that knows counted generators; they are found to be right."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Counted.__module__])
    monkeypatch.setattr(CountedConfig, "examined", 0)
    monkeypatch.setattr(CountedConfig, "refused", False)
    announced = [EntryPoint("counted", f"{__name__}:Counted", GROUP)]
    return GeneratorService(GeneratorRegistry(announced), workshop.market, workshop.clock)


async def add(workshop: Workshop, service: GeneratorService, user: UserId) -> GeneratorOut:
    body = GeneratorBody(name="C", kind="counted", symbols=("AAPL",), timeframe=Timeframe.D1)
    await service.require_usable(user, body)
    async with workshop.database.transaction() as session:
        return await service.create(session, user, body)


async def unavailable(
    workshop: Workshop, service: GeneratorService, user: UserId
) -> list[str | None]:
    async with workshop.database.transaction() as session:
        return [one.unavailable for one in (await service.page(session, user)).items]


async def forget(workshop: Workshop) -> None:
    await workshop.query("update signal_generators set checked_with = 'other'")


async def test_neither_lists_nor_single_looks_examine_settings(
    workshop: Workshop, service: GeneratorService
) -> None:
    user = await person(workshop)
    made = [await add(workshop, service, user) for _ in range(3)]
    await forget(workshop)
    CountedConfig.examined = 0
    assert await unavailable(workshop, service, user) == [None] * 3
    async with workshop.database.transaction() as session:
        await service.get(session, user, made[0].id)
    assert CountedConfig.examined == 0


async def test_settings_are_examined_once_when_they_are_stored(
    workshop: Workshop, service: GeneratorService
) -> None:
    await add(workshop, service, await person(workshop))
    assert CountedConfig.examined == 1


async def test_a_verdict_that_others_found_is_made_anew_in_the_background(
    workshop: Workshop, service: GeneratorService
) -> None:
    user = await person(workshop)
    for _ in range(2):
        await add(workshop, service, user)
    await forget(workshop)
    CountedConfig.refused = True
    assert await recheck_all_generators(workshop.database, service.checks) == 2
    words = "The settings of the generator are not right. Settings: no longer good."
    assert await unavailable(workshop, service, user) == [words] * 2
    assert await recheck_all_generators(workshop.database, service.checks) == 0


async def test_saving_again_takes_an_old_verdict_away(
    workshop: Workshop, service: GeneratorService
) -> None:
    user = await person(workshop)
    made = await add(workshop, service, user)
    await workshop.query("update signal_generators set problem = 'old', checked_with = 'other'")
    body = GeneratorBody(name="C", kind="counted", symbols=("AAPL",))
    async with workshop.database.transaction() as session:
        changed = await service.update(session, user, made.id, body)
    assert changed.unavailable is None
    assert await recheck_all_generators(workshop.database, service.checks) == 0


async def test_a_kind_that_is_gone_is_told_without_looking_at_settings(
    workshop: Workshop, service: GeneratorService
) -> None:
    user = await person(workshop)
    await add(workshop, service, user)
    without = GeneratorService(GeneratorRegistry([]), workshop.market, workshop.clock)
    [told] = await unavailable(workshop, without, user)
    assert told is not None
    assert "No generator of kind 'counted' is installed" in told


def test_another_set_of_generators_has_another_fingerprint(service: GeneratorService) -> None:
    assert GeneratorRegistry.discover().fingerprint != GeneratorRegistry([]).fingerprint
    assert GeneratorRegistry.discover().fingerprint == GeneratorRegistry.discover().fingerprint


def tasks_of_children() -> float:
    labels = {"pool": "short", "outcome": "done"}
    return METRICS.get_sample_value("kuber_child_seconds_count", labels) or 0.0


async def test_the_api_has_children_compile_what_people_write(
    workshop: Workshop, ann: httpx.AsyncClient
) -> None:
    while await workshop.query(UNCHECKED):  # noqa: ASYNC110  a child does it
        await asyncio.sleep(0.05)
    settings = {"config": {"expression": LONG}, "symbols": ["AAPL"]}
    body = BODY | settings
    trial = {"kind": "expression", "config": settings["config"], "symbol": "AAPL"}

    async def taken(method: str, path: str, json: object = None) -> float:
        before = tasks_of_children()
        answer = await ann.request(method, path, json=json)
        assert answer.is_success, answer.text
        return tasks_of_children() - before

    assert await taken("POST", "/generators", body) == 1
    made = UUID((await created(ann))["id"])
    assert await taken("PUT", f"/generators/{made}", body) == 1
    assert await taken("POST", "/generators/check", trial) == 2
    assert await taken("GET", "/generators") == 0
