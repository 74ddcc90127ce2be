"""Draft and published: what saving, publishing, restoring, copying and switching on do to each."""

import json
from uuid import uuid4

import httpx
import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import chain, edge, graph, node, steps
from tests.fixtures.traders import Trader, node_of

HOURLY = {"kind": "periodic", "every_minutes": 60, "symbols": ["AAPL"], "market_hours_only": False}
BROKEN = graph([node("trigger", "manual_trigger")], [edge("trigger", "ghost")])
EMPTY: JsonObject = {"nodes": [], "edges": []}


def post(
    trader: Trader, pipeline: JsonObject, path: str, revision: int | None = None, **body: object
) -> httpx.Response:
    headers = {} if revision is None else {"If-Match": str(revision)}
    return trader.http.post(f"/pipelines/{pipeline['id']}/{path}", json=body, headers=headers)


def stored(trader: Trader, pipeline: JsonObject) -> JsonObject:
    found: JsonObject = trader.http.get(f"/pipelines/{pipeline['id']}").json()
    return found


def versions(trader: Trader, pipeline: JsonObject) -> list[JsonObject]:
    answer = trader.http.get(f"/pipelines/{pipeline['id']}/versions")
    items: list[JsonObject] = answer.json()["items"]
    return items


def published(pipeline: JsonObject) -> tuple[int, int | None, bool]:
    return pipeline["version"], pipeline["published_version"], pipeline["draft_differs"]


def nodes_of(pipeline: JsonObject) -> list[str]:
    return [item["id"] for item in pipeline["graph"]["nodes"]]


def test_a_first_graph_that_can_run_is_published_and_another_is_not(trader: Trader) -> None:
    whole = trader.create(graph=steps(a={}), trigger=HOURLY)
    assert published(whole) == (1, 1, False)
    assert (whole["status"], whole["published_trigger"]) == ("draft", whole["trigger"])
    assert whole["published_at"] == whole["created_at"]
    bodies: tuple[JsonObject, ...] = ({"graph": BROKEN}, {})
    for body in bodies:
        never = trader.create(**body)
        assert published(never) == (0, None, True)
        assert (never["published_trigger"], never["published_at"]) == (None, None)
        assert versions(trader, never) == []
    file = trader.http.get(f"/pipelines/{whole['id']}/export").json()
    assert published(trader.http.post("/pipelines/import", json=file).json()) == (1, 1, False)


