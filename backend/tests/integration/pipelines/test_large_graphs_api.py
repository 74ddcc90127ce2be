"""Graphs of a thousand nodes over HTTP: the same answers as small ones, made elsewhere."""

import random
from typing import Any

import pytest

from kuber.infra.db import JsonObject
from kuber.pipelines.schemas import VersionOut
from tests.fakes.graphs import chain, edge, graph, node
from tests.fixtures.traders import Trader

EDGES = 10_000


@pytest.fixture(scope="module")
def drawn() -> JsonObject:
    """A graph as large as may be, full of cycles, each node without what it needs."""
    dice = random.Random(1)
    names = [f"n{number}" for number in range(1000)]
    pairs = {tuple(dice.sample(names, 2)) for _ in range(2 * EDGES)}
    nodes = [node(name, "condition" if name != "n0" else "manual_trigger") for name in names]
    return graph(nodes, [edge(*pair) for pair in sorted(pairs)[:EDGES]])


@pytest.fixture(scope="module")
def runnable() -> JsonObject:
    """A large graph that can run: a few steps, each with much to say about itself."""
    row = [node(f"step{number}", "test_step") for number in range(40)]
    return chain(*(item | {"name": "x" * 80} for item in row)) | {
        "notes": [{"id": f"n{n}", "text": "y" * 1000} for n in range(40)]
    }


def test_a_large_graph_is_judged_with_a_hundred_problems_and_their_number(
    trader: Trader, drawn: JsonObject
) -> None:
    verdict = trader.http.post("/pipelines/validate", json={"graph": drawn}).json()
    assert (verdict["valid"], len(verdict["problems"])) == (False, 100)
    assert verdict["problem_count"] > 100
    assert set(verdict["problems"][0]) == {"code", "node_id", "field", "message", "remedy"}


def test_a_large_graph_is_stored_listed_and_given_back_as_it_was(
    trader: Trader, drawn: JsonObject
) -> None:
    made = trader.create("Large", graph=drawn)
    shown = trader.http.get(f"/pipelines/{made['id']}")
    assert shown.json()["graph"] == made["graph"]
    assert plain(made["graph"]) == plain(drawn)
    assert shown.headers["ETag"] == '"1"'
    assert (len(made["problems"]), made["node_count"]) == (100, 1000)
    [listed] = trader.http.get("/pipelines").json()["items"]
    assert listed["problem_count"] == made["problem_count"] > 100
    assert listed["node_count"] == 1000
    refused = trader.http.post(
        f"/pipelines/{made['id']}/run", json={"symbol": "AAPL", "draft": True}
    )
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 100)
    assert str(made["problem_count"]) in refused.json()["detail"]


def test_a_large_graph_goes_through_every_copy_unchanged(trader: Trader, drawn: JsonObject) -> None:
    made = trader.create("Large", graph=drawn)
    url = f"/pipelines/{made['id']}"
    file = trader.http.get(f"{url}/export").json()
    imported = trader.http.post("/pipelines/import", json=file).json()
    cloned = trader.http.post(f"{url}/clone").json()
    same = trader.save(made, graph=drawn)
    for copy in (file, imported, cloned, same):
        assert copy["graph"] == made["graph"]
    assert cloned["problem_count"] == imported["problem_count"] == made["problem_count"]


def test_a_large_graph_is_published_compared_and_restored_unchanged(
    trader: Trader, runnable: JsonObject
) -> None:
    made = trader.create("Long", graph=runnable)
    url = f"/pipelines/{made['id']}"
    small = trader.publish(trader.save(made, graph=chain(node("a", "report"))))
    first = f"{url}/versions/1"
    restored = trader.http.post(f"{first}/restore", headers={"If-Match": "2"}).json()
    done = trader.publish(restored)
    cloned = trader.http.post(f"{url}/clone").json()
    for copy in (restored, done, cloned, trader.http.get(first).json()):
        assert copy["graph"] == made["graph"]
    assert [item["version"] for item in (small, restored, done, cloned)] == [2, 2, 3, 1]
    found = trader.http.get(f"{url}/diff", params={"from": "2", "to": "3"}).json()
    assert len(found["nodes"]["added"]) == len(runnable["nodes"]) - 1


