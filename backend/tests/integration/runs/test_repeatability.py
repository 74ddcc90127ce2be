"""Runs that are repeated, shared or set in the past decide alike."""

import gzip
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import chain, graph, node, path, steps, trading
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.workers import Installation

GOLDEN_DAY = "2009-05-14T21:00:00Z"
TRADING = ("risk", "trade")


def essence(run: JsonObject) -> JsonObject:
    """Return what a run came to, without ids and the times of the clock on the wall."""
    return {
        "status": run["status"],
        "outcome": run["outcome"],
        "trade": run["trade"],
        "report": run["report"],
        "data": run["data"],
        "nodes": [
            {
                key: without_versions(item[key])
                for key in ("node_id", "status", "input", "output", "port", "reasoning", "engine")
            }
            for item in run["nodes"]
        ],
    }


def without_versions(part: Any) -> Any:
    """Return a part of a run without the names that imports give to their bars."""
    if isinstance(part, list):
        return [without_versions(one) for one in part]
    if isinstance(part, dict):
        return {key: without_versions(one) for key, one in part.items() if key != "version"}
    return part


@pytest.mark.parametrize("template", ["golden-cross", "two-analyst-consensus"])
def test_an_exported_pipeline_gives_another_user_the_same_result_bit_for_bit(
    installation: Installation, trader: Trader, template: str
) -> None:
    mine = trader.create("Shared", template=template)
    first = trader.wait(trader.run(mine["id"], as_of=GOLDEN_DAY, seed=42))
    exported = trader.http.get(f"/pipelines/{mine['id']}/export").json()
    other = installation.sign_up()
    answer = other.http.post("/pipelines/import", json=exported)
    assert answer.status_code == 201
    verdict = other.http.post("/pipelines/validate", json={"graph": answer.json()["graph"]})
    assert verdict.json() == {"valid": True, "problems": [], "problem_count": 0}
    second = other.wait(other.run(answer.json()["id"], as_of=GOLDEN_DAY, seed=42))
    assert essence(second) == essence(first)
    if template == "golden-cross":
        assert first["trade"] is not None


@pytest.mark.parametrize("slow", ["left", "right"])
def test_branches_that_trade_take_their_turns_as_drawn_whichever_is_quicker(
    trader: Trader, slow: str
) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("data", "market_data"),
        node("strategy", "strategy", method="golden_cross", timeframe="1d"),
    ]
    edges = path("trigger", "data", "strategy")
    for side in ("left", "right"):
        branch = [
            node(side, "test_step", seconds=0.4 if side == slow else 0),
            node(f"{side}_risk", "risk_manager"),
            node(f"{side}_trade", "trade_manager"),
        ]
        nodes += branch
        edges += path("strategy", *(item["id"] for item in branch))
    run = trader.run_graph(graph(nodes, edges), as_of=GOLDEN_DAY, seed=1)
    steps = [node_of(run, f"{side}_{step}") for side in ("left", "right") for step in TRADING]
    assert [step["status"] for step in steps] == ["succeeded"] * 4
    for earlier, later in pairwise(steps):
        assert earlier["finished_at"] <= later["started_at"]
    left, right = steps[0]["output"]["risk"], steps[2]["output"]["risk"]
    assert left["approved"]
    assert Decimal(left["quantity"]) == 137
    assert Decimal(right["quantity"]) == 25  # with the left ones 162, as 20 % allow


def test_a_trade_is_told_though_a_later_node_stands_aside(trader: Trader) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("data", "market_data"),
        node("strategy", "strategy", method="golden_cross", timeframe="1d"),
        node("risk", "risk_manager"),
        node("trade", "trade_manager"),
        node("again", "trade_manager"),
    ]
    edges = path(*(item["id"] for item in nodes))
    run = trader.run_graph(graph(nodes, edges), as_of=GOLDEN_DAY, seed=1)
    assert run["outcome"].startswith("Bought 137")
    events = trader.http.get(f"/executions/{run['id']}/events")
    assert events.status_code == 200
    told = [one["node_id"] for one in events.json()["items"] if one["type"] == "trade_executed"]
    assert told == ["trade"]


def test_m22_another_seed_decides_and_fills_alike(trader: Trader) -> None:
    runs = [trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=seed) for seed in (1, 4, 13)]
    plans = {str(node_of(run, "strategy")["output"]) for run in runs}
    assert len(plans) == 1
    trades = [run["trade"] for run in runs]
    assert trades == [trades[0]] * 3
    assert (trades[0]["status"], trades[0]["estimated"]) == ("filled", True)