def test_saving_changes_the_draft_and_nothing_of_what_is_published(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    saved = trader.save(made, graph=steps(b={}), trigger=HOURLY)
    assert (saved["revision"], *published(saved)) == (2, 1, 1, True)
    assert saved["published_trigger"] == {"kind": "manual"}
    assert [item["version"] for item in versions(trader, made)] == [1]
    [listed] = trader.http.get("/pipelines").json()["items"]
    assert published(listed) == (1, 1, True)
    back = trader.save(saved, graph=steps(a={}), trigger={"kind": "manual"})
    assert published(back) == (1, 1, False)


def test_publishing_makes_a_version_with_its_name_and_note(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    saved = trader.save(made, graph=steps(b={}, c={}), trigger=HOURLY)
    done = trader.publish(saved, name="  Calmer ", note="Fewer trades.")
    assert (done["revision"], *published(done)) == (2, 2, 2, False)
    assert done["published_trigger"] == done["trigger"]
    newest, first = versions(trader, made)
    assert newest.items() >= {
        "version": 2, "name": "Calmer", "note": "Fewer trades.", "published": True, "node_count": 3
    }.items()  # fmt: skip
    assert (first["version"], first["name"], first["note"], first["published"]) == (
        1, None, None, False
    )  # fmt: skip
    shown = trader.http.get(f"/pipelines/{made['id']}/versions/2").json()
    assert (shown["graph"], shown["trigger"]) == (done["graph"], done["trigger"])


def test_publishing_what_is_published_adds_no_version(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    renamed = trader.save(made, name="Renamed")
    answer = trader.http.post(
        f"/pipelines/{made['id']}/publish", headers={"If-Match": str(renamed["revision"])}
    )
    assert (answer.status_code, published(answer.json())) == (200, (1, 1, False))
    assert len(versions(trader, made)) == 1


def test_publishing_a_trigger_alone_makes_a_version_of_the_same_graph(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    done = trader.publish(trader.save(made, trigger=HOURLY))
    assert published(done) == (2, 2, False)
    assert [item["node_count"] for item in versions(trader, made)] == [2, 2]


def test_a_stale_revision_is_not_published(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    trader.save(made, graph=steps(b={}))
    answer = post(trader, made, "publish", 1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_revision")
    assert published(stored(trader, made)) == (1, 1, True)
    assert post(trader, made, "publish").status_code == 428


def test_a_draft_with_problems_is_not_published_and_the_nodes_are_named(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    saved = trader.save(made, graph=BROKEN)
    answer = post(trader, made, "publish", saved["revision"])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_graph")
    assert all(item["remedy"] for item in problem["errors"])
    assert published(stored(trader, made)) == (1, 1, True)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x" * 121},
        {"note": "x" * 2001},
        {"name": " "},
        {"name": "a\x00b"},
        {"note": "\ud800"},
        {"graph": EMPTY},
        {"name": 7},
        {"revision": 2},
    ],
)
def test_a_hostile_name_or_note_is_refused(trader: Trader, body: JsonObject) -> None:
    made = trader.create(graph=steps(a={}))
    saved = trader.save(made, graph=steps(b={}))
    answer = trader.http.post(
        f"/pipelines/{made['id']}/publish",
        content=json.dumps(body),
        headers={"If-Match": str(saved["revision"]), "Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert published(stored(trader, made)) == (1, 1, True)


def test_switching_on_needs_a_published_version(trader: Trader) -> None:
    made = trader.create(graph=BROKEN, trigger=HOURLY)
    answer = post(trader, made, "activate")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_published")
    assert "Publish" in answer.json()["errors"][0]["remedy"]
    whole = trader.save(made, graph=steps(a={}))
    assert post(trader, made, "activate").status_code == 409
    trader.publish(whole)
    assert post(trader, made, "activate").json()["status"] == "active"


def test_switching_on_looks_at_what_is_published_whatever_the_draft_is(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}), trigger=HOURLY)
    trader.save(made, graph=BROKEN, trigger={"kind": "manual"})
    on = post(trader, made, "activate").json()
    assert (on["status"], on["problem_count"] > 0) == ("active", True)
    assert on["next_run_at"] is not None
    by_hand = trader.create(graph=steps(a={}))
    trader.save(by_hand, trigger=HOURLY)
    refused = post(trader, by_hand, "activate")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "trigger.kind")


@pytest.mark.parametrize(
    "change",
    [
        {"graph": BROKEN},
        {"graph": EMPTY},
        {"trigger": {"kind": "manual"}},
        {"trigger": {"kind": "signal"}},
        {"trigger": {**HOURLY, "symbols": []}},
    ],
)
def test_an_active_pipeline_stays_so_whatever_its_draft_becomes(
    trader: Trader, change: JsonObject
) -> None:
    made = trader.create(graph=steps(a={}), trigger=HOURLY)
    on = post(trader, made, "activate").json()
    saved = trader.save(on, **change)
    assert (saved["status"], saved["next_run_at"]) == ("active", on["next_run_at"])
    assert saved["published_trigger"] == on["trigger"]


@pytest.mark.parametrize(
    ("trigger", "field"),
    [
        ({"kind": "manual"}, "trigger.kind"),
        ({"kind": "signal"}, "trigger.scanner_id"),
        ({**HOURLY, "symbols": []}, "trigger.symbols"),
    ],
)
def test_an_active_pipeline_takes_no_trigger_that_starts_nothing(
    trader: Trader, trigger: JsonObject, field: str
) -> None:
    made = trader.create(graph=steps(a={}), trigger=HOURLY)
    on = post(trader, made, "activate").json()
    saved = trader.save(on, trigger=trigger)
    answer = post(trader, made, "publish", saved["revision"])
    assert answer.status_code == 422
    found = answer.json()["errors"][0]
    assert found["field"] == field
    assert "eactivate it first" in found["remedy"]
    post(trader, made, "deactivate")
    assert published(trader.publish(saved)) == (2, 2, False)


def test_publishing_an_active_pipeline_moves_its_schedule(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}), trigger={**HOURLY, "every_minutes": 1440})
    on = post(trader, made, "activate").json()
    saved = trader.save(on, trigger={**HOURLY, "every_minutes": 1})
    assert saved["next_run_at"] == on["next_run_at"]
    done = trader.publish(saved)
    assert (done["status"], done["next_run_at"] < on["next_run_at"]) == ("active", True)


def test_restoring_a_version_changes_the_draft_alone(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}), trigger=HOURLY)
    second = trader.publish(trader.save(made, graph=steps(b={}), trigger={"kind": "manual"}))
    assert post(trader, made, "versions/1/restore", 1).status_code == 412
    restored = post(trader, made, "versions/1/restore", second["revision"]).json()
    assert (published(restored), restored["revision"]) == ((2, 2, True), 3)
    assert (restored["graph"], restored["trigger"]) == (made["graph"], made["trigger"])
    third = trader.publish(restored)
    assert published(third) == (3, 3, False)
    assert [item["version"] for item in versions(trader, made)] == [3, 2, 1]
    assert post(trader, made, "versions/9/restore", 3).status_code == 404


