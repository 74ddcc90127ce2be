"""What traded or cost money outlives the pipeline that its owner deleted; what did not, goes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import chain, node, steps, trading
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation

GOLDEN_DAY = "2009-05-14T21:00:00Z"
COSTLY = trading(None, node("dear", "test_step"))
FREE = chain(node("data", "market_data"))


def got(trader: Trader, address: str, **params: str) -> JsonObject:
    answer = trader.http.get(address, params=params)
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


def refused(answer_of: JsonObject, status: int) -> str:
    assert answer_of["status"] == status, answer_of
    return str(answer_of["code"])


def figures(fill: JsonObject) -> tuple[object, ...]:
    return (fill["time"], *(Decimal(fill[key]) for key in ("quantity", "price", "commission")))


def ran(trader: Trader, graph: JsonObject, name: str = "Swing") -> JsonObject:
    """Return the finished run of a new pipeline."""
    pipeline = trader.create(name, graph=graph)
    return trader.wait(trader.run(pipeline["id"], as_of=GOLDEN_DAY, seed=1))


def delete(trader: Trader, pipeline_id: str) -> None:
    answer = trader.http.delete(f"/pipelines/{pipeline_id}")
    assert (answer.status_code, answer.content) == (204, b"")


def publish(trader: Trader, pipeline_id: str, graph: JsonObject, version: int) -> None:
    address = f"/pipelines/{pipeline_id}"
    revision = {"If-Match": str(trader.http.get(address).json()["revision"])}
    saved = trader.http.put(address, json={"graph": graph}, headers=revision).json()
    revision = {"If-Match": str(saved["revision"])}
    published = trader.http.post(f"{address}/publish", json={}, headers=revision)
    assert published.json()["version"] == version, published.text


def test_orders_fills_and_costs_of_a_deleted_pipeline_are_still_told_with_its_name(
    trader: Trader,
) -> None:
    run = ran(trader, COSTLY)
    pipeline_id, cost = run["pipeline_id"], Decimal(run["cost"])
    assert run["trade"]["fills"]
    assert cost > 0
    before = got(trader, "/orders")
    told = got(trader, f"/pipelines/{pipeline_id}/history")
    assert Decimal(told.pop("cost")) == cost
    fills = len(run["trade"]["fills"])
    assert told == {"runs": 1, "orders": 1, "fills": fills, "open_positions": 0, "kept": True}

    delete(trader, pipeline_id)

    [order] = got(trader, "/orders")["items"]
    assert order == {**before["items"][0], "pipeline_deleted": True}
    assert (order["pipeline_id"], order["pipeline_name"]) == (pipeline_id, "Swing")
    assert (order["execution_id"], order["symbol"]) == (run["id"], "AAPL")
    assert list(map(figures, order["fills"])) == list(map(figures, run["trade"]["fills"]))
    filled = sum(Decimal(fill["quantity"]) for fill in order["fills"])
    assert Decimal(order["filled_quantity"]) == filled > 0
    bill = got(trader, "/costs", group_by="pipeline")
    [entry] = bill["items"]
    assert (entry["key"], entry["name"], entry["runs"]) == (pipeline_id, "Swing", 1)
    assert Decimal(entry["amount"]) == Decimal(bill["total"]) == cost
    assert got(trader, f"/executions/{run['id']}") == {**run, "pipeline_deleted": True}
    [listed] = got(trader, "/executions", pipeline_id=pipeline_id)["items"]
    assert (listed["pipeline_name"], listed["pipeline_deleted"]) == ("Swing", True)
    assert got(trader, f"/executions/{run['id']}/events")["items"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "/versions"),
        ("get", "/versions/1"),
        ("get", "/export"),
        ("get", "/history"),
        ("delete", ""),
        ("post", "/unarchive"),
        ("post", "/activate"),
        ("post", "/clone"),
        ("post", "/run"),
    ],
)
def test_a_deleted_pipeline_is_not_found_again(
    kept: tuple[Trader, JsonObject], method: str, path: str
) -> None:
    trader, run = kept
    body = {"json": {"symbol": "AAPL"} if path == "/run" else {}} if method == "post" else {}
    address = f"/pipelines/{run['pipeline_id']}{path}"
    answer = trader.http.request(method, address, **body)  # type: ignore[arg-type]
    assert refused(answer.json(), 404) == "not_found"


def test_a_deleted_pipeline_is_in_no_list_and_takes_no_place(
    installation: Installation, kept: tuple[Trader, JsonObject]
) -> None:
    trader, _ = kept
    for status in ("", "draft", "active", "archived"):
        params = {"status": status} if status else {}
        assert got(trader, "/pipelines", **params)["items"] == []
    limits = got(trader, "/users/me/limits")["items"]
    [places] = [one for one in limits if one["name"] == "pipelines"]
    assert places["used"] == 0


def test_a_run_of_a_deleted_pipeline_is_not_run_again(kept: tuple[Trader, JsonObject]) -> None:
    trader, run = kept
    answer = trader.http.post(f"/executions/{run['id']}/rerun").json()
    assert refused(answer, 409) == "pipeline_deleted"
    assert "Swing was deleted" in answer["detail"]


def test_a_pipeline_that_never_traded_nor_cost_anything_goes_with_its_runs(
    installation: Installation, trader: Trader
) -> None:
    run = ran(trader, FREE)
    assert Decimal(run["cost"]) == 0
    entries = "select 1 from cost_tracking where run_id = %s"
    assert installation.query(entries, run["id"]) == []
    told = got(trader, f"/pipelines/{run['pipeline_id']}/history")
    assert (told["runs"], told["orders"], told["kept"]) == (1, 0, False)
    delete(trader, run["pipeline_id"])
    assert trader.http.get(f"/executions/{run['id']}").status_code == 404
    for table, column in (("pipelines", "id"), ("runs", "pipeline_id")):
        query = f"select 1 from {table} where {column} = %s"
        assert installation.query(query, run["pipeline_id"]) == []


def test_a_pipeline_that_only_cost_money_is_kept(trader: Trader) -> None:
    run = ran(trader, steps(dear={}))
    assert Decimal(run["cost"]) > 0
    told = got(trader, f"/pipelines/{run['pipeline_id']}/history")
    assert (told["orders"], told["kept"]) == (0, True)
    delete(trader, run["pipeline_id"])
    assert got(trader, f"/executions/{run['id']}")["pipeline_name"] == "Swing"


def test_no_cost_goes_with_its_run_and_no_run_with_its_pipeline(
    installation: Installation, trader: Trader
) -> None:
    run = ran(trader, steps(dear={}))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        installation.query("delete from pipelines where id = %s", run["pipeline_id"])
    entries = "select node_id, amount, pipeline_name from cost_tracking where run_id = %s"
    charged = installation.query(entries, run["id"])
    installation.query("delete from runs where id = %s", run["id"])
    assert installation.query(entries, run["id"]) == charged != []
    [entry] = got(trader, "/costs", group_by="pipeline")["items"]
    assert (entry["name"], Decimal(entry["amount"])) == ("Swing", Decimal(run["cost"]))


def test_what_was_run_and_the_newest_version_are_kept_and_what_they_take_up_counts(
    installation: Installation, trader: Trader
) -> None:
    run = ran(trader, steps(dear={}))
    pipeline_id = run["pipeline_id"]
    for version, name in ((2, "never_run"), (3, "newest")):
        publish(trader, pipeline_id, steps(**{name: {}}), version)
    delete(trader, pipeline_id)
    kept = installation.query(
        "select v.version, g.graph from pipeline_versions v join pipeline_graphs g"
        " on g.id = v.graph_id where v.pipeline_id = %s order by version",
        pipeline_id,
    )
    nodes = {version: {one["id"] for one in graph["nodes"]} for version, graph in kept}  # type: ignore[index]
    assert nodes == {1: {"trigger", "dear"}, 3: {"trigger", "newest"}}
    [(stored,)] = installation.query(
        "select stored_bytes - pg_column_size(p.graph) from pipelines p where id = %s", pipeline_id
    )
    [(size,)] = installation.query(
        "select sum(pg_column_size(graph)) from pipeline_graphs where pipeline_id = %s", pipeline_id
    )
    assert stored == size


@contextmanager
def being_deleted(installation: Installation, pipeline_id: str) -> Iterator[psycopg.Connection]:
    """Delete a pipeline, as the program does, in a transaction that the caller ends."""
    with psycopg.connect(installation.database_url) as connection:
        connection.execute("select 1 from pipelines where id = %s for update", (pipeline_id,))
        connection.execute(
            "update pipelines set deleted_at = now(), status = 'archived' where id = %s",
            (pipeline_id,),
        )
        yield connection


def test_no_run_is_started_on_a_pipeline_that_is_being_deleted(
    installation: Installation, trader: Trader
) -> None:
    pipeline = trader.create(graph=FREE)
    with ThreadPoolExecutor(1) as threads, being_deleted(installation, pipeline["id"]) as deleting:
        address = f"/pipelines/{pipeline['id']}/run"
        started = threads.submit(trader.http.post, address, json={"symbol": "AAPL"})
        waiting = (
            "select 1 from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query like 'INSERT INTO runs%%'"
        )
        while not installation.query(waiting):
            assert not started.done(), started.result().text
        deleting.commit()
        assert refused(started.result(30).json(), 404) == "not_found"
    runs = "select 1 from runs where pipeline_id = %s"
    assert installation.query(runs, pipeline["id"]) == []
    # As it is on record, which knows nothing of this deletion.
    installation.query(
        "update pipelines set deleted_at = null, status = 'draft' where id = %s", pipeline["id"]
    )


@pytest.mark.parametrize("end", ["deleted", "archived"])
def test_a_pipeline_of_which_a_run_is_being_started_is_not(
    installation: Installation, trader: Trader, end: str
) -> None:
    address = f"/pipelines/{trader.create(graph=FREE)['id']}"
    asks = {
        "deleted": lambda: trader.http.delete(address),
        "archived": lambda: trader.http.post(f"{address}/archive"),
    }
    waiting = (
        "select 1 from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(1) as threads, psycopg.connect(installation.database_url) as starting:
        pipeline_id = address.rpartition("/")[2]
        starting.execute("select 1 from pipelines where id = %s for key share", (pipeline_id,))
        starting.execute(
            "insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of,"
            " real_time, seed, correlation_id, status) select gen_random_uuid(), user_id, id,"
            " published_graph_id, mode, 'AAPL', '{AAPL}', now(), true, 1, 'c', 'waiting'"
            " from pipelines where id = %s",
            (pipeline_id,),
        )
        asked = threads.submit(asks[end])
        until(lambda: asked.done() or installation.query(waiting), "its turn at the pipeline")
        assert not asked.done(), asked.result().text
        starting.commit()
        assert refused(asked.result(60).json(), 409) == "already_running"
    installation.query("delete from runs where pipeline_id = %s", pipeline_id)


@pytest.fixture
def kept(trader: Trader) -> tuple[Trader, JsonObject]:
    """A person and the run of a pipeline that cost money and was deleted."""
    run = ran(trader, steps(dear={}))
    delete(trader, run["pipeline_id"])
    return trader, run


def test_the_trade_of_a_run_is_that_of_its_orders_whatever_its_node_says(
    trader: Trader, installation: Installation
) -> None:
    run = ran(trader, trading(None))
    told = next(
        node["output"]["trade"] for node in run["nodes"] if "trade" in (node["output"] or {})
    )
    assert run["trade"] == told
    assert run["trade"]["fills"]
    # As a run stands that was cancelled and claimed again after its worker was killed in the order.
    with psycopg.connect(installation.database_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # past the guard
        connection.execute(
            "update node_runs set status = 'cancelled', changes = null where run_id = %s"
            " and changes ? 'trade'",
            [run["id"]],
        )
        connection.execute(
            "update runs set status = 'cancelled', outcome = 'Cancelled' where id = %s", [run["id"]]
        )
    cancelled = got(trader, f"/executions/{run['id']}")
    assert cancelled["status"] == "cancelled"
    assert cancelled["trade"] == run["trade"]


def test_orders_say_commission_and_as_of_and_what_all_of_them_come_to(trader: Trader) -> None:
    nothing = got(trader, "/orders")
    assert nothing["totals"] == {"orders": 0, "filled": 0, "commissions": []}
    first, second = ran(trader, trading(None), "One"), ran(trader, trading(None), "Two")
    page = got(trader, "/orders", limit="1")
    [order] = page["items"]
    assert order["as_of"] == second["as_of"] == GOLDEN_DAY
    fills = [fill for run in (first, second) for fill in run["trade"]["fills"]]
    assert Decimal(order["commission"]) == sum(
        Decimal(fill["commission"]) for fill in second["trade"]["fills"]
    )
    assert (page["totals"]["orders"], page["totals"]["filled"]) == (2, 2)
    [commission] = page["totals"]["commissions"]
    assert commission["currency"] == "USD"
    assert Decimal(commission["amount"]) == sum(Decimal(fill["commission"]) for fill in fills)
    other = got(trader, "/orders", symbol="MSFT")
    assert (other["items"], other["totals"]) == ([], nothing["totals"])


def test_costs_by_model_are_refused_with_the_groupings_that_there_are(trader: Trader) -> None:
    answer = trader.http.get("/costs", params={"group_by": "model"})
    [problem] = answer.json()["errors"]
    assert (answer.status_code, problem["field"]) == (422, "group_by")
    assert "agent, symbol, mode, pipeline, day" in problem["message"]


def test_every_event_of_runs_is_one_of_the_types_of_the_contract(trader: Trader) -> None:
    run = ran(trader, trading(None))
    events = trader.events(run["id"])
    assert {"execution_started", "agent_started", "agent_completed", "execution_finished"} < {
        event["type"] for event in events
    }
    [traded] = [event["data"] for event in events if event["type"] == "trade_executed"]
    assert traded == run["trade"]
