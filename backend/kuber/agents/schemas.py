"""How the catalogue of agents looks from outside."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from kuber.agents.base import BaseAgent, Category
from kuber.infra.plugin_calls import call_plugin
from kuber.kernel.wire import DecimalText
from kuber.market.types import Timeframe


class PortOut(BaseModel):
    """A named way out of a node."""

    name: str
    label: str


class ExpectedTokens(BaseModel):
    """Tokens that one run of the agent is expected to use."""

    input: int
    output: int


class AgentOut(BaseModel):
    """All that the palette, the forms, the quote and the docs need of an agent."""

    model_config = ConfigDict(frozen=True)

    agent_type: str
    name: str
    description: str
    category: Category
    version: str
    icon: str
    price_per_hour: DecimalText
    """USD."""
    per_symbol: bool
    uses_llm: bool
    expected_tokens: ExpectedTokens | None
    config_schema: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ports: tuple[PortOut, ...]
    timeframes: tuple[Timeframe, ...]
    """What the agent needs with its default settings."""
    provider: str
    """`built-in`, or the name of the package that brought it."""


def agent_out(agent: type[BaseAgent[Any]], schema: dict[str, Any], provider: str) -> AgentOut:
    """Return the catalogue's row for an agent class."""
    meta = agent.metadata
    tokens = meta.expected_tokens
    return AgentOut(
        agent_type=meta.agent_type,
        name=meta.name,
        description=meta.description,
        category=meta.category,
        version=meta.version,
        icon=meta.icon,
        price_per_hour=meta.price_per_hour,
        per_symbol=meta.per_symbol,
        uses_llm=meta.uses_llm,
        expected_tokens=ExpectedTokens(input=tokens.input, output=tokens.output)
        if tokens
        else None,
        config_schema=schema,
        inputs=meta.inputs,
        outputs=meta.outputs,
        ports=tuple(PortOut(name=port.name, label=port.label) for port in meta.ports),
        timeframes=_default_timeframes(agent),
        provider=provider,
    )


def _default_timeframes(agent: type[BaseAgent[Any]]) -> tuple[Timeframe, ...]:
    """Return the timeframes of the default settings; none where a setting has no default."""
    required = any(field.is_required() for field in agent.Config.model_fields.values())
    return () if required else call_plugin(lambda: agent.timeframes(agent.Config()))
