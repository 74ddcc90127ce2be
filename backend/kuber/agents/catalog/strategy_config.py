"""Settings of the strategy agent."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from kuber.agents.analysis.strategies.base import Strategy
from kuber.agents.analysis.strategies.breakout import Breakout
from kuber.agents.analysis.strategies.composite import Composite
from kuber.agents.analysis.strategies.golden_cross import GoldenCross
from kuber.agents.analysis.strategies.rsi_reversion import RsiReversion
from kuber.agents.analysis.strategies.trend_following import TrendFollowing
from kuber.agents.analysis.types import PlanRules
from kuber.agents.base import AgentConfig, SettingFault
from kuber.market.types import Timeframe

Method = Literal["golden_cross", "rsi_mean_reversion", "breakout", "trend_following", "composite"]

METHOD_LABELS: JsonDict = {
    "golden_cross": "Golden cross",
    "rsi_mean_reversion": "RSI mean reversion",
    "breakout": "Breakout",
    "trend_following": "Trend following",
    "composite": "Composite (all of them vote)",
}


def _for(method: Method, **keywords: str) -> JsonDict:
    """Return the schema keywords of a field that only one method uses."""
    return {
        "x-group": METHOD_LABELS[method],
        "x-show-when": {"field": "method", "in": [method]},
        **keywords,
    }


class StrategyConfig(AgentConfig):
    """How to find a trade, and where to put stop and targets."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{method}, {timeframe}"})

    method: Method = Field(
        "golden_cross",
        title="Method",
        description="The rule that looks for a trade. A language model, where one is configured,"
        " gets it as the style to trade in.",
        json_schema_extra={"x-enum-labels": METHOD_LABELS},
    )
    timeframe: Timeframe = Field(
        Timeframe.D1, title="Timeframe", description="The bars the method reads."
    )
    longer_timeframe: Timeframe = Field(
        Timeframe.W1,
        title="Longer timeframe",
        description="Its trend must agree.",
        json_schema_extra=_for("trend_following"),
    )
    allow_short: bool = Field(
        False,
        title="Allow selling short",
        description="Off: a sell signal without a position becomes a hold.",
    )
    fast: int = Field(
        50,
        title="Fast average",
        description="Bars of the fast moving average.",
        ge=5,
        le=100,
        json_schema_extra=_for("golden_cross", **{"x-unit": "bars"}),
    )
    slow: int = Field(
        200,
        title="Slow average",
        description="Bars of the slow moving average.",
        ge=20,
        le=300,
        json_schema_extra=_for("golden_cross", **{"x-unit": "bars"}),
    )
    cross_within: int = Field(
        10,
        title="Cross within",
        description="How many bars ago the averages may have crossed.",
        ge=1,
        le=250,
        json_schema_extra=_for("golden_cross", **{"x-unit": "bars"}),
    )
    rsi_period: int = Field(
        14,
        title="RSI period",
        description="Bars of the relative strength index.",
        ge=2,
        le=50,
        json_schema_extra=_for("rsi_mean_reversion", **{"x-unit": "bars"}),
    )
    oversold: float = Field(
        30,
        title="Oversold below",
        description="RSI at which a buy is looked for.",
        ge=5,
        le=45,
        json_schema_extra=_for("rsi_mean_reversion", **{"x-widget": "slider"}),
    )
    overbought: float = Field(
        70,
        title="Overbought above",
        description="RSI at which a sell is looked for.",
        ge=55,
        le=95,
        json_schema_extra=_for("rsi_mean_reversion", **{"x-widget": "slider"}),
    )
    range_bars: int = Field(
        20,
        title="Range",
        description="Bars whose high and low must be broken.",
        ge=5,
        le=100,
        json_schema_extra=_for("breakout", **{"x-unit": "bars"}),
    )
    max_width_percentile: float = Field(
        60,
        title="Quiet before the breakout",
        description="The band before it must not be wider than in this share of 120 bars.",
        ge=5,
        le=100,
        json_schema_extra=_for("breakout", **{"x-unit": "%", "x-widget": "slider"}),
    )
    volume_filter: bool = Field(
        True,
        title="Volume above average",
        description="Needed for a breakout; skipped where the data has no volume.",
        json_schema_extra=_for("breakout"),
    )
    min_trend: float = Field(
        40,
        title="Trend at least",
        description="Trend score (0 to 100) from which a trend is followed.",
        ge=5,
        le=95,
        json_schema_extra=_for("trend_following", **{"x-widget": "slider"}),
    )
    min_vote: float = Field(
        35,
        title="Vote at least",
        description="Combined vote (0 to 100) from which a trade is proposed.",
        ge=5,
        le=95,
        json_schema_extra=_for("composite", **{"x-widget": "slider"}),
    )
    trend_filter: bool = Field(
        True,
        title="Only with the trend",
        description="No trade against the slow average.",
        json_schema_extra={
            "x-show-when": {"field": "method", "in": ["golden_cross", "rsi_mean_reversion"]}
        },
    )
    stop_atr: float = Field(
        2.0,
        title="Stop distance",
        description="In average true ranges (ATR 14).",
        ge=0.5,
        le=6,
        json_schema_extra={"x-group": "Stop and targets", "x-unit": "ATR"},
    )
    target_1_r: float = Field(
        2.0,
        title="First target",
        description="In multiples of the risk (the distance to the stop).",
        ge=0.5,
        le=10,
        json_schema_extra={"x-group": "Stop and targets", "x-unit": "R"},
    )
    target_2_r: float = Field(
        3.5,
        title="Second target",
        description="In multiples of the risk. Must be beyond the first.",
        ge=1,
        le=20,
        json_schema_extra={"x-group": "Stop and targets", "x-unit": "R"},
    )
    snap: bool = Field(
        True,
        title="Follow support and resistance",
        description="Move the stop behind, and targets before, a level that is close by.",
        json_schema_extra={"x-group": "Stop and targets", "x-advanced": True},
    )

    @model_validator(mode="after")
    def _in_order(self) -> "StrategyConfig":
        if self.slow <= self.fast:
            raise SettingFault(
                "slow",
                f"{self.slow} bars are not more than the fast average's {self.fast}",
                "Make the slow average longer than the fast one.",
            )
        if self.target_2_r <= self.target_1_r:
            raise SettingFault(
                "target_2_r",
                f"{self.target_2_r:g} R is not beyond the first target at {self.target_1_r:g} R",
                "Put the second target beyond the first.",
            )
        order = list(Timeframe)
        if self.method == "trend_following" and order.index(self.longer_timeframe) <= order.index(
            self.timeframe
        ):
            raise SettingFault(
                "longer_timeframe",
                f"{self.longer_timeframe.value} is not longer than {self.timeframe.value}",
                "Choose a longer timeframe.",
            )
        return self

    @property
    def longer(self) -> Timeframe | None:
        """The second timeframe, where the method reads one."""
        return self.longer_timeframe if self.method == "trend_following" else None

    def strategy(self) -> Strategy:
        """Return the rule that these settings describe."""
        match self.method:
            case "golden_cross":
                return GoldenCross(self.fast, self.slow, self.cross_within, self.trend_filter)
            case "rsi_mean_reversion":
                return RsiReversion(
                    self.rsi_period,
                    self.oversold,
                    self.overbought,
                    trend_filter=self.trend_filter,
                )
            case "breakout":
                return Breakout(self.range_bars, self.max_width_percentile, self.volume_filter)
            case "trend_following":
                return TrendFollowing(self.min_trend)
            case "composite":
                return Composite(self.min_vote)

    def plan_rules(self) -> PlanRules:
        """Return where stop and targets go."""
        return PlanRules(self.stop_atr, self.target_1_r, self.target_2_r, self.snap)
