"""The shape of a flow: which nodes share a method, and in what order they run."""

import asyncio

import pytest

from kuber.runs.flow import PipelineFlow, Shape, _class_of, chains, run_flow

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
