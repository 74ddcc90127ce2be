"""Composite: all strategies vote, and the evidence at large votes too."""

from dataclasses import dataclass, field

from kuber.agents.analysis.bias import combined_score
from kuber.agents.analysis.confidence import confidence
from kuber.agents.analysis.numbers import show_score
from kuber.agents.analysis.strategies.base import Strategy, View, common_factors, hold, side_of
from kuber.agents.analysis.strategies.breakout import Breakout
from kuber.agents.analysis.strategies.golden_cross import GoldenCross
from kuber.agents.analysis.strategies.rsi_reversion import RsiReversion
from kuber.agents.analysis.strategies.trend_following import TrendFollowing
from kuber.agents.analysis.types import Factor, Setup
from kuber.agents.state import Action

EVIDENCE_SHARE = 0.5
"""Weight of the evidence beside the mean of the strategies' votes."""


def _members() -> tuple[tuple[str, Strategy], ...]:
    return (
        ("golden cross", GoldenCross(within=20)),
        ("RSI mean reversion", RsiReversion()),
        ("breakout", Breakout()),
        ("trend following", TrendFollowing()),
    )


@dataclass(frozen=True, slots=True)
class Composite:
    """Trade when the combined vote reaches `min_vote` (0 to 100) either way.

    vote = 0.5 x evidence score + 0.5 x mean of the members' votes, where a member that says BUY
    or SELL votes with its confidence and sign, and one that says HOLD does not vote.
    """

    min_vote: float = 35.0
    members: tuple[tuple[str, Strategy], ...] = field(default_factory=_members)

    @property
    def bars_needed(self) -> int:
        return max(member.bars_needed for _, member in self.members)

    def evaluate(self, view: View) -> Setup:
        votes = {name: _vote(member.evaluate(view)) for name, member in self.members}
        cast = [vote for vote in votes.values() if vote != 0]
        mean = sum(cast) / len(cast) if cast else 0.0
        evidence = combined_score(view.seen)
        vote = EVIDENCE_SHARE * evidence + (1 - EVIDENCE_SHARE) * mean
        tally = ", ".join(f"{name} {_word(value)}" for name, value in votes.items())
        found = (
            f"Votes: {tally}; evidence {show_score(evidence)}. Together {show_score(vote)},"
            f" {self.min_vote:g} either way is needed."
        )
        figures = {"vote": round(vote, 4), "evidence_score": round(evidence, 4)}
        if abs(vote) < self.min_vote:
            return hold(found, indicators=figures)
        action = Action.BUY if vote > 0 else Action.SELL
        agreeing = sum(1 for value in cast if value * side_of(action) > 0)
        return Setup(
            action,
            (found, *view.seen.trend.sentences, *view.seen.momentum.sentences),
            (
                Factor("Strength of the vote", abs(vote) / 70.0, 2.0),
                Factor("Strategies that agree", agreeing / len(cast) if cast else 0.0, 1.0),
                *common_factors(view, action),
            ),
            figures,
        )


def _vote(setup: Setup) -> float:
    return side_of(setup.action) * confidence(setup.factors)


def _word(vote: float) -> str:
    return "HOLD" if vote == 0 else f"{'BUY' if vote > 0 else 'SELL'} {abs(vote):.0f}"
