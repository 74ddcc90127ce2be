"""Whatever the code of an agent raises or says: its node fails, and no other run notices."""

import asyncio
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest

from kuber.agents.base import AgentFailure, NodeUsage, TriggerNotMet
from kuber.agents.registry import AgentRegistry
from kuber.agents.state import PipelineState
from kuber.infra.plugin_calls import PluginCodeFailed, call_plugin
from kuber.kernel.clock import FixedClock
from kuber.pipelines.types import MANAGER_NODE, Graph
from kuber.runs.attempt import Attempt, AttemptOutcome, Limits, attempt_node
from kuber.runs.executor import _own_config
from kuber.runs.foreign import LONGEST_WAIT, MOST_TEXT, check_usage, cleaned, storable
from kuber.runs.lineage import MOST_BYTES
from kuber.runs.plan import PlannedNode, compile_plan
from kuber.runs.records import result_of
from tests.fakes.agents import buy, harness
from tests.fakes.graphs import graph, node

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
STATE = harness().state("ACME")
LIMITS = Limits(node_s=5, run_s=10, attempts=5, retry_base_s=1, retry_cap_s=60)


class Silent(ValueError):
    """Has no words."""

    def __str__(self) -> str:
        raise RuntimeError("none")


def attempt_of(error: BaseException) -> Attempt:
    async def process(state: PipelineState) -> PipelineState:
        raise error

    return Attempt(
        make=lambda: Mock(process=process),
        state=STATE.model_copy,
        first=1,
        limits=LIMITS,
        clock=FixedClock(NOW),
        usage=NodeUsage(),
        look_again=lambda not_met: not_met.wake_at or NOW,
        on_start=lambda number: None,
        on_retry=lambda failure, number, delay: None,
    )


@pytest.fixture(scope="module")
def foreign() -> PlannedNode:
    """A node whose agent is none of Kuber's own."""
    drawn = graph([node("start", "manual_trigger")], [])
    plan = compile_plan(Graph.model_validate(drawn), AgentRegistry.discover(), MANAGER_NODE)
    agent = type("Foreign", (plan.nodes[1].agent,), {"__module__": "somebody.agents"})
    return replace(plan.nodes[1], agent=agent)


