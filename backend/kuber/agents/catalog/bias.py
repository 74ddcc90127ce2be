"""Bias: which way does the market lean, over several timeframes?"""

from math import isfinite
from typing import Literal

from pydantic import ConfigDict, Field

from kuber.agents.analysis.bias import CombinedBias, combine, read_timeframe
from kuber.agents.analysis.examine import HISTORY_BARS
from kuber.agents.analysis.numbers import show_score
from kuber.agents.analysis.types import Reading
from kuber.agents.base import (
    DEFAULT_PORT,
    AgentConfig,
    AgentMetadata,
    BaseAgent,
    Category,
    Port,
    TokenEstimate,
)
from kuber.agents.crews.bias import ask_bias
from kuber.agents.effects import Reads, pure
from kuber.agents.state import BiasSignal, PipelineState, TimeframeBias
from kuber.agents.toolkit import LLM_NOTE, RULES_NOTE, bars_of, bullets, market_of
from kuber.kernel.money import exact
from kuber.market.types import Timeframe


class BiasConfig(AgentConfig):
    """What to look at, and how sure to be."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{timeframes}"})

    timeframes: tuple[Timeframe, ...] = Field(
        (Timeframe.D1, Timeframe.W1),
        title="Timeframes",
        description="Each is judged by itself, then they are weighed against each other.",
        min_length=1,
        max_length=5,
        json_schema_extra={"x-widget": "chips", "uniqueItems": True},
    )
    weighting: Literal["longer_first", "equal"] = Field(
        "longer_first",
        title="Weights",
        description="Whether longer timeframes count for more.",
        json_schema_extra={
            "x-enum-labels": {"longer_first": "Longer counts more", "equal": "All equal"}
        },
    )
    threshold: float = Field(
        20,
        title="Neutral below",
        description="Combined scores closer to zero than this are neutral.",
        ge=5,
        le=80,
        json_schema_extra={"x-widget": "slider"},
    )


class BiasAgent(BaseAgent[BiasConfig]):
    """Trend, momentum and location on several timeframes, by rules or by a crew."""

    metadata = AgentMetadata(
        agent_type="bias",
        name="Market bias",
        description="Reads trend and momentum on several timeframes and says which way to lean.",
        category=Category.ANALYSIS,
        icon="explore",
        price_per_hour=exact("0.08"),
        per_symbol=True,
        uses_llm=True,
        expected_tokens=TokenEstimate(2200, 700),
        inputs=("market_data",),
        outputs=("bias",),
        ports=(
            DEFAULT_PORT,
            Port("bullish", "Bullish"),
            Port("bearish", "Bearish"),
            Port("neutral", "Neutral"),
        ),
        effects=pure(Reads.DATA),
    )
    Config = BiasConfig

    @classmethod
    def timeframes(cls, config: AgentConfig) -> tuple[Timeframe, ...]:
        return config.timeframes if isinstance(config, BiasConfig) else ()

    async def process(self, state: PipelineState) -> PipelineState:
        market = market_of(state, self.metadata.name)
        readings = {
            frame: read_timeframe(
                await bars_of(self.context, market.symbol, frame, HISTORY_BARS),
                self.config.threshold,
            )
            for frame in dict.fromkeys(self.config.timeframes)
        }
        combined = combine(readings, self.config.threshold, self.config.weighting == "equal")
        if self.context.llm is None:
            self.context.usage.billable = False
            signal = _by_rules(combined)
        else:
            answer = await ask_bias(self.context, market.symbol, combined)
            signal = BiasSignal(
                direction=answer.direction,
                confidence=round(answer.confidence, 1),
                timeframes=_timeframes(combined),
                reasoning=f"{answer.reasoning}\n\n{evidence_words(combined)}\n\n"
                + LLM_NOTE.format(model=self.context.llm.model),
                engine="llm",
            )
        state.bias = signal
        state.biases = {**state.biases, self.context.node_id: signal}
        self.say(state, signal.reasoning)
        self.context.choose_port(signal.direction.value.lower())
        return state


def _by_rules(combined: CombinedBias) -> BiasSignal:
    headline = (
        f"**{combined.direction.value}**, score {show_score(combined.score)}, confidence"
        f" {combined.confidence:.0f} of 100; {combined.agreement:.0%} of the weight agrees."
    )
    return BiasSignal(
        direction=combined.direction,
        confidence=combined.confidence,
        timeframes=_timeframes(combined),
        reasoning=f"{headline}\n\n{evidence_words(combined)}\n\n{RULES_NOTE}",
        engine="rules",
    )


def evidence_words(combined: CombinedBias) -> str:
    """Return the evidence by timeframe, as Markdown."""
    return "\n\n".join(
        f"**{frame.value}**: {_verdict(reading)}" for frame, reading in combined.readings.items()
    )


def _verdict(reading: Reading) -> str:
    seen = reading.examination
    if seen is None:
        return f"no verdict, {reading.note}."
    lines = [
        f"{item.name} {show_score(item.score)}: {' '.join(item.sentences)}"
        for item in seen.evidence
    ]
    head = f"{reading.direction.value.lower()}, score {show_score(reading.score)}."
    return f"{head}\n{bullets(*lines, *seen.volatility.sentences)}"


def _timeframes(combined: CombinedBias) -> dict[Timeframe, TimeframeBias]:
    return {
        frame: TimeframeBias(
            direction=reading.direction, score=reading.score, facts=_facts(reading)
        )
        for frame, reading in combined.readings.items()
    }


def _facts(reading: Reading) -> dict[str, float | str]:
    seen = reading.examination
    if seen is None:
        return {"note": reading.note}
    facts: dict[str, float | str] = {}
    if isfinite(seen.volatility.atr_percent):
        facts["atr_percent"] = round(seen.volatility.atr_percent, 4)
    for item in seen.evidence:
        facts[f"{item.name.lower()}_score"] = item.score
        facts.update(item.figures)
    return facts
