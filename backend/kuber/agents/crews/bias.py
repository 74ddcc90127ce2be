"""The bias crew: a trend analyst, a momentum analyst and the chief who decides."""

from kuber.agents.analysis.bias import CombinedBias
from kuber.agents.base import AgentContext
from kuber.agents.crews.answers import BiasAnswer
from kuber.agents.crews.brief import CrewBrief, Role, Step
from kuber.agents.crews.facts import JSON_ONLY, evidence_facts
from kuber.agents.crews.runner import run_crew

TREND_ANALYST = Role(
    "Trend analyst",
    "Judge the direction and the strength of the trend on each timeframe",
    "You read moving averages and ADX. You use only the figures you are given.",
)
MOMENTUM_ANALYST = Role(
    "Momentum analyst",
    "Judge whether the move gains or loses speed on each timeframe",
    "You read RSI, MACD and rates of change. You use only the figures you are given.",
)
CHIEF = Role(
    "Chief analyst",
    "Decide which way the market leans, and how sure that is",
    "You weigh longer timeframes more heavily, and you say neutral when the evidence is mixed.",
)


async def ask_bias(context: AgentContext, symbol: str, combined: CombinedBias) -> BiasAnswer:
    """Return the crew's bias for `symbol`; three model calls. Raises AgentFailure."""
    return await run_crew(_brief(symbol, combined), context)


def _brief(symbol: str, combined: CombinedBias) -> CrewBrief[BiasAnswer]:
    trend = evidence_facts(combined, "Trend")
    momentum = evidence_facts(combined, "Momentum")
    location = evidence_facts(combined, "Location")
    return CrewBrief(
        "bias",
        (
            Step(
                TREND_ANALYST,
                f"Assess the trend of {symbol}. Trend figures by timeframe:\n{trend}",
                "At most five sentences.",
            ),
            Step(
                MOMENTUM_ANALYST,
                f"Assess the momentum of {symbol}. Momentum figures by timeframe:\n{momentum}",
                "At most five sentences.",
            ),
            Step(
                CHIEF,
                f"Decide the bias for {symbol} from your analysts' assessments. Where the price"
                f" stands between support and resistance:\n{location}\n"
                "Answer with the keys: direction (BULLISH, BEARISH or NEUTRAL), confidence"
                " (0 to 100), reasoning (why, in a few sentences).",
                JSON_ONLY,
            ),
        ),
        BiasAnswer,
        lambda answer: None,
    )
