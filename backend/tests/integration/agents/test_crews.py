"""The crews against a real server: calls, answers, tokens, costs and every way to fail."""

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kuber.agents.base import AgentFailure, BaseAgent
from kuber.agents.catalog.bias import BiasAgent
from kuber.agents.catalog.report import ReportAgent
from kuber.agents.catalog.risk_manager import RiskManager
from kuber.agents.catalog.strategy import StrategyAgent
from kuber.agents.crews.runtime import import_crewai
from kuber.agents.llm import LanguageModel
from kuber.agents.state import Action, Direction, PipelineState
from kuber.agents.testing import AgentHarness, AgentRun
from tests.fakes.agents import buy, harness, rising, snapshot
from tests.fakes.llm_server import (
    LlmServer,
    Reply,
    cut_off,
    dropped,
    fenced,
    filtered,
    garbage,
    good,
    hangs,
    in_prose,
    not_json,
    refusal,
    status,
    text,
    without_usage,
)
from tests.fixtures.waiting import LIMIT_S

PRICE = f"{rising().close[-1]:.2f}"
BIAS = {"direction": "BEARISH", "confidence": 64.2, "reasoning": "Weekly momentum fades."}
CALLS = {BiasAgent: 3, StrategyAgent: 3, RiskManager: 2}


def plan(**changes: object) -> dict[str, object]:
    price = float(PRICE)
    return {
        "action": "BUY",
        "entry": price,
        "stop_loss": round(price * 0.97, 2),
        "target_1": round(price * 1.06, 2),
        "target_2": round(price * 1.10, 2),
        "confidence": 71,
        "reasoning": "The trend is intact.",
        **changes,
    }


RISK = {"verdict": "approve", "size_factor": 1, "reasoning": "Sound."}
ANSWERS: dict[Any, dict[str, object]] = {BiasAgent: BIAS, StrategyAgent: plan(), RiskManager: RISK}
CREWS = pytest.mark.parametrize("agent", CALLS, ids=lambda agent: agent.metadata.agent_type)


def ready() -> PipelineState:
    return harness().state("ACME", market_data=snapshot(PRICE), strategy=buy_at_price())


def buy_at_price() -> object:
    price = Decimal(PRICE)
    levels = (price, price - 10, price + 20, price + 30)
    return buy(*(f"{level:f}" for level in levels))


def bench(model: LanguageModel) -> AgentHarness:
    return replace(harness(), llm=model)


async def ask(
    model: LanguageModel, server: LlmServer, agent: type[BaseAgent[Any]], last: Reply, **config: Any
) -> AgentRun:
    """Run the agent's crew; its earlier roles chat, the last one gives `last`."""
    chatter = [text(f"Thought number {number}.") for number in range(CALLS[agent] - 1)]
    server.script(*chatter, last)
    return await bench(model).run(agent, config, ready())


@CREWS
@pytest.mark.parametrize("wrap", [good, fenced, in_prose], ids=["json", "fenced", "prose"])
async def test_an_answer_is_understood_and_metered_to_the_token(
    server: LlmServer, model: LanguageModel, agent: type[BaseAgent[Any]], wrap: Any
) -> None:
    run = await ask(model, server, agent, wrap(ANSWERS[agent]))
    assert len(server.requests) == CALLS[agent]
    assert (run.usage.input_tokens, run.usage.output_tokens) == (
        server.input_tokens,
        server.output_tokens,
    )
    exact = server.input_tokens * Decimal("2.50") + server.output_tokens * Decimal("10.00")
    assert run.usage.token_cost == exact / 1_000_000
    assert run.usage.billable
    assert not run.usage.tokens_estimated
    assert "language model model-a" in run.state.reasoning["node"]


async def test_the_bias_is_the_crews_and_carries_the_engines_figures(
    server: LlmServer, model: LanguageModel
) -> None:
    run = await ask(model, server, BiasAgent, good(BIAS))
    assert run.state.bias is not None
    assert run.state.bias.direction is Direction.BEARISH
    assert run.state.bias.confidence == 64.2
    assert run.state.bias.engine == "llm"
    assert run.ports == ("bearish",)
    assert "Weekly momentum fades." in run.state.bias.reasoning


