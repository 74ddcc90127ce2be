"""Whole runs whose analysts are a language model, through a real worker and a real HTTP server."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import IN_THE_PRESENT, chain, gated, node, steps
from tests.fakes.llm_server import (
    LlmRequest,
    LlmServer,
    Reply,
    dropped,
    fenced,
    garbage,
    good,
    hangs,
    in_prose,
    refusal,
    status,
    text,
    without_usage,
)
from tests.fakes.plugin.kuber_test_agents import calls
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.workers import Installation, NewInstallation

GOLDEN_DAY = "2009-05-14T21:00:00Z"
INPUT_PRICE = Decimal("0.15") / 1_000_000
OUTPUT_PRICE = Decimal("0.60") / 1_000_000
PAID = ("bias", "strategy", "risk")

BIAS = {"direction": "BULLISH", "confidence": 72, "reasoning": "The trend is up."}
PLAN = {
    "action": "BUY",
    "entry": 122.95,
    "stop_loss": 118.0,
    "target_1": 131.0,
    "target_2": 138.0,
    "confidence": 71,
    "reasoning": "A fresh cross.",
}
VERDICT = {"verdict": "approve", "size_factor": 1.0, "reasoning": "Within the limits."}

Shape = Callable[[JsonObject], Reply]


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with LlmServer() as running:
        yield running


@pytest.fixture(scope="module")
def modelled(new_installation: NewInstallation, server: LlmServer) -> Installation:
    """An installation with a model, one worker process and no scheduler."""
    made = new_installation(
        KUBER_LLM_BASE_URL=server.base_url,
        KUBER_LLM_MODEL="gpt-4o-mini",
        KUBER_LLM_TIMEOUT_S="0.5",
        KUBER_NODE_ATTEMPTS="2",
    )
    api, worker = made.api(), made.worker(wait=False)
    api.wait_ready()
    worker.wait_ready()
    return made


@pytest.fixture
def customer(modelled: Installation, server: LlmServer) -> Iterator[Trader]:
    """A new person, with a server that has heard nothing yet and answers well."""
    server.requests.clear()
    server.replies.clear()
    server.otherwise = answering(good)
    person = modelled.sign_up()
    yield person
    person.http.close()


def answering(shape: Shape) -> Callable[[LlmRequest], Reply]:
    """Return a model that chats, and answers in the given shape where an answer is asked for."""

    def answer(request: LlmRequest) -> Reply:
        asked = request.prompt.rpartition("Answer with the keys:")[2]
        for key, value in (("direction", BIAS), ("action", PLAN), ("verdict", VERDICT)):
            if asked != request.prompt and asked.strip().startswith(key):
                return shape(value)
        return text("The figures point upwards.")

    return answer


def analysed() -> JsonObject:
    return chain(
        node("data", "market_data"),
        node("bias", "bias", timeframes=["1d"]),
        node("strategy", "strategy", method="golden_cross", timeframe="1d"),
        node("risk", "risk_manager"),
        node("trade", "trade_manager"),
        node("report", "report"),
    )


@pytest.mark.parametrize("shape", [good, fenced, in_prose])
def test_a_run_of_crews_trades_and_is_charged_to_the_token(
    modelled: Installation, customer: Trader, server: LlmServer, shape: Shape
) -> None:
    server.otherwise = answering(shape)
    run = customer.run_graph(analysed(), as_of=GOLDEN_DAY, seed=1)
    assert run["status"] == "succeeded", run["error"]
    assert [node_of(run, name)["engine"] for name in PAID] == ["llm"] * 3
    assert Decimal(run["trade"]["stop_loss"]) == 118
    assert run["trade"]["status"] == "filled"

    entries = modelled.query(
        "select node_id, input_tokens, output_tokens, token_cost, rental_cost, amount,"
        " tokens_estimated from cost_tracking where run_id = %s and input_tokens > 0",
        run["id"],
    )
    assert sorted(str(row[0]) for row in entries) == sorted(PAID)
    tokens = [sum(int(str(row[column])) for row in entries) for column in (1, 2)]
    assert tokens == [server.input_tokens, server.output_tokens]
    for row in entries:
        token_cost = int(str(row[1])) * INPUT_PRICE + int(str(row[2])) * OUTPUT_PRICE
        assert row[3] == token_cost
        assert row[5] == token_cost + Decimal(str(row[4]))
        assert row[6] is False
        shown = node_of(run, str(row[0]))
        assert shown["tokens"] == {"input": row[1], "output": row[2]}
        assert Decimal(shown["cost"]) == row[5]
    [[spent]] = modelled.query("select amount from daily_spend where user_id = %s", customer.id)
    assert Decimal(run["cost"]) == spent == sum(Decimal(str(row[5])) for row in entries)


def test_tokens_that_a_provider_does_not_tell_are_estimated_and_marked(
    modelled: Installation, customer: Trader, server: LlmServer
) -> None:
    server.otherwise = answering(without_usage)
    run = customer.run_graph(analysed(), as_of=GOLDEN_DAY, seed=1)
    assert run["status"] == "succeeded"
    marks = modelled.query(
        "select tokens_estimated, input_tokens > 0 from cost_tracking"
        " where run_id = %s and node_id = 'strategy'",
        run["id"],
    )
    assert marks == [(True, True)]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (garbage(), "llm_bad_answer"),
        (status(429), "llm_rate_limited"),
        (status(500), "llm_unavailable"),
        (hangs(3), "llm_timeout"),
        (dropped(), "llm_unavailable"),
        (refusal(), "llm_refused"),
    ],
    ids=["garbage", "429", "500", "time-out", "dropped", "refusal"],
)
def test_a_model_that_fails_fails_its_node_after_the_retries_and_nothing_is_traded(
    modelled: Installation, customer: Trader, server: LlmServer, reply: Reply, code: str
) -> None:
    server.otherwise = lambda request: reply
    run = customer.run_graph(analysed(), as_of=GOLDEN_DAY, seed=1)
    bias = node_of(run, "bias")
    assert (run["status"], run["error"]["code"]) == ("failed", code)
    assert (bias["status"], bias["attempts"], bias["output"]) == ("failed", 2, None)
    assert bias["error"] == run["error"]["message"].removeprefix("Bias: ")
    assert {statuses_of(run)[name] for name in ("strategy", "risk", "trade")} == {"skipped"}
    assert run["trade"] is None
    assert modelled.query("select 1 from orders where run_id = %s", run["id"]) == []
    retried = [event for event in customer.events(run["id"]) if "retry_in_s" in event["data"]]
    assert [event["data"]["code"] for event in retried] == [code]


def test_one_bad_answer_costs_one_more_attempt_and_its_tokens(
    modelled: Installation, customer: Trader, server: LlmServer
) -> None:
    server.script(status(500), text("Up."), text("Faster."), garbage())
    run = customer.run_graph(
        chain(node("data", "market_data"), node("bias", "bias", timeframes=["1d"])),
        as_of=GOLDEN_DAY,
    )
    assert (run["status"], node_of(run, "bias")["attempts"]) == ("failed", 2)
    shown = node_of(run, "bias")["tokens"]
    assert shown == {"input": server.input_tokens, "output": server.output_tokens}
    again = customer.http.post(f"/executions/{run['id']}/rerun", json={"from_node": "bias"})
    assert customer.wait(again.json()["execution_id"])["status"] == "succeeded"


def test_a_run_on_a_budget_of_nothing_asks_no_model(
    modelled: Installation, customer: Trader, server: LlmServer
) -> None:
    customer.http.put("/budgets", json={"per_run": "0", "per_day": "10"})
    run = customer.run_graph(analysed(), as_of=GOLDEN_DAY)
    assert (run["status"], run["error"]["code"]) == ("failed", "budget_exceeded")
    assert run["error"]["node_id"] == "bias"
    assert server.requests == []


def test_a_worker_busy_with_a_slow_run_still_wakes_those_that_wait(
    customer: Trader, tmp_path: Path
) -> None:
    """There is no scheduler here, and the only process is held by the slow run."""
    gate, file = tmp_path / "gate", str(tmp_path / "calls")
    graph = gated(str(gate), node("work", "test_step", path=file), again_s=0.2)
    waiting = customer.run(customer.create(graph=graph)["id"], IN_THE_PRESENT)
    customer.wait(waiting, "waiting")
    slow = customer.run(customer.create(graph=steps(slow={"seconds": 120}))["id"], "MSFT")
    customer.wait(slow, "running")
    gate.touch()
    assert customer.wait(waiting)["status"] == "succeeded"
    assert customer.execution(slow)["status"] == "running"
    customer.http.post(f"/executions/{slow}/cancel")
    assert (customer.wait(slow)["status"], calls(file)) == ("cancelled", 1)
