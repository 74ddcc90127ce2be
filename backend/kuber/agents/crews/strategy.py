"""The strategy crew: an analyst, a planner and a critic who has the last word."""

from dataclasses import dataclass
from decimal import Decimal

from kuber.agents.analysis.numbers import show
from kuber.agents.analysis.strategies.base import View
from kuber.agents.analysis.types import PlanRules
from kuber.agents.base import AgentContext
from kuber.agents.crews.answers import StrategyAnswer
from kuber.agents.crews.brief import CrewBrief, Role, Step
from kuber.agents.crews.facts import JSON_ONLY, examination_facts
from kuber.agents.crews.runner import run_crew
from kuber.agents.state import Action

MAX_ENTRY_ATR = 1.0
"""How far, in ATRs, a crew's entry may lie from the last price."""
MAX_STOP_ATR = 10.0
"""How far, in ATRs, a crew's stop may lie from its entry."""

ANALYST = Role(
    "Technical analyst",
    "Describe the situation of the market as the figures show it",
    "You are precise and use only the figures you are given.",
)
PLANNER = Role(
    "Trade planner",
    "Turn the situation into a plan with entry, stop and two targets, or stay out",
    "You know that staying out is a decision too.",
)
CRITIC = Role(
    "Trading critic",
    "Find the weaknesses of the plan and give the final version",
    "You lower the confidence, or hold, when a plan rests on weak evidence.",
)


@dataclass(frozen=True, slots=True)
class StrategyQuestion:
    """What the crew is asked about. `method` describes the wanted style of trading."""

    symbol: str
    price: Decimal
    view: View
    method: str
    rules: PlanRules
    rule_opinion: str
    """What the rule engine would do, with its reasons."""
    allow_short: bool


async def ask_strategy(context: AgentContext, question: StrategyQuestion) -> StrategyAnswer:
    """Return the crew's plan; three model calls. Raises AgentFailure."""
    return await run_crew(_brief(question), context)


def _brief(question: StrategyQuestion) -> CrewBrief[StrategyAnswer]:
    rules = question.rules
    facts = examination_facts(question.view.seen)
    if question.view.longer is not None:
        facts += f"\n\nLonger timeframe:\n{examination_facts(question.view.longer)}"
    sides = "BUY, SELL or HOLD" if question.allow_short else "BUY or HOLD"
    shape = (
        "Answer with the keys: action (BUY, SELL or HOLD), entry, stop_loss, target_1, target_2"
        " (prices as numbers, null when the action is HOLD), confidence (0 to 100), reasoning."
    )
    return CrewBrief(
        "strategy",
        (
            Step(ANALYST, f"Describe {question.symbol}.\n{facts}", "At most eight sentences."),
            Step(
                PLANNER,
                f"Plan a trade in {question.symbol} in the style: {question.method}. Allowed:"
                f" {sides}. Enter at about {question.price:f}. Usual distances: stop"
                f" {rules.stop_atr:g} ATR, targets {rules.target_1_r:g} and {rules.target_2_r:g}"
                f" times the risk. A rule engine says:\n{question.rule_opinion}",
                "The plan with its prices and the reasons for them.",
            ),
            Step(
                CRITIC,
                f"Criticise the plan for {question.symbol} and give the final version. {shape}",
                JSON_ONLY,
            ),
        ),
        StrategyAnswer,
        lambda answer: fault_of(answer, question.price, question.view.seen.volatility.atr),
    )


def fault_of(answer: StrategyAnswer, price: Decimal, atr: float) -> str | None:
    """Return what makes a plan senseless, None when it is sound.

    Stop and targets must lie on their proper sides of both the entry and the last price, the
    entry within one ATR of the last price, the stop within ten of the entry.
    """
    if answer.action is Action.HOLD:
        return None
    levels = (answer.entry, answer.stop_loss, answer.target_1, answer.target_2)
    if any(level is None for level in levels):
        return f"a {answer.action.value} needs entry, stop_loss, target_1 and target_2"
    entry, stop, first, second = (level for level in levels if level is not None)
    side = 1 if answer.action is Action.BUY else -1
    if side * (min(entry, price, key=lambda at: side * at) - stop) <= 0:
        return f"the stop {stop} is on the wrong side of the price for a {answer.action.value}"
    if side * (first - max(entry, price, key=lambda at: side * at)) <= 0:
        return f"target 1 at {first} is on the wrong side of the price"
    if side * (second - first) <= 0:
        return f"target 2 at {second} is not beyond target 1 at {first}"
    if abs(float(entry - price)) > MAX_ENTRY_ATR * atr:
        return (
            f"the entry {entry} is more than {MAX_ENTRY_ATR:g} ATR ({show(atr)}) away from the"
            f" price {price}"
        )
    if abs(float(entry - stop)) > MAX_STOP_ATR * atr:
        return f"the stop {stop} is more than {MAX_STOP_ATR:g} ATR away from the entry"
    return None
