"""What a run comes to, in words and in money: pure functions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from kuber.agents.base import AgentMetadata, NodeUsage, TriggerNotMet
from kuber.agents.state import (
    Action,
    BiasSignal,
    PipelineState,
    RiskDecision,
    StrategyPlan,
    TradeExecution,
    TriggerCondition,
)
from kuber.agents.toolkit import why_no_trade
from kuber.costs.types import rental
from kuber.kernel.backoff import Backoff
from kuber.runs.batches import Charge
from kuber.runs.lineage import Changes
from kuber.runs.types import NodeRecord, NodeStatus

_LOOKS = Backoff(first_s=30, longest_s=900, jitter=0)


def charge_for(
    metadata: AgentMetadata, runtime_ms: float, usage: NodeUsage
) -> tuple[Charge | None, Decimal]:
    """Return the cost entry of a node and its amount in USD; no entry where nothing was used."""
    rent = rental(metadata.price_per_hour, runtime_ms) if usage.billable else Decimal(0)
    amount = usage.token_cost + rent + usage.api_cost
    if not (amount or usage.input_tokens or usage.output_tokens):
        return None, amount
    return Charge(usage.token_cost, rent, usage.api_cost, usage.tokens_estimated), amount


def wait_until(not_met: TriggerNotMet, now: datetime, waited: int) -> datetime:
    """Return when to look again: the trigger's own time, else 30 s doubling up to 15 min."""
    if not_met.wake_at is not None:
        return max(not_met.wake_at, now)
    return now + timedelta(seconds=_LOOKS.pause_s(waited + 1))


def headline(changes: Changes, record: NodeRecord) -> str | None:
    """Return one line about what a node found, for the canvas."""
    if record.error and record.status in (NodeStatus.FAILED, NodeStatus.SKIPPED):
        return str(record.error["message"])
    for section in ("trade", "risk", "strategy", "bias", "trigger"):
        match changes.get(section):
            case TradeExecution() as trade:
                return trade_sentence(trade)
            case RiskDecision() as risk:
                return (
                    f"Approved, {plain(risk.quantity)} units" if risk.approved else "Not approved"
                )
            case StrategyPlan() as plan:
                return plan_headline(plan)
            case BiasSignal() as bias:
                return f"{bias.direction.capitalize()}, {bias.confidence:.0f} %"
            case TriggerCondition() as trigger:
                return trigger.detail
    return None


def plan_headline(plan: StrategyPlan) -> str:
    """Return a plan in a few words: "Buy at 150.50, stop 148.00"."""
    if plan.action is Action.HOLD or plan.entry is None or plan.stop_loss is None:
        return f"Hold, {plan.confidence:.0f} %"
    verb = plan.action.capitalize()
    levels = f"{price(plan.entry)}, stop {price(plan.stop_loss)}"
    return f"{verb} at {levels}, {plan.confidence:.0f} %"


def outcome(state: PipelineState, trades: Sequence[TradeExecution] = ()) -> str:
    """Return the decision of a finished run as a sentence, or one for each of its `trades`."""
    if len(trades) > 1:
        return "; ".join(map(trade_sentence, trades))
    if state.trade is not None:
        return trade_sentence(state.trade)
    plan = state.strategy
    if plan is not None and plan.action is Action.HOLD:
        return f"No trade: hold {state.symbol}. {first_reason(plan.reasoning)}".strip()
    if state.risk is not None and not state.risk.approved:
        failed = next((check for check in state.risk.checks if not check.passed), None)
        why = f"{failed.name}: {failed.detail}" if failed else "risk not approved"
        return f"No trade: {why}"
    if plan is not None:
        aside = why_no_trade(state)
        return f"No trade: {aside or f'{plan_headline(plan)} was not carried out'}"
    if state.bias is not None:
        return f"No trade: {state.symbol} looks {state.bias.direction.lower()}"
    return "Finished without a decision"


def first_reason(reasoning: str) -> str:
    """Return the first listed reason of a Markdown text, else its first line, as plain text."""
    lines = [line.strip() for line in reasoning.splitlines() if line.strip()]
    listed = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    chosen = (listed or lines or [""])[0].replace("**", "")
    return chosen if len(chosen) <= 240 else f"{chosen[:239].rstrip()}…"


_ENDED = {"cancelled": "was cancelled", "expired": "expired"}


def trade_sentence(trade: TradeExecution) -> str:
    """Return a trade as a sentence: "Bought 42 AAPL at 150.50, stop 148.00"."""
    what = f"{plain(trade.quantity)} {trade.symbol}"
    if trade.status == "rejected":
        return f"Not filled: {trade.action} {what} was rejected. {trade.reason}"
    if trade.status in ("cancelled", "expired"):
        return f"Not filled: the order to {trade.action} {what} {_ENDED[trade.status]}."
    if trade.status == "validated":
        verb = f"Would {trade.action}"
    elif trade.status in ("submitted", "working"):
        verb = f"Ordered to {trade.action}"
    else:
        verb = "Bought" if trade.action == "buy" else "Sold"
        if trade.status == "partially_filled":
            verb = f"Partly {verb.lower()}"
    return f"{verb} {what} at {price(trade.entry_price)}, stop {price(trade.stop_loss)}"


def plain(value: Decimal) -> str:
    """Return a quantity without trailing zeros."""
    return format(value.normalize(), "f")


def price(value: Decimal) -> str:
    """Return a price without trailing zeros but with at least two decimals."""
    whole, _, fraction = plain(value).partition(".")
    return f"{whole}.{fraction:0<2}"
