"""Pipelines over HTTP: saving, copies, lists, and what is refused."""

from pathlib import Path
from uuid import uuid4

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import IN_THE_PRESENT, chain, edge, gated, graph, node, path, steps
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


def save(trader: Trader, pipeline_id: str, revision: int, **body: object) -> tuple[int, JsonObject]:
    answer = trader.http.put(
        f"/pipelines/{pipeline_id}", json=body, headers={"If-Match": str(revision)}
    )
    return answer.status_code, answer.json()


def test_a_stale_save_is_refused_and_overwrites_nothing(trader: Trader) -> None:
    made = trader.create("First", graph=steps(a={}))
    assert save(trader, made["id"], 1, name="Second")[0] == 200
    code, problem = save(trader, made["id"], 1, name="Third", graph=steps(b={}))
    assert (code, problem["code"]) == (412, "stale_revision")
    stored = trader.http.get(f"/pipelines/{made['id']}")
    assert (stored.json()["name"], stored.json()["revision"]) == ("Second", 2)
    assert stored.headers["ETag"] == '"2"'
    assert [item["id"] for item in stored.json()["graph"]["nodes"]] == ["trigger", "a"]


def test_a_save_without_a_revision_is_refused(trader: Trader) -> None:
    made = trader.create()
    answer = trader.http.put(f"/pipelines/{made['id']}", json={"name": "New"})
    assert (answer.status_code, answer.json()["code"]) == (428, "revision_required")


def test_a_clone_is_a_pipeline_of_its_own(trader: Trader) -> None:
    made = trader.create("Mine", template="ideas-on-paper")
    copy = trader.http.post(f"/pipelines/{made['id']}/clone").json()
    assert (copy["name"], copy["mode"], copy["version"]) == ("Mine (copy)", "validation", 1)
    assert copy["graph"] == made["graph"]
    save(trader, copy["id"], 1, graph=steps(a={}))
    assert trader.http.get(f"/pipelines/{made['id']}").json()["graph"] == made["graph"]
    named = trader.http.post(
        f"/pipelines/{made['id']}/clone", json={"name": "Other", "mode": "simulation"}
    ).json()
    assert (named["name"], named["mode"]) == ("Other", "simulation")


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_a_mode_without_a_broker_is_locked(trader: Trader, mode: str) -> None:
    answer = trader.http.post("/pipelines", json={"name": "Bold", "mode": mode})
    assert (answer.status_code, answer.json()["code"]) == (409, "mode_locked")