def left(foreign: PlannedNode, **update: Any) -> tuple[str, str]:
    """Return the status and the error's code of a node that left this in the state."""
    after = STATE.model_copy(update=update)
    outcome = AttemptOutcome(1, 1.0, state=after)
    record, _ = result_of(foreign, outcome, STATE, NOW, NOW, [])
    return record.status.value, record.error["code"] if record.error else ""


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(3),
        GeneratorExit(),
        BaseException("odd"),
        asyncio.CancelledError(),
        BaseExceptionGroup("", [KeyboardInterrupt()]),
        Silent(),
        ValueError("\ud800\x00"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_an_agent_raises_is_its_failure(error: BaseException) -> None:
    outcome = await attempt_node(attempt_of(error))
    assert outcome.failure is not None
    assert outcome.failure.code == "agent_crashed"
    assert type(error).__name__ in outcome.failure.message
    outcome.failure.message.encode()


async def test_a_cancellation_by_somebody_else_is_none_of_the_agents() -> None:
    begun = asyncio.Event()

    async def process(state: PipelineState) -> PipelineState:
        begun.set()
        await asyncio.Event().wait()
        return state

    attempt = replace(attempt_of(ValueError()), make=lambda: Mock(process=process))
    task = asyncio.create_task(attempt_node(attempt))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_trigger_that_looks_again_at_a_time_without_a_zone_fails() -> None:
    naive = datetime(2026, 1, 6)  # noqa: DTZ001  what is to be refused
    outcome = await attempt_node(attempt_of(TriggerNotMet("later", naive)))
    assert outcome.failure is not None
    assert outcome.failure.code == "bad_wake_at"
    unmet = await attempt_node(attempt_of(TriggerNotMet("\ud800", NOW)))
    assert unmet.pause is not None
    assert unmet.pause.reason == "?"


async def test_a_trigger_that_looks_again_after_a_year_fails() -> None:
    farthest = NOW + LONGEST_WAIT
    waits = await attempt_node(attempt_of(TriggerNotMet("later", farthest)))
    assert waits.pause is not None
    assert waits.pause.wake_at == farthest
    for late in (farthest + timedelta(seconds=1), datetime(9999, 12, 31, tzinfo=UTC)):
        outcome = await attempt_node(attempt_of(TriggerNotMet("later", late)))
        assert outcome.failure is not None
        assert outcome.failure.code == "bad_wake_at"


def test_words_of_a_failure_can_be_stored() -> None:
    failure = AgentFailure("a\x00\ud800", "m\x00\ud800" + "x" * MOST_TEXT, remedy="r\x00")
    told = cleaned(failure)
    assert (told.code, told.remedy) == ("a?", "r")
    assert told.message.startswith("m?xx")
    assert len(told.message) <= MOST_TEXT
    nothing = cleaned(AgentFailure(None, None))  # type: ignore[arg-type]
    assert (nothing.code, nothing.message) == ("agent_failed", "None")


def test_words_at_the_limit_are_kept_whole() -> None:
    assert storable("x" * 10, 10) == "x" * 10
    assert storable("x" * 11, 10) == "x" * 9 + "\u2026"


@pytest.mark.parametrize(
    ("added", "charged"),
    [
        (float("nan"), 0),
        (-5, 0),
        (2**40, 2**31 - 1),
        (float("inf"), 2**31 - 1),
        ("12", 0),
        (12, 12),
    ],
)
def test_a_meter_with_nonsense_is_brought_to_what_can_be_charged(added: Any, charged: int) -> None:
    usage = NodeUsage(input_tokens=added, output_tokens=added)
    check_usage(usage)
    assert (usage.input_tokens, usage.output_tokens) == (charged, charged)


def test_a_figure_that_nobody_could_read_again_fails_the_node(foreign: PlannedNode) -> None:
    for figure in ("NaN", "Infinity"):
        plan = buy().model_copy(update={"entry": Decimal(figure)})
        assert left(foreign, strategy=plan) == ("failed", "bad_state")
    assert left(foreign, strategy=buy()) == ("succeeded", "")


def test_values_that_raise_when_they_are_compared_fail_the_node(foreign: PlannedNode) -> None:
    class Trap:
        def __eq__(self, other: object) -> bool:
            raise KeyboardInterrupt

        __hash__ = None  # type: ignore[assignment]

    assert left(foreign, strategy=Trap()) == ("failed", "bad_state")


def test_more_than_can_be_shown_fails_the_node(foreign: PlannedNode) -> None:
    assert left(foreign, extra={"a": "x" * MOST_BYTES}) == ("failed", "bad_state")
    assert left(foreign, extra={"a": "x" * (MOST_BYTES - 8)}) == ("succeeded", "")


def test_settings_are_the_attempts_own_but_for_agents_of_kubers_own(foreign: PlannedNode) -> None:
    assert _own_config(foreign) is not foreign.config
    assert _own_config(foreign) == foreign.config
    own = replace(foreign, agent=foreign.agent.__mro__[1])
    assert _own_config(own) is own.config


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), asyncio.CancelledError()])
def test_code_that_is_called_ends_no_process(error: BaseException) -> None:
    def code() -> None:
        raise error

    with pytest.raises(PluginCodeFailed, match=type(error).__name__):
        call_plugin(code)


def test_code_that_is_called_gives_its_answer_or_its_error() -> None:
    assert call_plugin(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        call_plugin(lambda: 1 // 0)


def test_a_process_whose_event_loop_ends_ends_too() -> None:
    program = """
        from unittest.mock import AsyncMock
        from kuber.workers.runs import _Process

        def interrupt():
            raise KeyboardInterrupt

        process = _Process(AsyncMock())
        process._loop.call_soon_threadsafe(interrupt)
        process._thread.join()
        print("goes on")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 70
    assert "goes on" not in done.stdout
