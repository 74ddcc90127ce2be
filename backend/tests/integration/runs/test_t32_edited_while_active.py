"""T32: a pipeline is edited, broken and saved 1,000 times while it is active."""

from kuber.infra.db import JsonObject
from tests.fakes.graphs import edge, graph, node, steps
from tests.fixtures.counts import Tell
from tests.fixtures.traders import Trader

SAVES = 1_000
A_RUN_EVERY = 25
BROKEN = graph([node("trigger", "manual_trigger")], [edge("trigger", "ghost")])
DRAFTS = (steps(b={}), BROKEN, steps(b={}, c={}), steps())


def test_t32_only_the_published_graph_runs_and_the_pipeline_stays_active(
    trader: Trader, tell: Tell
) -> None:
    schedule = {"kind": "periodic", "symbols": ["AAPL"], "every_minutes": 60}
    pipeline = trader.create(graph=steps(a={}), trigger=schedule)
    path = f"/pipelines/{pipeline['id']}"
    assert trader.http.post(f"{path}/activate").status_code == 200
    pipeline = trader.http.get(path).json()
    published, runs = pipeline["version"], list[JsonObject]()
    for number in range(SAVES):
        pipeline = trader.save(pipeline, graph=DRAFTS[number % len(DRAFTS)])
        assert (pipeline["status"], pipeline["version"]) == ("active", published)
        if number % A_RUN_EVERY == 0:
            runs.append(trader.wait(trader.run(pipeline["id"])))
    for run in runs:
        nodes = [one["id"] for one in run["graph"]["nodes"]]
        assert (run["status"], run["pipeline_version"], nodes) == (
            "succeeded",
            published,
            ["trigger", "a"],
        )
        assert not {"b", "c"} & {one["node_id"] for one in run["nodes"]}
    tell(f"T32: {SAVES} saves, {len(runs)} runs, each of version {published}")