def test_an_archived_pipeline_leaves_the_list_and_does_not_run(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    archived = trader.http.post(f"/pipelines/{made['id']}/archive").json()
    assert archived["status"] == "archived"
    assert trader.http.get("/pipelines").json()["items"] == []
    found = trader.http.get("/pipelines", params={"status": "archived"}).json()["items"]
    assert [item["id"] for item in found] == [made["id"]]
    refused = trader.http.post(f"/pipelines/{made['id']}/run", json={"symbol": "AAPL"})
    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
    for way in ("deactivate", "archive"):  # a late click in another tab changes nothing
        late = trader.http.post(f"/pipelines/{made['id']}/{way}")
        assert (late.status_code, late.json()["status"]) == (200, "archived")
    trader.http.post(f"/pipelines/{made['id']}/unarchive")
    assert trader.wait(trader.run(made["id"]))["status"] == "succeeded"


def test_an_archived_pipeline_is_not_changed_until_it_is_brought_back(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    address, based = f"/pipelines/{made['id']}", {"If-Match": str(made["revision"])}
    trader.http.post(f"{address}/archive").raise_for_status()
    for answer in (
        trader.http.put(address, json={"name": "Other"}, headers=based),
        trader.http.put(address, json={"graph": steps(b={})}, headers=based),
        trader.http.post(f"{address}/publish", headers=based),
        trader.http.post(f"{address}/versions/1/restore", headers=based),
        trader.http.post(f"{address}/activate"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "archived"), answer.url
        assert "unarchive" in answer.json()["errors"][0]["remedy"]
    now = trader.http.post(f"{address}/unarchive").json()
    assert (now["name"], now["revision"]) == (made["name"], made["revision"])
    assert trader.save(now, name="Other")["name"] == "Other"


def test_a_pipeline_is_neither_deleted_nor_archived_while_it_runs(
    trader: Trader, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    made = trader.create(graph=gated(str(gate), node("a", "test_step")))
    run_id = trader.run(made["id"], IN_THE_PRESENT)
    for answer in (
        trader.http.delete(f"/pipelines/{made['id']}"),
        trader.http.post(f"/pipelines/{made['id']}/archive"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "already_running")
    trader.http.post(f"/executions/{run_id}/cancel")
    trader.wait(run_id)
    assert trader.http.delete(f"/pipelines/{made['id']}").status_code == 204
    assert trader.http.get(f"/pipelines/{made['id']}").status_code == 404
    assert trader.http.get(f"/executions/{run_id}").status_code == 404


def test_a_graph_with_problems_is_saved_shown_and_not_run(trader: Trader) -> None:
    broken = graph(
        [node("trigger", "manual_trigger"), node("strategy", "strategy", timeframe="never")],
        [*path("trigger", "strategy"), edge("strategy", "ghost")],
    )
    made = trader.create(graph=broken)
    codes = {(problem["code"], problem["node_id"]) for problem in made["problems"]}
    assert codes == {
        ("bad_config", "strategy"),
        ("dangling_edge", "strategy"),
        ("missing_input", "strategy"),
    }
    answer = trader.http.post(
        f"/pipelines/{made['id']}/run", json={"symbol": "AAPL", "draft": True}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_graph")
    assert {(item["code"], item["node_id"]) for item in problem["errors"]} == codes
    assert all(item["remedy"] for item in problem["errors"])
    listed = trader.http.get("/pipelines").json()["items"][0]
    assert (listed["problem_count"], listed["last_run"]) == (3, None)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "graph": {"nodes": [{"id": "a"}], "edges": []}},
        {"name": "x", "graph": {"nodes": "none"}},
        {"name": "x", "graph": {"nodes": [], "edges": [{"from": "a"}]}},
        {"name": "x", "graph": {"nodes": [], "edges": [], "extra": 1}},
        {"name": "   "},
        {"name": "x", "mode": "casino"},
        {"name": "x", "template": "no-such-template"},
        {"name": "x", "template": "golden-cross", "graph": {"nodes": [], "edges": []}},
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_its_field(
    trader: Trader, body: JsonObject
) -> None:
    answer = trader.http.post("/pipelines", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"]


def test_paging_keeps_its_place_while_pipelines_are_added(trader: Trader) -> None:
    names = [f"P{number:02}" for number in range(12)]
    for name in names:
        trader.create(name)
    seen: list[str] = []
    cursor = None
    while True:
        params: dict[str, str | int] = {"sort": "name", "limit": 5}
        if cursor is not None:
            params["cursor"] = cursor
        page = trader.http.get("/pipelines", params=params).json()
        seen += [item["name"] for item in page["items"]]
        trader.create("A newcomer")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == names


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-updated_at"])
def test_every_sort_pages_through_everything_once(trader: Trader, sort: str) -> None:
    made = [trader.create(name)["id"] for name in ("b", "A", "c", "a", "B")]
    seen: list[str] = []
    params: dict[str, str | int] = {"sort": sort, "limit": 2}
    while True:
        page = trader.http.get("/pipelines", params=params).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(made)
    if sort == "created_at":
        assert seen == made


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0", "WyJhIiwiYiJd", "WyJ4IiwgInkiXQ"])
@pytest.mark.parametrize("path", ["/pipelines", "/executions"])
def test_a_cursor_that_no_list_gave_out_is_refused(trader: Trader, path: str, cursor: str) -> None:
    answer = trader.http.get(path, params={"cursor": cursor})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_searching_takes_wildcards_as_they_are(trader: Trader) -> None:
    for name in ("100% safe", "100 safe", "under_score"):
        trader.create(name)
    found = trader.http.get("/pipelines", params={"search": "0%"}).json()["items"]
    assert [item["name"] for item in found] == ["100% safe"]
    found = trader.http.get("/pipelines", params={"search": "R_S"}).json()["items"]
    assert [item["name"] for item in found] == ["under_score"]


def test_the_history_pages_newest_first(trader: Trader) -> None:
    pipeline = trader.create(graph=steps(a={}))
    runs = []
    for _ in range(5):
        runs.append(trader.run(pipeline["id"]))
        trader.wait(runs[-1])
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 2, "pipeline_id": pipeline["id"]}
    while True:
        page = trader.http.get("/executions", params=params).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == runs[::-1]
    last = trader.http.get("/pipelines").json()["items"][0]["last_run"]
    assert (last["execution_id"], last["status"]) == (runs[-1], "succeeded")


def test_the_list_says_until_when_and_for_what_a_last_run_waits(
    trader: Trader, tmp_path: Path
) -> None:
    made = trader.create(graph=gated(str(tmp_path / "gate"), again_s=600))
    run_id = trader.run(made["id"], IN_THE_PRESENT)
    trader.wait(run_id, "waiting")
    last = trader.http.get("/pipelines").json()["items"][0]["last_run"]
    assert (last["status"], last["waits_for"]) == ("waiting", "trigger")
    assert last["wake_at"] == trader.execution(run_id)["wake_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "symbol"),
        ({"symbol": "  "}, "symbol"),
        ({"symbol": "AAPL", "symbols": ["MSFT"]}, "symbols"),
        ({"symbol": "AAPL", "as_of": "2999-01-01T00:00:00Z"}, "as_of"),
        ({"symbol": "AAPL", "as_of": "2009-05-14T21:00:00"}, "as_of"),
        ({"symbol": "AAPL", "seed": -1}, "seed"),
    ],
)
def test_a_run_that_cannot_be_meant_is_refused(
    trader: Trader, body: JsonObject, field: str
) -> None:
    pipeline = trader.create(graph=chain(node("data", "market_data")))
    answer = trader.http.post(f"/pipelines/{pipeline['id']}/run", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_an_agent_of_a_separate_package_is_in_the_catalogue_with_its_form(
    installation: Installation, trader: Trader
) -> None:
    agents = {item["agent_type"]: item for item in trader.http.get("/agents").json()["items"]}
    step = agents["test_step"]
    assert step["provider"] == "kuber-test-agents"
    assert "seconds" in step["config_schema"]["properties"]
    assert step["config_schema"]["additionalProperties"] is False


def test_if_match_is_read_as_http_says(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    url = f"/pipelines/{made['id']}"

    def save(*tags: str) -> tuple[int, str | None]:
        headers = [("If-Match", tag) for tag in tags]
        answer = trader.http.put(url, json={"name": "New"}, headers=headers)
        return answer.status_code, answer.json().get("code")

    assert save('W/"1"') == save('"0", "9"') == save('"abc"') == (412, "stale_revision")
    assert save("garbage") == save("1;2") == (400, "bad_request")
    assert save('"9", "1"') == (200, None)
    assert save('"9"', '"2"') == (200, None)
    assert save("*") == (200, None)
    assert trader.http.get(url).json()["revision"] == 4
    gone = trader.http.put(f"/pipelines/{uuid4()}", json={"name": "N"}, headers={"If-Match": "*"})
    assert gone.status_code == 404