def test_a_trigger_is_restored_without_a_scanner_that_is_gone(trader: Trader) -> None:
    scanner = trader.http.post(
        "/scanners", json={"name": "One", "kind": "manual", "tickers": ["AAPL"]}
    ).json()
    types = [{"signal_type": "golden_cross"}]
    signal = {"kind": "signal", "scanner_id": scanner["id"], "subscriptions": types}
    made = trader.create(graph=steps(a={}), trigger=signal)
    second = trader.publish(trader.save(made, trigger=HOURLY))
    assert trader.http.delete(f"/scanners/{scanner['id']}").status_code == 204
    restored = post(trader, made, "versions/1/restore", second["revision"]).json()
    assert (restored["trigger"]["kind"], restored["trigger"]["scanner_id"]) == ("signal", None)


@pytest.mark.parametrize("where", ["draft", "published"])
def test_a_scanner_is_in_use_by_a_draft_and_by_what_is_published(
    trader: Trader, where: str
) -> None:
    scanner = trader.http.post(
        "/scanners", json={"name": "One", "kind": "manual", "tickers": ["AAPL"]}
    ).json()
    types = [{"signal_type": "golden_cross"}]
    signal = {"kind": "signal", "scanner_id": scanner["id"], "subscriptions": types}
    path = f"/scanners/{scanner['id']}"
    first, then = (HOURLY, signal) if where == "draft" else (signal, HOURLY)
    made = trader.create(graph=steps(a={}), trigger=first)
    post(trader, made, "activate")
    trader.save(made, trigger=then)
    assert [use["pipeline_id"] for use in trader.http.get(path).json()["used_by"]] == [made["id"]]
    [use] = trader.http.get(path).json()["used_by"]
    assert use["published"] is (where == "published")
    if where == "published":
        refused = trader.http.delete(path)
        assert refused.status_code == 409
        assert refused.json()["detail"] == "Active pipelines start by it: Mine."
    post(trader, made, "deactivate")
    assert trader.http.delete(path).status_code == 204
    if where == "published":
        refused = post(trader, made, "activate")
        assert refused.json()["errors"][0]["field"] == "trigger.scanner_id"
    else:
        post(trader, made, "activate")
        refused = post(trader, made, "publish", 2)
        assert refused.json()["errors"][0]["field"] == "trigger.scanner_id"
    assert refused.status_code == 422


