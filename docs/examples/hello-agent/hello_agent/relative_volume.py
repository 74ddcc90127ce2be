"""Relative volume: sends the run one way on a busy bar, the other way on a quiet one."""

from typing import Literal

from pydantic import ConfigDict, Field

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category, Port
from kuber.agents.state import PipelineState
from kuber.agents.toolkit import bars_of, market_of
from kuber.market.types import Timeframe


class RelativeVolumeConfig(AgentConfig):
    """The settings. Their JSON Schema is the form in the editor."""

    model_config = ConfigDict(
        json_schema_extra={"x-summary": "{at_least} x the mean of {bars} bars, {timeframe}"}
    )

    timeframe: Literal["1h", "4h", "1d"] = Field(
        "1d", title="Timeframe", description="The bars whose volume is compared."
    )
    bars: int = Field(
        20,
        title="Bars before",
        description="How many bars make the mean.",
        ge=5,
        le=100,
        json_schema_extra={"x-widget": "slider", "x-unit": "bars"},
    )
    at_least: float = Field(
        1.5,
        title="Busy from",
        description="Volume of the newest bar, as a multiple of the mean.",
        gt=0,
        le=20,
        json_schema_extra={"x-unit": "x"},
    )
    skip_zero: bool = Field(
        False,
        title="Leave out bars without volume",
        description="For markets whose history has gaps.",
        json_schema_extra={"x-group": "Gaps", "x-advanced": True},
    )


class RelativeVolume(BaseAgent[RelativeVolumeConfig]):
    """Compares the newest bar's volume with the mean of the bars before it."""

    metadata = AgentMetadata(
        agent_type="relative_volume",
        name="Relative volume",
        description="Goes one way when the newest bar is busy, the other way when it is quiet.",
        category=Category.FLOW,
        icon="equalizer",
        inputs=("market_data",),
        ports=(Port("busy", "Busy"), Port("quiet", "Quiet")),
    )
    Config = RelativeVolumeConfig

    @classmethod
    def timeframes(cls, config: AgentConfig) -> tuple[Timeframe, ...]:
        """Ask the market data agent for the timeframe of the settings."""
        assert isinstance(config, RelativeVolumeConfig)
        return (Timeframe(config.timeframe),)

    async def process(self, state: PipelineState) -> PipelineState:
        symbol = market_of(state, self.metadata.name).symbol
        frame = Timeframe(self.config.timeframe)
        bars = await bars_of(self.context, symbol, frame, self.config.bars + 1)
        before = bars.volume[:-1]
        if self.config.skip_zero:
            before = before[before > 0]
        if not before.size or not before.mean():
            self.context.choose_port("quiet")
            self.say(state, f"{symbol} has no volume on {frame} bars to compare with.")
            return state
        ratio = float(bars.volume[-1] / before.mean())
        busy = ratio >= self.config.at_least
        self.context.choose_port("busy" if busy else "quiet")
        state.extra = {**state.extra, "relative_volume": f"{ratio:.2f}"}
        self.say(
            state,
            f"Volume is **{ratio:.2f} x** the mean of the {before.size} {frame} bars before:"
            f" {'busy' if busy else 'quiet'}, the limit is {self.config.at_least:g} x.",
        )
        return state