def test_a_large_graph_runs_and_is_shown_with_its_run(trader: Trader, runnable: JsonObject) -> None:
    made = trader.create("Long", graph=runnable)
    run_id = trader.run(made["id"])
    ended = trader.wait(run_id)
    assert (ended["status"], len(ended["nodes"])) == ("succeeded", 42)
    assert ended["graph"] == made["graph"]
    again = trader.http.post(f"/executions/{run_id}/rerun", json={"from_node": "step30"})
    assert trader.wait(again.json()["execution_id"])["status"] == "succeeded"
    unknown = trader.http.post(f"/executions/{run_id}/rerun", json={"from_node": "ghost"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "from_node")


def test_a_large_body_of_the_wrong_shape_is_refused_like_a_small_one(
    trader: Trader, drawn: JsonObject
) -> None:
    wrong = {"name": "x", "extra": 1, "graph": drawn | {"nodes": [{}] * 100}}
    problem = trader.http.post("/pipelines", json=wrong)
    assert problem.status_code == 422
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.json()["code"], len(problem.json()["errors"])) == ("invalid", 50)
    assert problem.json()["errors"][0]["field"] == "graph.nodes.0.id"
    broken = trader.http.post(
        "/pipelines", content=b"{" * 50_000, headers={"Content-Type": "application/json"}
    )
    assert broken.json()["errors"][0]["code"] == "json_invalid"


def test_a_large_body_of_nobody_is_not_read(trader: Trader, drawn: JsonObject) -> None:
    wrong = {"graph": drawn | {"extra": 1}}
    answer = trader.http.post("/pipelines/validate", json=wrong, headers={"Authorization": ""})
    assert answer.status_code == 401


def test_a_repeated_large_request_gets_the_first_answer(trader: Trader, drawn: JsonObject) -> None:
    body = {"name": "Once", "graph": drawn}
    headers = {"Idempotency-Key": "large"}
    answers = [trader.http.post("/pipelines", json=body, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert len(trader.http.get("/pipelines").json()["items"]) == 1


def test_versions_are_paged_and_carry_no_graph(trader: Trader) -> None:
    made = trader.create(graph=chain())
    for number in range(4):
        made = trader.publish(trader.save(made, graph=chain(node(f"a{number}", "report"))))
    url = f"/pipelines/{made['id']}/versions"
    seen, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = trader.http.get(url, params=params).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert [item["version"] for item in seen] == [5, 4, 3, 2, 1]
    assert set(seen[0]) == set(VersionOut.model_fields)
    assert [item["node_count"] for item in seen] == [2, 2, 2, 2, 1]
    assert trader.http.get(f"{url}/5").json()["graph"] == made["graph"]
    assert trader.http.get(f"{url}/6").status_code == 404
    assert trader.http.get(f"{url}/{2**40}").status_code == 404
    assert trader.http.get(url, params={"cursor": "WyJ4Il0"}).status_code == 422


def test_what_starts_by_hand_is_never_active(trader: Trader) -> None:
    schedule = {"kind": "periodic", "symbols": ["AAPL"], "market_hours_only": False}
    made = trader.create(graph=chain(node("data", "market_data")), trigger=schedule)
    url = f"/pipelines/{made['id']}"
    assert trader.http.post(f"{url}/activate").json()["status"] == "active"
    by_hand = trader.save(made, trigger={"kind": "manual"})
    headers = {"If-Match": str(by_hand["revision"])}
    refused = trader.http.post(f"{url}/publish", headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "trigger.kind")
    assert trader.http.post(f"{url}/deactivate").json()["next_run_at"] is None
    trader.publish(by_hand)
    refused = trader.http.post(f"{url}/activate")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "trigger.kind")
    assert trader.http.get(url).json()["status"] == "draft"


def plain(drawn: JsonObject) -> object:
    """Return what a graph says, whatever its defaults."""
    nodes = [(item["id"], item["agent_type"], item["config"]) for item in drawn["nodes"]]
    return nodes, [(item["from"], item["to"], item["from_port"]) for item in drawn["edges"]]
