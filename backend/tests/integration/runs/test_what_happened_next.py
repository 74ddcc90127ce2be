"""The page of a finished run shows how its trade went on; nothing is written, no agent sees it."""

from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import steps, trading
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation

GOLDEN_DAY = "2009-05-14T21:00:00Z"


@pytest.fixture
def traded(trader: Trader) -> JsonObject:
    """A run that bought AAPL on a day of 2009, in the sample."""
    run = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    assert run["trade"]["status"] == "filled"
    return run


def asked(trader: Trader, run_id: object, **params: str) -> JsonObject:
    answer = trader.http.get(f"/executions/{run_id}/what-happened-next", params=params)
    found: JsonObject = answer.json()
    return {**found, "status_code": answer.status_code}


def test_the_trade_is_played_forward_over_the_days_that_followed(
    trader: Trader, traded: JsonObject
) -> None:
    found = asked(trader, traded["id"])
    assert found["status_code"] == 200, found
    assert (found["dataset"], found["source"], found["timeframe"]) == ("sample", "sample", "1d")
    [trade] = found["trades"]
    told = traded["trade"]
    assert trade["estimated"]
    assert (trade["quantity"], trade["stop_loss"], trade["targets"]) == (
        told["quantity"],
        told["stop_loss"],
        told["targets"],
    )
    assert Decimal(trade["entry_price"]) == Decimal(told["entry_price"])
    assert trade["status"] == "closed"
    sold = sum(Decimal(fill["quantity"]) for fill in trade["fills"])
    assert sold == Decimal(told["quantity"])
    assert trade["open_quantity"] == "0"
    brought = sum(Decimal(fill["quantity"]) * Decimal(fill["price"]) for fill in trade["fills"])
    paid = Decimal(told["quantity"]) * Decimal(trade["entry_price"])
    fees = sum(Decimal(fill["commission"]) for fill in trade["fills"])
    fees += Decimal(trade["entry_commission"])
    assert Decimal(trade["pnl"]) == brought - paid - fees
    assert trade["exit_at"] == trade["fills"][-1]["at"] > GOLDEN_DAY
    assert trade["story"][-1].endswith(" R.")


def test_it_is_the_same_each_time_and_writes_nothing(
    installation: Installation, trader: Trader, traded: JsonObject
) -> None:
    first = asked(trader, traded["id"])
    before = _counts(installation)
    assert asked(trader, traded["id"], symbol="aapl") == first
    assert _counts(installation) == before


def test_a_run_without_a_trade_of_the_past_says_why_and_what_to_do(
    installation: Installation, trader: Trader, traded: JsonObject
) -> None:
    without = trader.run_graph(steps(one={}), as_of=GOLDEN_DAY)
    refused = asked(trader, without["id"])
    assert (refused["status_code"], refused["code"]) == (409, "no_trade")
    assert refused["errors"][0]["remedy"]
    present = trader.run_graph(steps(one={}))
    refused = asked(trader, present["id"])
    assert (refused["status_code"], refused["code"]) == (409, "run_of_the_present")
    other = asked(trader, traded["id"], symbol="MSFT")
    assert (other["status_code"], other["errors"][0]["field"]) == (422, "symbol")
    assert asked(trader, uuid4())["status_code"] == 404
    stranger = installation.sign_up()
    assert asked(stranger, traded["id"])["status_code"] == 404


def test_a_run_that_has_not_ended_says_so(trader: Trader) -> None:
    pipeline = trader.create(graph=steps(long={"seconds": 3600}))
    run_id = trader.run(pipeline["id"], as_of=GOLDEN_DAY)
    refused = asked(trader, run_id)
    assert (refused["status_code"], refused["code"]) == (409, "not_ended")
    assert trader.http.post(f"/executions/{run_id}/cancel").status_code == 202
    trader.wait(run_id, "cancelled")


def test_after_another_import_the_run_is_not_played_over_other_prices(
    installation: Installation, trader: Trader
) -> None:
    run = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    installation.query(
        "update node_runs set changes = jsonb_set(changes,"
        " '{market_data,frames,1d,version}', to_jsonb(gen_random_uuid()::text))"
        " where run_id = %s and changes ? 'market_data'",
        run["id"],
    )
    refused = asked(trader, run["id"])
    assert (refused["status_code"], refused["code"]) == (409, "prices_replaced")


def test_validation_mode_filled_nothing_that_could_be_followed(trader: Trader) -> None:
    pipeline = trader.create(graph=trading(), mode="validation")
    run = trader.wait(trader.run(pipeline["id"], as_of=GOLDEN_DAY))
    assert (run["trade"]["status"], run["trade"]["estimated"]) == ("validated", False)
    assert asked(trader, run["id"])["code"] == "no_trade"


def _counts(installation: Installation) -> list[tuple[object, ...]]:
    tables = installation.query(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    with psycopg.connect(installation.database_url) as connection:
        return [
            (name, *row)
            for (name,) in tables
            if name not in ("sessions", "service_heartbeats", "worker_heartbeats")
            for row in connection.execute(f"select count(*) from {name}").fetchall()
        ]
