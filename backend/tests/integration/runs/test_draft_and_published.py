"""What runs: the published version, or the draft where it was asked for; and what it stays."""

from pathlib import Path

import httpx
import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import IN_THE_PRESENT, chain, edge, gated, graph, node, steps
from tests.fixtures.limits import allow
from tests.fixtures.traders import Trader, node_of
from tests.fixtures.workers import Installation

BROKEN = graph([node("trigger", "manual_trigger")], [edge("trigger", "ghost")])


def ask(trader: Trader, pipeline: JsonObject, **body: object) -> httpx.Response:
    return trader.http.post(f"/pipelines/{pipeline['id']}/run", json={"symbol": "AAPL", **body})


def nodes_of(execution: JsonObject) -> list[str]:
    return [item["id"] for item in execution["graph"]["nodes"]]


@pytest.mark.parametrize("draft", [BROKEN, steps(b={})])
def test_the_published_version_runs_whatever_the_draft_is(
    trader: Trader, draft: JsonObject
) -> None:
    made = trader.create(graph=steps(a={}))
    trader.save(made, graph=draft)
    ended = trader.wait(trader.run(made["id"]))
    assert (ended["status"], ended["pipeline_version"], nodes_of(ended)) == (
        "succeeded",
        1,
        ["trigger", "a"],
    )
    assert "b" not in [item["node_id"] for item in ended["nodes"]]


def test_what_was_never_published_runs_as_a_draft_only(trader: Trader) -> None:
    made = trader.create()
    whole = trader.save(made, graph=steps(a={}))
    refused = ask(trader, made)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_published")
    assert "draft: true" in refused.json()["errors"][0]["remedy"]
    ended = trader.wait(trader.run(made["id"], draft=True, revision=whole["revision"]))
    assert (ended["status"], ended["pipeline_version"]) == ("succeeded", None)
    [listed] = trader.http.get("/executions").json()["items"]
    assert listed["pipeline_version"] is None
    assert trader.http.get(f"/pipelines/{made['id']}").json()["published_version"] is None