async def test_a_crew_is_given_figures_and_the_colleagues_words_but_no_raw_bars(
    server: LlmServer, model: LanguageModel
) -> None:
    await ask(model, server, BiasAgent, good(BIAS))
    trend, _, chief = (request.prompt for request in server.requests)
    assert "SMA 50" in trend
    assert "Thought number 0." in chief
    assert "Thought number 1." in chief
    assert f"{rising().close[-5]:.2f}" not in trend + chief


async def test_the_plan_is_the_crews_on_the_tick(server: LlmServer, model: LanguageModel) -> None:
    odd = plan(stop_loss=float(PRICE) * 0.97 + 0.0049)
    run = await ask(model, server, StrategyAgent, good(odd), method="trend_following")
    made = run.state.strategy
    assert made is not None
    assert (made.action, made.engine, made.confidence) == (Action.BUY, "llm", 71)
    assert made.stop_loss is not None
    assert made.stop_loss % Decimal("0.01") == 0
    assert float(made.stop_loss) <= float(PRICE) * 0.97 + 0.0049


async def test_a_crew_cannot_sell_short_where_that_is_off(
    server: LlmServer, model: LanguageModel
) -> None:
    price = float(PRICE)
    short = plan(action="SELL", stop_loss=price * 1.03, target_1=price * 0.94, target_2=price * 0.9)
    run = await ask(model, server, StrategyAgent, good(short))
    assert run.state.strategy is not None
    assert run.state.strategy.action is Action.HOLD


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        (RISK, Decimal(1)),
        ({"verdict": "reduce", "size_factor": 0.5, "reasoning": "Half."}, Decimal("0.5")),
        ({"verdict": "veto", "size_factor": 1, "reasoning": "No."}, Decimal(0)),
        ({"verdict": "approve", "size_factor": 0.3, "reasoning": "Fine."}, Decimal(1)),
    ],
)
async def test_a_review_can_only_shrink_or_veto_what_the_rules_allow(
    server: LlmServer, model: LanguageModel, answer: dict[str, object], share: Decimal
) -> None:
    by_rules = (await harness().run(RiskManager, {}, ready())).state.risk
    run = await ask(model, server, RiskManager, good(answer))
    assert by_rules is not None
    assert run.state.risk is not None
    assert run.state.risk.quantity == (by_rules.quantity * share).to_integral_value("ROUND_DOWN")
    assert run.state.risk.approved is (share > 0)


async def test_a_position_that_breaks_a_rule_is_refused_without_asking_the_model(
    server: LlmServer, model: LanguageModel
) -> None:
    run = await bench(model).run(RiskManager, {"min_confidence": 99}, ready())
    assert server.requests == []
    assert run.state.risk is not None
    assert (run.state.risk.approved, run.state.risk.engine) == (False, "rules")
    assert not run.usage.billable


FAILURES = [
    ("garbage", garbage(), "llm_bad_answer"),
    ("wrong shape", good({"answer": 42}), "llm_bad_answer"),
    ("cut off", cut_off("{"), "llm_bad_answer"),
    ("web page", not_json(), "llm_bad_answer"),
    ("rate limit", status(429, retry_after=7), "llm_rate_limited"),
    ("server error", status(500), "llm_unavailable"),
    ("dropped", dropped(), "llm_unavailable"),
    ("refusal", refusal(), "llm_refused"),
    ("filter", filtered(), "llm_refused"),
    ("bad key", status(401), "llm_auth"),
]


@CREWS
@pytest.mark.parametrize(
    ("reply", "code"), [item[1:] for item in FAILURES], ids=[item[0] for item in FAILURES]
)
async def test_a_failed_last_call_fails_the_node_and_invents_nothing(
    server: LlmServer, model: LanguageModel, agent: type[BaseAgent[Any]], reply: Reply, code: str
) -> None:
    with pytest.raises(AgentFailure) as failure:
        await ask(model, server, agent, reply)
    assert failure.value.code == code
    assert failure.value.retryable is (code != "llm_auth")
    assert len(server.requests) == CALLS[agent]


@CREWS
async def test_a_model_that_hangs_fails_the_node_after_the_time_limit(
    server: LlmServer, impatient: LanguageModel, agent: type[BaseAgent[Any]]
) -> None:
    server.script(hangs(10))
    with pytest.raises(AgentFailure) as failure:
        await bench(impatient).run(agent, {}, ready())
    assert (failure.value.code, failure.value.retryable) == ("llm_timeout", True)
    assert len(server.requests) == 1


