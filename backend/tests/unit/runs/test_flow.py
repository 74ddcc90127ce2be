"""A flow: which nodes share a method, in what order they run, and that it needs no thread."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from kuber.runs.flow import HookExecutor, PipelineFlow, Shape, _class_of, chains, run_flow

LINE: Shape = (("a",), ("b", "a"), ("c", "b"))
DIAMOND: Shape = (("a",), ("b", "a"), ("c", "b"), ("d", "a"), ("e", "c", "d"), ("f", "e"))


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((("a",),), [("a",)]),
        (LINE, [("a", "b", "c")]),
        ((("a",), ("b", "a"), ("c", "a")), [("a",), ("b",), ("c",)]),
        ((("a",), ("b",), ("c", "a", "b"), ("d", "c")), [("a",), ("b",), ("c", "d")]),
        (DIAMOND, [("a",), ("b", "c"), ("d",), ("e", "f")]),
        # Between two lines that lie side by side the order is that of their first nodes.
        ((("a",), ("x",), ("b", "a"), ("y", "x")), [("a", "b"), ("x", "y")]),
    ],
)
def test_nodes_share_a_method_only_along_a_straight_chain(
    shape: Shape, found: list[tuple[str, ...]]
) -> None:
    assert chains(shape) == tuple(found)


async def _order(flow: type[PipelineFlow]) -> list[str]:
    ran: list[str] = []

    async def run_node(node_id: str) -> None:
        ran.append(node_id + "<")
        await asyncio.sleep(0)
        ran.append(node_id + ">")

    await run_flow(flow, run_node)
    return ran


async def test_a_chain_is_one_method_and_runs_in_order() -> None:
    flow = _class_of(LINE)
    assert [name for name in vars(flow) if name.startswith("node_")] == ["node_2"]
    assert await _order(flow) == ["a<", "a>", "b<", "b>", "c<", "c>"]


async def test_branches_run_side_by_side_and_a_join_after_both() -> None:
    ran = await _order(_class_of(DIAMOND))
    assert ran.index("d<") < ran.index("b>")
    assert ran.index("b<") < ran.index("d>")
    assert ran[-4:] == ["e<", "e>", "f<", "f>"]
    assert ran.index("e<") > max(ran.index("c>"), ran.index("d>"))
    assert sorted(ran) == sorted(f"{node}{end}" for node in "abcdef" for end in "<>")


@pytest.fixture
async def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that anybody sends to a thread, on a loop like a worker's."""
    found: list[str] = []
    submit = ThreadPoolExecutor.submit

    def noted(
        pool: ThreadPoolExecutor, call: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        called = call.args[0] if isinstance(call, partial) and call.args else call
        found.append(getattr(called, "__qualname__", repr(called)))
        return submit(pool, call, *args, **kwargs)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", noted)
    asyncio.get_running_loop().set_default_executor(HookExecutor(1))
    return found


async def test_a_flow_sends_nothing_to_a_thread_of_its_own_accord(sent: list[str]) -> None:
    await _order(_class_of(DIAMOND))
    assert sent == [], "CrewAI calls its hooks by other names: see HookExecutor._HOOKS"


async def test_what_an_agent_sends_to_a_thread_gets_there(sent: list[str]) -> None:
    here = threading.get_ident()
    threads: list[int] = []

    async def run_node(node_id: str) -> None:
        threads.append(await asyncio.to_thread(threading.get_ident))

    await run_flow(_class_of(LINE), run_node)
    assert len(threads) == 3
    assert here not in threads
    assert sent == ["get_ident"] * 3


def test_a_flow_has_no_memory_of_its_own() -> None:
    assert _class_of(LINE)(suppress_flow_events=True).memory is None


@pytest.mark.parametrize("name", sorted(HookExecutor._HOOKS))
def test_a_hook_that_needs_no_thread_is_one_that_crewai_has(name: str) -> None:
    from crewai.events.event_bus import crewai_event_bus  # after kuber.runs.flow imported CrewAI

    assert callable(getattr(PipelineFlow, name, None) or getattr(crewai_event_bus, name, None))
