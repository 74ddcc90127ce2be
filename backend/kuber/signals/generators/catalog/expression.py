"""Expression: a condition that the user writes, over prices and indicators."""

from typing import Self

from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.expressions.compiler import compile_expression
from kuber.signals.generators.expressions.grammar import MAX_LENGTH
from kuber.signals.generators.expressions.program import Program
from kuber.signals.generators.streaming import FORGOTTEN_AFTER, Onset
from kuber.signals.types import SignalDirection


class ExpressionConfig(GeneratorConfig):
    """The condition and what it means."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{expression}"})

    expression: str = Field(
        max_length=MAX_LENGTH,
        title="Expression",
        description="Fires on the bar on which it becomes true.",
        examples=["crosses_above(sma(close, 20), sma(close, 50)) and rsi(14) < 70"],
        json_schema_extra={"x-widget": "code"},
    )
    direction: SignalDirection = Field(
        SignalDirection.BULLISH, title="Direction", description="What the signal says."
    )
    confidence: float = Field(
        70, ge=0, le=100, title="Confidence", description="What the signal is sent with."
    )

    _program: Program = PrivateAttr()

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        self._program = compile_expression(self.expression)
        return self

    @property
    def program(self) -> Program:
        """Return what the expression was compiled to when the settings were checked."""
        return self._program


class Expression(SignalGenerator[ExpressionConfig]):
    """Fires when the user's condition turns from false to true."""

    metadata = GeneratorMetadata(
        "expression",
        "Expression",
        "A condition over prices and indicators that you write.",
        "custom",
    )
    Config = ExpressionConfig

    def __init__(self, config: ExpressionConfig) -> None:
        super().__init__(config)
        self._program = config.program

    @property
    def warm_up(self) -> int:
        return self._program.settling + FORGOTTEN_AFTER + 2

    def detector(self, ticker: str) -> Detector:
        return _Condition(ticker, self.config, self._program)


class _Condition(Detector):
    def __init__(self, ticker: str, config: ExpressionConfig, program: Program) -> None:
        super().__init__(ticker)
        self._config = config
        self._evaluation = program.start()
        self._onset = Onset()

    def on_bar(self, bar: Bar) -> Emission | None:
        if not self._onset.update(self._evaluation.update(bar)):
            return None
        return self.emission(
            bar,
            self._config.direction,
            {"as_configured": self._config.confidence},
            expression=self._config.expression,
            **self._evaluation.shown(),
        )
