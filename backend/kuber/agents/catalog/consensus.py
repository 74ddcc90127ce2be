"""Consensus: weighs the plans of several strategies and makes one plan of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from kuber.agents.base import AgentConfig, AgentFailure, AgentMetadata, BaseAgent, Category
from kuber.agents.effects import pure
from kuber.agents.state import Action, PipelineState, StrategyPlan
from kuber.agents.toolkit import RULES_NOTE, bullets
from kuber.market.types import Timeframe

Rule = Literal["majority", "unanimous", "highest_confidence"]


class ConsensusConfig(AgentConfig):
    """When the strategies agree enough."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{rule}"})

    rule: Rule = Field(
        "majority",
        title="Agreement",
        description="What it takes for a trade.",
        json_schema_extra={
            "x-enum-labels": {
                "majority": "More than half",
                "unanimous": "All of them",
                "highest_confidence": "The surest one decides",
            }
        },
    )
    min_plans: int = Field(
        2,
        title="Plans at least",
        description="With fewer plans than this the run fails.",
        ge=1,
        le=20,
    )
    min_confidence: float = Field(
        0,
        title="Confidence at least",
        description="Plans to trade with less confidence count as hold.",
        ge=0,
        le=100,
        json_schema_extra={"x-widget": "slider"},
    )


class Consensus(BaseAgent[ConsensusConfig]):
    """Joins branches that each hold a strategy."""

    metadata = AgentMetadata(
        agent_type="consensus",
        name="Consensus",
        description="Weighs the plans of several strategies and makes one of them.",
        category=Category.FLOW,
        icon="groups",
        inputs=("strategy",),
        outputs=("strategy",),
        effects=pure(),
    )
    Config = ConsensusConfig

    async def process(self, state: PipelineState) -> PipelineState:
        plans = state.plans
        if len(plans) < self.config.min_plans:
            raise AgentFailure(
                "too_few_plans",
                f"The consensus needs {self.config.min_plans} plans and got {len(plans)}.",
                remedy="Connect more strategies, or lower the number.",
            )
        action, why = decide(plans, self.config.rule, self.config.min_confidence)
        agreeing = {name: plan for name, plan in plans.items() if plan.action is action}
        merged = _hold(plans) if action is Action.HOLD else merge(agreeing, self.config.rule)
        votes = [
            f"{name}: {plan.action.value}, confidence {plan.confidence:g}"
            for name, plan in sorted(plans.items())
        ]
        reasoning = f"**{action.value}**: {why}\n\n{bullets(*votes, _levels(merged))}\n\n"
        reasoning += RULES_NOTE if merged.engine == "rules" else ""
        state.strategy = merged.model_copy(update={"reasoning": reasoning.strip()})
        self.say(state, reasoning.strip())
        return state


def decide(
    plans: Mapping[str, StrategyPlan], rule: Rule, min_confidence: float
) -> tuple[Action, str]:
    """Return the common action and why. Ties, and every doubt, are HOLD."""
    votes = {
        name: plan.action if plan.confidence >= min_confidence else Action.HOLD
        for name, plan in plans.items()
    }
    if rule == "highest_confidence":
        return _surest(plans, votes)
    count = {action: sum(1 for vote in votes.values() if vote is action) for action in Action}
    needed = len(votes) if rule == "unanimous" else len(votes) // 2 + 1
    tally = f"{count[Action.BUY]} buy, {count[Action.SELL]} sell, {count[Action.HOLD]} hold"
    for action in (Action.BUY, Action.SELL):
        if count[action] >= needed:
            return action, f"{tally}; {needed} of {len(votes)} were needed."
    return Action.HOLD, f"{tally}; no side reached the {needed} votes needed."


def _surest(plans: Mapping[str, StrategyPlan], votes: Mapping[str, Action]) -> tuple[Action, str]:
    trading = {name: plans[name] for name, vote in votes.items() if vote is not Action.HOLD}
    if not trading:
        return Action.HOLD, "no strategy wants to trade."
    best = max(plan.confidence for plan in trading.values())
    actions = {plan.action for plan in trading.values() if plan.confidence == best}
    if len(actions) > 1:
        return Action.HOLD, f"two opposite plans are equally sure ({best:g})."
    return actions.pop(), f"the surest plan has a confidence of {best:g}."


def merge(plans: Mapping[str, StrategyPlan], rule: Rule) -> StrategyPlan:
    """Return one plan out of plans with the same action, on the careful side in every figure.

    Worst entry, farthest stop (so the smallest size), nearest targets, the mean confidence, the
    longest timeframe. With `highest_confidence` the surest plan is taken as it is.
    """
    ordered = [plans[name] for name in sorted(plans)]
    surest = max(ordered, key=lambda plan: plan.confidence)
    if rule == "highest_confidence" or len(ordered) == 1:
        return surest
    buying = surest.action is Action.BUY
    worst, farthest, nearest = (max, min, min) if buying else (min, max, max)
    frames = list(Timeframe)
    return StrategyPlan(
        action=surest.action,
        timeframe=max((plan.timeframe for plan in ordered), key=frames.index),
        entry=worst(_known([plan.entry for plan in ordered])),
        stop_loss=farthest(_known([plan.stop_loss for plan in ordered])),
        target_1=nearest(_known([plan.target_1 for plan in ordered])),
        target_2=nearest(_known([plan.target_2 for plan in ordered])),
        confidence=round(sum(plan.confidence for plan in ordered) / len(ordered), 1),
        reasoning="",
        indicators={},
        engine="llm" if any(plan.engine == "llm" for plan in ordered) else "rules",
    )


def _known(prices: list[Decimal | None]) -> list[Decimal]:
    known = [price for price in prices if price is not None]
    assert len(known) == len(prices), "a plan to trade has all its prices"
    return known


def _hold(plans: Mapping[str, StrategyPlan]) -> StrategyPlan:
    first = plans[min(plans)]
    engine: Literal["rules", "llm"] = (
        "llm" if any(plan.engine == "llm" for plan in plans.values()) else "rules"
    )
    return StrategyPlan(
        action=Action.HOLD,
        timeframe=first.timeframe,
        confidence=0.0,
        reasoning="",
        indicators={},
        engine=engine,
    )


def _levels(plan: StrategyPlan) -> str:
    if plan.entry is None:
        return ""
    return (
        f"Entry {plan.entry:f}, stop {plan.stop_loss:f}, targets {plan.target_1:f} and"
        f" {plan.target_2:f}: the careful side of every plan that agrees."
    )
