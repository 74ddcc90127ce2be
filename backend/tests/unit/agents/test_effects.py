import random
import socket
import subprocess
from collections.abc import Awaitable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from kuber.agents.base import AgentMetadata, BaseAgent, Category, NoSettings
from kuber.agents.effects import (
    UNDECLARED,
    Effects,
    Reads,
    Repeat,
    keyed,
    orders,
    pure,
    recorded,
    with_model,
    with_unpinned_data,
)
from kuber.agents.effects_check import UndeclaredEffect, check_effects
from kuber.agents.registry import GROUP, AgentRegistry
from kuber.agents.state import PipelineState
from tests.fakes.agents import harness


def agent_that(work: Any, effects: Effects | None) -> type[BaseAgent[NoSettings]]:
    class Agent(BaseAgent[NoSettings]):
        metadata = AgentMetadata(
            "tried", "Tried", "Is tried.", Category.ANALYSIS, "bolt", effects=effects
        )

        def process(self, state: PipelineState) -> PipelineState | Awaitable[PipelineState]:
            self.say(state, str(work(self)))
            return state

    return Agent


def calls_out(agent: BaseAgent[NoSettings]) -> str:
    with socket.socket() as one:
        one.settimeout(0.2)
        return str(one.connect_ex(("127.0.0.1", 9)))


def calls_out_and_keeps_it_to_itself(agent: BaseAgent[NoSettings]) -> str:
    try:
        return calls_out(agent)
    except AssertionError:
        return "nothing happened"


def starts_a_program(agent: BaseAgent[NoSettings]) -> str:
    return str(subprocess.run(["/bin/true"], check=True).args)


async def check(work: Any, effects: Effects | None) -> None:
    bench = harness()
    await check_effects(bench, agent_that(work, effects), {}, bench.state("ACME"))


@pytest.mark.parametrize("work", [calls_out, calls_out_and_keeps_it_to_itself, starts_a_program])
@pytest.mark.parametrize("effects", [pure(), recorded(Reads.CLOCK), orders(), keyed(Reads.ACCOUNT)])
async def test_who_says_nothing_of_the_outside_and_goes_there_is_caught(
    work: Any, effects: Effects
) -> None:
    with pytest.raises(UndeclaredEffect, match="leaves its process"):
        await check(work, effects)


@pytest.mark.parametrize("effects", [None, recorded(Reads.OUTSIDE), keyed(Reads.OUTSIDE)])
async def test_who_says_it_goes_outside_may(effects: Effects | None) -> None:
    await check(calls_out, effects)


async def test_the_process_is_free_to_go_out_once_the_check_is_over() -> None:
    with pytest.raises(UndeclaredEffect):
        await check(calls_out, pure())
    assert calls_out(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "work",
    [lambda agent: agent.context.clock.now(), lambda agent: random.random()],
    ids=["the clock", "chance"],
)
async def test_who_only_computes_gives_one_answer_to_one_question(work: Any) -> None:
    with pytest.raises(UndeclaredEffect, match="two answers"):
        await check(work, pure())
    await check(work, recorded(Reads.CLOCK))


async def test_the_seed_and_the_moment_of_the_run_are_no_effects() -> None:
    await check(
        lambda agent: random.Random(agent.context.seed).random(),
        pure(),
    )
    await check(lambda agent: agent.context.as_of, pure())


@pytest.mark.parametrize("read", sorted(set(Reads) - {Reads.DATA}))
def test_what_only_computes_reads_nothing_that_changes(read: Reads) -> None:
    with pytest.raises(ValueError, match=read.value):
        pure(Reads.DATA, read)


def test_a_model_makes_a_computation_one_that_is_recorded() -> None:
    assert with_model(pure(Reads.DATA)) == recorded(Reads.DATA, Reads.OUTSIDE)
    assert with_model(keyed()).repeat is Repeat.KEYED
    assert with_model(UNDECLARED) == UNDECLARED


@pytest.mark.parametrize(
    ("effects", "before", "after"),
    [
        (pure(Reads.DATA), False, False),
        (recorded(Reads.ACCOUNT, Reads.CLOCK), False, False),
        (recorded(Reads.OUTSIDE), True, True),
        (with_model(pure()), True, True),
        (orders(Reads.ACCOUNT), False, False),
        (with_model(orders(Reads.ACCOUNT)), True, True),
        (keyed(Reads.ACCOUNT), True, False),
        (UNDECLARED, True, True),
    ],
)
def test_the_record_is_waited_for_where_somebody_outside_is_reached(
    effects: Effects, before: bool, after: bool
) -> None:
    assert (effects.waits_for_the_record, effects.recorded_at_once) == (before, after)


def test_bars_without_versions_are_recorded_by_who_reads_them() -> None:
    assert with_unpinned_data(pure(Reads.DATA)) == recorded(Reads.DATA)
    assert with_unpinned_data(pure()) == pure()
    assert with_unpinned_data(UNDECLARED) == UNDECLARED


class Quiet(BaseAgent[NoSettings]):
    metadata = AgentMetadata("quiet", "Quiet", "Says nothing.", Category.ANALYSIS, "bolt")

    def process(self, state: PipelineState) -> PipelineState:
        return state


class Computes(Quiet):
    metadata = AgentMetadata(
        "computes", "Computes", "Says so.", Category.ANALYSIS, "bolt", effects=pure()
    )


class Confused(Quiet):
    metadata = AgentMetadata(
        "confused", "Confused", "Says it wrongly.", Category.ANALYSIS, "bolt",
        effects="pure",  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Quiet.__module__])
    return [
        EntryPoint(name, f"{__name__}:{name}", GROUP) for name in ("Quiet", "Computes", "Confused")
    ]


def test_silence_means_never_repeat(announced: list[EntryPoint]) -> None:
    registry = AgentRegistry(announced)
    assert registry.effects("quiet") == UNDECLARED
    assert UNDECLARED.repeat is Repeat.UNKEYED
    assert UNDECLARED.reads == frozenset(Reads)


def test_a_plug_in_is_believed_only_when_somebody_vouches_for_its_package(
    announced: list[EntryPoint],
) -> None:
    registry = AgentRegistry(announced)
    provider = next(one.provider for one in registry.catalogue() if one.agent_type == "computes")
    assert provider != "built-in"
    assert registry.effects("computes") == UNDECLARED
    assert registry.effects("computes", trusted=["another"]) == UNDECLARED
    assert registry.effects("computes", trusted=[provider]) == pure()
    assert registry.effects("quiet", trusted=[provider]) == UNDECLARED


def test_effects_that_are_none_leave_the_agent_out(announced: list[EntryPoint]) -> None:
    registry = AgentRegistry(announced)
    assert not registry.knows("confused")
    assert "effects" in registry.problems[0].reason


def test_every_built_in_agent_says_what_it_does() -> None:
    registry = AgentRegistry.discover()
    silent = [
        row.agent_type
        for row in registry.catalogue()
        if row.provider == "built-in" and registry.effects(row.agent_type) == UNDECLARED
    ]
    assert silent == []
