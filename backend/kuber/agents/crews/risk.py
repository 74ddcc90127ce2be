"""The risk crew: an assessor and a reviewer, who may shrink a position or veto it."""

from kuber.agents.base import AgentContext
from kuber.agents.crews.answers import RiskAnswer
from kuber.agents.crews.brief import CrewBrief, Role, Step
from kuber.agents.crews.facts import JSON_ONLY
from kuber.agents.crews.runner import run_crew

ASSESSOR = Role(
    "Risk assessor",
    "Name what could go wrong with a position",
    "You think of the market's state, the size of the position and the quality of the plan.",
)
REVIEWER = Role(
    "Risk reviewer",
    "Approve a position, make it smaller, or veto it",
    "You cannot make a position larger than the rules allow. In doubt you make it smaller.",
)


async def ask_risk(context: AgentContext, symbol: str, dossier: str) -> RiskAnswer:
    """Return the crew's verdict on a position that passed the rules; two model calls.

    `dossier` is the plan, the size and the checks, as text. Raises AgentFailure.
    """
    brief = CrewBrief(
        "risk",
        (
            Step(
                ASSESSOR,
                f"Assess this position in {symbol}:\n{dossier}",
                "At most six sentences.",
            ),
            Step(
                REVIEWER,
                f"Give the verdict on this position in {symbol}:\n{dossier}\n"
                "Answer with the keys: verdict (approve, reduce or veto), size_factor (0 to 1,"
                " the share of the quantity to keep; 1 for approve), reasoning.",
                JSON_ONLY,
            ),
        ),
        RiskAnswer,
        _fault,
    )
    return await run_crew(brief, context)


def _fault(answer: RiskAnswer) -> str | None:
    if answer.verdict == "reduce" and not 0 < answer.size_factor < 1:
        return "a verdict to reduce needs a size_factor between 0 and 1"
    return None