def test_a_clone_has_the_draft_and_what_is_published_as_its_first_version(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    second = trader.publish(trader.save(made, graph=steps(b={}), trigger=HOURLY), name="Second")
    trader.save(second, graph=BROKEN)
    copy = post(trader, made, "clone").json()
    assert (published(copy), copy["status"], copy["revision"]) == ((1, 1, True), "draft", 1)
    assert (copy["published_trigger"], nodes_of(copy)) == (second["trigger"], ["trigger"])
    first = trader.http.get(f"/pipelines/{copy['id']}/versions/1").json()
    assert first["graph"] == second["graph"]
    ran = trader.wait(trader.run(copy["id"]))
    assert (node_of(ran, "b")["status"], ran["pipeline_version"]) == ("succeeded", 1)
    never = trader.create(graph=BROKEN)
    assert published(post(trader, never, "clone").json()) == (0, None, True)


def test_two_graphs_are_compared(trader: Trader) -> None:
    made = trader.create(graph=chain(node("a", "test_step"), node("b", "test_step")))
    changed = chain(node("a", "test_step", seconds=1), node("c", "test_step"))
    second = trader.publish(trader.save(made, graph=changed, trigger=HOURLY))
    found = trader.http.get(f"/pipelines/{made['id']}/diff", params={"from": "1", "to": "2"}).json()
    assert [item["id"] for item in found["nodes"]["added"]] == ["c"]
    assert [item["id"] for item in found["nodes"]["removed"]] == ["b"]
    assert [(item["id"], item["fields"]) for item in found["nodes"]["changed"]] == [
        ("a", ["config"])
    ]
    assert [(item["from"], item["to"]) for item in found["edges"]["added"]] == [("a", "c")]
    assert [(item["from"], item["to"]) for item in found["edges"]["removed"]] == [("a", "b")]
    assert found["trigger_changed"]
    default = trader.http.get(f"/pipelines/{made['id']}/diff").json()
    assert (default["nodes"]["changed"], default["trigger_changed"]) == ([], False)
    trader.save(second, graph=EMPTY)
    default = trader.http.get(f"/pipelines/{made['id']}/diff").json()
    assert len(default["nodes"]["removed"]) == 3


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"from": "2"}, 404),
        ({"from": "0"}, 422),
        ({"to": "-1"}, 422),
        ({"to": "99999999999999999999"}, 422),
        ({"to": "draft;"}, 422),
        ({"from": "\x00"}, 422),
    ],
)
def test_a_graph_that_is_not_there_is_not_compared(
    trader: Trader, params: dict[str, str], status: int
) -> None:
    made = trader.create(graph=steps(a={}))
    answer = trader.http.get(f"/pipelines/{made['id']}/diff", params=params)
    assert answer.status_code == status


def test_nothing_published_is_compared_with_nothing(trader: Trader) -> None:
    made = trader.create(graph=BROKEN)
    answer = trader.http.get(f"/pipelines/{made['id']}/diff")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_published")


def test_a_scanner_that_only_drafts_name_starts_nothing_and_may_go(trader: Trader) -> None:
    scanner = trader.http.post(
        "/scanners", json={"name": "One", "kind": "manual", "tickers": ["AAPL"]}
    ).json()
    signal = {
        "kind": "signal",
        "scanner_id": scanner["id"],
        "subscriptions": [{"signal_type": "golden_cross"}],
    }
    path = f"/scanners/{scanner['id']}"
    by_it = trader.create("By it", graph=steps(a={}), trigger=signal)
    other = trader.create("Other", graph=steps(a={}), trigger=HOURLY)
    for made in (by_it, other):
        assert post(trader, made, "activate").is_success
    trader.save(other, trigger=signal)
    refused = trader.http.delete(path)
    assert refused.status_code == 409
    detail = "Active pipelines start by it: By it. Drafts that name it: Other."
    assert refused.json()["detail"] == detail
    assert [one["message"] for one in refused.json()["errors"]] == ["By it is active."]
    assert post(trader, by_it, "deactivate").is_success
    assert trader.http.delete(path).status_code == 204


def test_a_version_that_there_is_not_is_told_apart_from_a_pipeline(trader: Trader) -> None:
    made = trader.create(graph=steps(a={}))
    for method, path in (("GET", "versions/9"), ("POST", "versions/9/restore")):
        answer = trader.http.request(
            method, f"/pipelines/{made['id']}/{path}", headers={"If-Match": "1"}
        )
        told = answer.json()
        assert (answer.status_code, told["code"]) == (404, "not_found")
        assert told["title"] == "No such version"
        assert [one["field"] for one in told["errors"]] == ["version"]
    gone = trader.http.get(f"/pipelines/{uuid4()}/versions/9").json()
    assert gone["title"] == "No such pipeline"