def test_a_draft_runs_at_the_revision_that_was_meant_or_not_at_all(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    saved = trader.save(made, graph=steps(b={}))
    stale = ask(trader, made, draft=True, revision=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_revision")
    assert trader.http.get("/executions").json()["items"] == []
    for more in ({}, {"revision": saved["revision"]}):
        ended = trader.wait(trader.run(made["id"], draft=True, **more))
        assert (nodes_of(ended), ended["pipeline_version"]) == (["trigger", "b"], None)


def test_the_published_version_runs_at_the_revision_that_was_meant_or_not_at_all(
    trader: Trader,
) -> None:
    made = trader.create(graph=steps(a={}))
    ended = trader.wait(trader.run(made["id"], revision=made["revision"]))
    assert (nodes_of(ended), ended["pipeline_version"]) == (["trigger", "a"], 1)
    trader.publish(trader.save(made, graph=steps(b={})))
    stale = ask(trader, made, revision=made["revision"])
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_revision")


def test_a_run_of_a_draft_that_equals_what_is_published_is_one_of_the_draft(
    trader: Trader,
) -> None:
    made = trader.create(graph=steps(a={}))
    ended = trader.wait(trader.run(made["id"], draft=True))
    assert ended["pipeline_version"] is None


def test_a_draft_with_problems_does_not_run(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    trader.save(made, graph=BROKEN)
    refused = ask(trader, made, draft=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_graph")


@pytest.mark.parametrize(
    "body",
    [
        {"revision": 0},
        {"draft": True, "revision": 0},
        {"draft": True, "revision": 2**31},
        {"draft": True, "revision": "x"},
        {"draft": None},
        {"draft": "perhaps"},
    ],
)
def test_a_revision_that_cannot_be_is_refused(trader: Trader, body: JsonObject) -> None:
    made = trader.create(graph=steps(a={}))
    assert ask(trader, made, **body).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"), [({"symbol": "NOSUCH"}, "symbol"), ({"symbols": ["NOSUCH"]}, "symbols")]
)
def test_a_symbol_without_prices_is_refused_with_its_field(
    trader: Trader, body: JsonObject, field: str
) -> None:
    made = trader.create(graph=steps(a={}))
    refused = trader.http.post(f"/pipelines/{made['id']}/run", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_symbol")
    (problem,) = refused.json()["errors"]
    assert (problem["field"], problem["message"]) == (field, "There are no prices for NOSUCH.")
    assert "import its bars" in problem["remedy"]


def test_a_run_that_wakes_up_or_runs_again_keeps_its_graph(trader: Trader, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    made = trader.create(graph=gated(str(gate), node("a", "test_step")))
    run_id = trader.run(made["id"], IN_THE_PRESENT)
    trader.wait(run_id, "waiting")
    second = trader.publish(trader.save(made, graph=steps(b={})))
    gate.touch()
    ended = trader.wait(run_id)
    assert (ended["status"], ended["pipeline_version"]) == ("succeeded", 1)
    assert node_of(ended, "a")["status"] == "succeeded"
    drafted = trader.save(second, graph=steps(c={}))
    of_draft = trader.run(made["id"], draft=True)
    trader.wait(of_draft)
    trader.save(drafted, graph=BROKEN)
    for earlier, version, nodes in (
        (run_id, 1, ["gate", "a"]),
        (of_draft, None, ["trigger", "c"]),
    ):
        again = trader.http.post(f"/executions/{earlier}/rerun", json={}).json()["execution_id"]
        ended = trader.wait(again)
        assert (ended["status"], ended["pipeline_version"], nodes_of(ended)) == (
            "succeeded",
            version,
            nodes,
        )


def test_a_graph_that_no_longer_fits_the_agents_says_what_to_do(
    installation: Installation, trader: Trader
) -> None:
    made = trader.create(graph=steps(a={}))
    as_agents_went = (
        "update pipeline_graphs"
        " set graph = jsonb_set(graph, '{nodes,1,agent_type}', to_jsonb(%s::text))"
        " where pipeline_id = %s"
    )
    installation.query(as_agents_went, "gone", made["id"])
    # Whoever published it found no problem, and this process trusts that.
    ended = trader.wait(trader.run(made["id"]))
    assert (ended["status"], ended["error"]["code"]) == ("failed", "graph_outdated")
    assert "publish" in ended["error"]["remedy"]
    installation.query("update pipelines set published_checked_with = '' where id = %s", made["id"])
    refused = ask(trader, made)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_agent")
    installation.query(as_agents_went, "test_step", made["id"])  # as it is on record


def test_graphs_are_kept_once_and_go_with_what_needs_them(
    installation: Installation, trader: Trader
) -> None:
    def kept() -> int:
        [(found,)] = installation.query("select count(*) from pipeline_graphs")
        return int(str(found))

    before = kept()
    allow(installation.database_url, trader.id, versions_per_pipeline=2)
    first, *others = (chain(node(name, "market_data")) for name in "abcd")  # free of charge
    made = trader.create(graph=first)
    for _ in range(2):
        trader.wait(trader.run(made["id"], draft=True))
    assert kept() == before + 1
    second = trader.publish(trader.save(made, graph=others[0]))
    third = trader.publish(trader.save(second, graph=others[1]))
    assert kept() == before + 3  # the first version went, its graph is that of two runs
    trader.publish(trader.save(third, graph=others[2]))
    assert kept() == before + 3
    listed = trader.http.get(f"/pipelines/{made['id']}/versions").json()["items"]
    assert [item["version"] for item in listed] == [4, 3]
    assert trader.http.delete(f"/pipelines/{made['id']}").status_code == 204
    assert kept() == before


def test_the_graph_of_a_draft_that_ran_counts_as_stored(
    installation: Installation, trader: Trader
) -> None:
    made = trader.create(graph=steps(a={}))
    big = trader.save(made, graph=steps(**{f"step{at}": {} for at in range(100)}))

    def stored() -> int:
        query = "select stored_bytes from pipelines where id = %s"
        [(found,)] = installation.query(query, made["id"])
        return int(str(found))

    before = stored()
    trader.wait(trader.run(big["id"], draft=True))
    assert stored() > before
    other = trader.save(big, graph=steps(**{f"other{at}": {} for at in range(100)}))
    allow(installation.database_url, trader.id, stored_bytes=stored())
    refused = ask(trader, other, draft=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_reached")
