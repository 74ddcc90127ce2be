"""Condition: sends the run one way or the other, by one figure of the state."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category, Port, SettingFault
from kuber.agents.effects import pure
from kuber.agents.state import Action, Direction, PipelineState, StrategyPlan
from kuber.agents.toolkit import missing, plain
from kuber.kernel.money import exact

Subject = Literal[
    "strategy.confidence",
    "strategy.action",
    "strategy.reward_risk",
    "bias.confidence",
    "bias.direction",
    "market_data.price",
    "risk.approved",
    "risk.quantity",
]
Comparison = Literal[">", ">=", "<", "<=", "==", "!="]

_LABELS: JsonDict = {
    "strategy.confidence": "Strategy: confidence (0 to 100)",
    "strategy.action": "Strategy: action (BUY, SELL, HOLD)",
    "strategy.reward_risk": "Strategy: reward to risk at target 1",
    "bias.confidence": "Bias: confidence (0 to 100)",
    "bias.direction": "Bias: direction (BULLISH, BEARISH, NEUTRAL)",
    "market_data.price": "Market: last price",
    "risk.approved": "Risk: approved (yes, no)",
    "risk.quantity": "Risk: quantity",
}
_CHOICES = {
    "strategy.action": tuple(Action),
    "bias.direction": tuple(Direction),
    "risk.approved": ("YES", "NO"),
}
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


class ConditionConfig(AgentConfig):
    """What to compare with what."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{subject} {comparison} {value}"})

    subject: Subject = Field(
        "strategy.confidence",
        title="Look at",
        description="The figure that decides.",
        json_schema_extra={"x-enum-labels": _LABELS},
    )
    comparison: Comparison = Field(
        ">=",
        title="Is",
        description="Words can only be equal or not equal.",
        json_schema_extra={
            "x-enum-labels": {
                ">": "greater than",
                ">=": "at least",
                "<": "less than",
                "<=": "at most",
                "==": "equal to",
                "!=": "not equal to",
            }
        },
    )
    value: str = Field(
        "60",
        title="Value",
        description="A number, or one of the words in brackets above.",
        min_length=1,
        max_length=40,
    )

    @model_validator(mode="after")
    def _comparable(self) -> "ConditionConfig":
        choices = _CHOICES.get(self.subject)
        if choices is None:
            self.number()
            return self
        if self.comparison not in ("==", "!="):
            raise SettingFault(
                "comparison",
                f"{self.subject} is a word, which cannot be greater or less",
                "Choose equal to or not equal to.",
            )
        if self.value.strip().upper() not in choices:
            raise SettingFault(
                "value",
                f"{self.value!r} is no value of {self.subject}",
                f"Use one of: {', '.join(choices)}.",
            )
        return self

    def number(self) -> Decimal:
        """Return the value as a number; raises SettingFault when it is none."""
        try:
            return exact(self.value.strip())
        except ValueError as error:
            raise SettingFault(
                "value", f"{self.value!r} is not a number", f"{self.subject} needs a number."
            ) from error

    def expected(self) -> Decimal | str:
        """Return the value in the subject's own type."""
        return self.value.strip().upper() if self.subject in _CHOICES else self.number()


class Condition(BaseAgent[ConditionConfig]):
    """Compares one figure and takes the way `true` or `false`."""

    metadata = AgentMetadata(
        agent_type="condition",
        name="Condition",
        description="Goes one way or the other, by one figure of the run.",
        category=Category.FLOW,
        icon="alt_route",
        ports=(Port("true", "Yes"), Port("false", "No")),
        effects=pure(),
    )
    Config = ConditionConfig

    @classmethod
    def required_inputs(cls, config: AgentConfig) -> tuple[str, ...]:
        if not isinstance(config, ConditionConfig):
            return ()
        return (config.subject.partition(".")[0],)

    async def process(self, state: PipelineState) -> PipelineState:
        actual = read(state, self.config.subject)
        test = _TESTS[self.config.comparison]
        holds = actual is not None and test(actual, self.config.expected())
        self.context.choose_port("true" if holds else "false")
        self.say(
            state,
            f"{_LABELS[self.config.subject]} is {_shown(actual)};"
            f" asked was {self.config.comparison} {self.config.value.strip()}:"
            f" **{'yes' if holds else 'no'}**.",
        )
        return state


def read(state: PipelineState, subject: Subject) -> Decimal | str | None:
    """Return the figure, None where the plan does not have it.

    Raises AgentFailure missing_input when its section is not there.
    """
    name, _, figure = subject.partition(".")
    section = getattr(state, name)
    if section is None:
        raise missing(name, Condition.metadata.name)
    if isinstance(section, StrategyPlan) and figure == "reward_risk":
        return _reward_risk(section)
    value = getattr(section, figure)
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return exact(value) if isinstance(value, float) else value


def _reward_risk(plan: StrategyPlan) -> Decimal | None:
    if plan.entry is None or plan.stop_loss is None or plan.target_1 is None:
        return None
    ratio = abs(plan.target_1 - plan.entry) / abs(plan.entry - plan.stop_loss)
    return ratio.quantize(Decimal("0.0001"))


def _shown(value: Decimal | str | None) -> str:
    if value is None:
        return "not set"
    return plain(value) if isinstance(value, Decimal) else str(value)
