"""Readiness asks all services at once, and a hanging one only once."""

import asyncio

import pytest

from kuber.api import health
from kuber.api.health import Readiness


async def test_questions_at_the_same_time_get_the_same_answer() -> None:
    async def fine() -> None:
        await asyncio.sleep(0.01)

    readiness = Readiness({"one": fine, "two": fine})
    answers = await asyncio.gather(*(readiness.check() for _ in range(20)))
    assert {answer.status for answer in answers} == {"ready"}


async def test_a_service_that_hangs_is_named_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "BUDGET_S", 0.02)
    release, asked = asyncio.Event(), []

    async def hangs() -> None:
        asked.append(1)
        await release.wait()

    async def fine() -> None: ...

    readiness = Readiness({"slow": hangs, "quick": fine})
    for _ in range(3):
        found = await readiness.check()
        assert found.status == "not_ready"
        assert {name: check.ok for name, check in found.checks.items()} == {
            "slow": False,
            "quick": True,
        }
    assert len(asked) == 1
    release.set()
    assert (await readiness.check()).status == "ready"


async def test_a_service_that_comes_back_is_asked_anew() -> None:
    away = True

    async def sometimes() -> None:
        if away:
            raise ConnectionError("hush")

    readiness = Readiness({"redis": sometimes})
    refused = (await readiness.check()).checks["redis"]
    assert (refused.ok, refused.detail) == (False, "does not answer (ConnectionError)")
    away = False
    assert (await readiness.check()).status == "ready"