def test_a_run_repeated_from_a_node_keeps_what_came_before(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    answer = trader.http.post(f"/executions/{first['id']}/rerun", json={"from_node": "risk"})
    assert answer.status_code == 202
    second = trader.wait(answer.json()["execution_id"])
    assert essence(second) == essence(first)
    assert second["rerun_of"] == first["id"]
    for name in ("trigger", "data", "strategy"):
        assert node_of(second, name)["finished_at"] == node_of(first, name)["finished_at"]
    for name in ("risk", "trade", "report"):
        assert node_of(second, name)["finished_at"] > first["finished_at"]
    kinds = [event["type"] for event in trader.events(second["id"])]
    assert (kinds[0], kinds.count("execution_started")) == ("execution_started", 1)


def test_a_run_repeated_from_a_node_pays_for_what_runs_again_only(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(steps(kept={}, again={}))
    answer = trader.http.post(f"/executions/{first['id']}/rerun", json={"from_node": "again"})
    second = trader.wait(answer.json()["execution_id"])
    charged = installation.query(
        "select run_id::text, node_id from cost_tracking where run_id = any(%s::uuid[])"
        " order by run_id, node_id",
        [first["id"], second["id"]],
    )
    assert charged == [
        (first["id"], "again"),
        (first["id"], "kept"),
        (second["id"], "again"),
    ]


def test_a_run_of_the_first_rule_of_seeds_keeps_it_when_it_is_run_again(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=13)
    installation.query("update runs set seed_rule = 1 where id = %s", first["id"])
    again = trader.http.post(f"/executions/{first['id']}/rerun").json()["execution_id"]
    assert trader.wait(again)["trade"] == first["trade"]
    rules = installation.query("select seed_rule from runs where id = %s", again)
    assert rules == [(1,)]


def test_a_run_repeated_from_its_report_places_no_second_order(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    answer = trader.http.post(f"/executions/{first['id']}/rerun", json={"from_node": "report"})
    second = trader.wait(answer.json()["execution_id"])
    assert second["trade"] == first["trade"]
    assert installation.query("select 1 from orders where run_id = %s", second["id"]) == []


def test_a_run_whose_order_has_no_answer_is_not_run_again(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    _set_order(installation, first["id"], "intended")
    for body in ({}, {"from_node": "report"}):
        refused = trader.http.post(f"/executions/{first['id']}/rerun", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "order_unanswered")
    _set_order(installation, first["id"], "filled")
    assert trader.http.post(f"/executions/{first['id']}/rerun").status_code == 202


def test_a_run_is_not_repeated_from_behind_a_node_that_ordered_and_left_no_result(
    installation: Installation, trader: Trader
) -> None:
    first = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    installation.query(
        "update node_runs set status = 'cancelled' where run_id = %s and node_id = 'trade'",
        first["id"],
    )
    refused = trader.http.post(f"/executions/{first['id']}/rerun", json={"from_node": "report"})
    assert refused.status_code == 422
    [problem] = refused.json()["errors"]
    assert (problem["field"], "trade" in problem["remedy"]) == ("from_node", True)
    again = trader.http.post(f"/executions/{first['id']}/rerun", json={"from_node": "trade"})
    assert trader.wait(again.json()["execution_id"])["trade"]["status"] == "filled"


def _set_order(installation: Installation, run_id: str, status: str) -> None:
    """Bring the order of a run into a state past the guard of its transitions."""
    with psycopg.connect(installation.database_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update orders set status = %s where run_id = %s", (status, run_id))


def test_a_repeated_run_keeps_its_version_though_the_pipeline_changed(trader: Trader) -> None:
    pipeline = trader.create(graph=steps(old={}))
    first = trader.wait(trader.run(pipeline["id"]))
    trader.publish(trader.save(pipeline, graph=steps(new={})))
    answer = trader.http.post(f"/executions/{first['id']}/rerun", json={})
    second = trader.wait(answer.json()["execution_id"])
    assert (second["pipeline_version"], "old" in statuses_of(second)) == (1, True)
    third = trader.wait(trader.run(pipeline["id"]))
    assert (third["pipeline_version"], "new" in statuses_of(third)) == (2, True)


def test_repeating_from_a_node_that_is_not_there_is_refused(trader: Trader) -> None:
    run = trader.run_graph(steps(work={}))
    answer = trader.http.post(f"/executions/{run['id']}/rerun", json={"from_node": "ghost"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "from_node"


def test_the_same_run_with_the_later_history_deleted_decides_the_same(
    installation: Installation,
) -> None:
    moment = datetime.fromisoformat(GOLDEN_DAY)
    graph = chain(
        node("data", "market_data"),
        node("bias", "bias", timeframes=["1d", "1w"]),
        node(
            "strategy", "strategy", method="trend_following", timeframe="1d", longer_timeframe="1w"
        ),
        node("risk", "risk_manager"),
        node("trade", "trade_manager"),
        node("report", "report"),
    )
    whole, cut = (installation.sign_up() for _ in range(2))
    _import(whole, _history(None))
    _import(cut, _history(moment))
    runs = [trader.run_graph(graph, "AAPL", as_of=GOLDEN_DAY, seed=3) for trader in (whole, cut)]
    assert runs[0]["data"]["source"] == "imported"
    assert essence(runs[0]) == essence(runs[1])
    for run in runs:
        for item in run["nodes"]:
            later = [time for time in _times(item["output"]) if time > moment]
            assert later == [], item["node_id"]


def _history(until: datetime | None) -> str:
    """Return the shipped AAPL history as CSV, cut off after `until`."""
    sample = files("kuber.market.sample").joinpath("us_equities_daily.csv.gz").read_bytes()
    lines = gzip.decompress(sample).decode().splitlines()
    head = lines[0].split(",")
    symbol, date = head.index("symbol"), head.index("date")
    chosen = [
        line
        for line in lines[1:]
        if (cells := line.split(","))[symbol] == "AAPL"
        and (until is None or cells[date] <= until.date().isoformat())
    ]
    return "\n".join([lines[0], *chosen]) + "\n"


def _import(trader: Trader, content: str) -> None:
    answer = trader.http.post(
        "/market/imports",
        files={"file": ("aapl.csv", content, "text/csv")},
        data={"timeframe": "1d"},
    )
    assert answer.status_code == 201, answer.text


def _times(value: object) -> list[datetime]:
    """Return every time anywhere in a JSON value."""
    match value:
        case dict():
            return [time for item in value.values() for time in _times(item)]
        case list():
            return [time for item in value for time in _times(item)]
        case str() if len(value) >= 19 and value[4:5] == "-" and value[10:11] == "T":
            return [datetime.fromisoformat(value)]
    return []