@CREWS
async def test_a_failed_first_call_ends_the_crew_at_once(
    server: LlmServer, model: LanguageModel, agent: type[BaseAgent[Any]]
) -> None:
    server.script(status(429, retry_after=7))
    with pytest.raises(AgentFailure) as failure:
        await bench(model).run(agent, {}, ready())
    assert (failure.value.code, failure.value.retry_after_s) == ("llm_rate_limited", 7)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"stop_loss": float(PRICE) * 1.01},
        {"target_1": float(PRICE) * 0.99},
        {"entry": float(PRICE) * 1.5},
        {"entry": None},
        {"confidence": 170},
    ],
    ids=["stop above", "target below", "entry far off", "no entry", "confidence"],
)
async def test_a_plan_that_makes_no_sense_is_a_bad_answer(
    server: LlmServer, model: LanguageModel, changes: dict[str, object]
) -> None:
    with pytest.raises(AgentFailure) as failure:
        await ask(model, server, StrategyAgent, good(plan(**changes)))
    assert (failure.value.code, failure.value.retryable) == ("llm_bad_answer", True)
    assert len(server.requests) == 3


async def test_missing_usage_is_estimated_and_marked(
    server: LlmServer, model: LanguageModel
) -> None:
    run = await ask(model, server, BiasAgent, without_usage(BIAS))
    assert run.usage.tokens_estimated
    assert run.usage.input_tokens > server.input_tokens - server.requests[-1].tokens


async def test_prose_that_looks_like_a_tool_request_costs_no_further_call(
    server: LlmServer, model: LanguageModel
) -> None:
    server.script(text("Action: search\nAction Input: gold"), text("Fine."), fenced(BIAS))
    run = await bench(model).run(BiasAgent, {}, ready())
    assert len(server.requests) == 3
    assert run.state.bias is not None


async def test_many_crews_share_a_process_and_a_model_without_waiting_for_its_threads(
    server: LlmServer, model: LanguageModel
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    server.otherwise = lambda request: (
        good(BIAS) if "Chief" in request.prompt.split("\n")[0] else text("Well.")
    )
    runs = await asyncio.gather(*(bench(model).run(BiasAgent, {}, ready()) for _ in range(12)))
    assert len(server.requests) == 36
    assert sum(run.usage.input_tokens for run in runs) == server.input_tokens
    assert len({run.usage.input_tokens for run in runs}) == 1


async def test_a_cancelled_node_ends_at_once_and_leaves_no_call_behind(
    server: LlmServer, model: LanguageModel
) -> None:
    server.script(hangs(10))
    running = asyncio.create_task(bench(model).run(BiasAgent, {}, ready()))
    await asyncio.to_thread(server.asked.wait, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not server.hung.is_set(), "it waited for the model"


async def test_crewai_writes_no_prompt_to_disk_and_leaves_logging_and_surroundings_alone(
    server: LlmServer, model: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    handlers = list(logging.getLogger().handlers)
    await ask(model, server, BiasAgent, good(BIAS))
    assert logging.getLogger().handlers == handlers
    assert os.environ["CREWAI_DISABLE_TELEMETRY"] == "true"
    assert [path.name for path in files_holding(tmp_path, b"Weekly momentum")] == []


def files_holding(folder: Path, needle: bytes) -> list[Path]:
    """Return the files below `folder` that contain `needle`, databases among them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if needle in path.read_bytes()]


async def test_the_report_says_that_a_language_model_was_used(
    server: LlmServer, model: LanguageModel
) -> None:
    run = await ask(model, server, BiasAgent, good(BIAS))
    reported = await harness().run(ReportAgent, {}, run.state)
    assert reported.state.report is not None
    assert "Engine: language model for bias" in reported.state.report.markdown


def test_the_events_of_a_kick_off_reach_no_listener_but_those_that_others_add() -> None:
    import_crewai()
    from crewai.events import crewai_event_bus
    from crewai.events.types.flow_events import FlowStartedEvent

    event = FlowStartedEvent(type="flow_started", flow_name="small", inputs=None)
    assert crewai_event_bus.emit(None, event) is None

    heard: list[str] = []
    with crewai_event_bus.scoped_handlers():

        @crewai_event_bus.on(FlowStartedEvent)
        def tell(source: object, event: FlowStartedEvent) -> None:
            heard.append(event.flow_name)

        called = crewai_event_bus.emit(None, event)
        assert called is not None
        called.result(timeout=LIMIT_S)
    assert heard == ["small"]
