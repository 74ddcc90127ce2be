"""What agents have in common: reading the state and the market, with failures in plain words."""

from decimal import Decimal

from kuber.agents.base import AgentContext, AgentFailure, HostUnavailable, ServiceFailure
from kuber.agents.state import MarketSnapshot, PipelineState
from kuber.infra.breakers import BreakerOpen
from kuber.market.errors import MarketError, ProviderUnavailable, TimeframeUnavailable
from kuber.market.types import Bars, Instrument, Timeframe

RULES_NOTE = "_Rule engine: no language model was used, free of charge._"
LLM_NOTE = "_Written by the language model {model} from figures that Kuber computed._"


def missing(section: str, agent: str) -> AgentFailure:
    """Return the failure of a node whose input no earlier node produced."""
    name = section.replace("_", " ")
    return AgentFailure(
        "missing_input",
        f"{agent} needs {name}, but no earlier step produced it.",
        remedy=f"Connect a step that produces {name} before this one.",
    )


def market_of(state: PipelineState, agent: str) -> MarketSnapshot:
    """Return the state's market data; raises AgentFailure missing_input."""
    if state.market_data is None:
        raise missing("market_data", agent)
    return state.market_data


async def instrument_of(context: AgentContext, symbol: str) -> Instrument:
    """Return the instrument; market errors become AgentFailure with the same code."""
    try:
        return await context.market.instrument(context.user_id, symbol, context.as_of)
    except MarketError as error:
        raise market_failure(error) from error


async def bars_of(context: AgentContext, symbol: str, timeframe: Timeframe, count: int) -> Bars:
    """Return the `count` newest bars closed by `as_of`; market errors become AgentFailure."""
    try:
        return await context.market.bars(context.user_id, symbol, timeframe, context.as_of, count)
    except TimeframeUnavailable as error:
        instrument = await instrument_of(context, symbol)
        raise unavailable_timeframes(instrument, (timeframe,)) from error
    except MarketError as error:
        raise market_failure(error) from error


def unavailable_timeframes(instrument: Instrument, wanted: tuple[Timeframe, ...]) -> AgentFailure:
    """Return the failure that names the timeframes a symbol lacks, and those it has."""
    names = ", ".join(timeframe.value for timeframe in wanted)
    there = ", ".join(timeframe.value for timeframe in instrument.timeframes) or "none"
    return AgentFailure(
        "timeframe_unavailable",
        f"{instrument.symbol} has no {names} bars. Available: {there}.",
        remedy="Choose available timeframes in the steps that ask for it, or import finer bars.",
    )


def market_failure(error: MarketError) -> AgentFailure:
    """Return what a market error means for a run."""
    if isinstance(error.__cause__, BreakerOpen):
        return HostUnavailable(error.__cause__.host, error.__cause__.until)
    return ServiceFailure(
        error.code,
        error.detail,
        retryable=isinstance(error, ProviderUnavailable),
        remedy=error.remedy or None,
    )


def plain(number: Decimal) -> str:
    """Return a Decimal as people write it: no exponent, no trailing zeros after the point."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(number: Decimal) -> str:
    """Return an amount of money with thousands separators and two decimals."""
    return f"{number:,.2f}"


_NO_TRADE = "**No trade.** "


def no_trade(reason: str) -> str:
    """Return what a node says, in Markdown, that places no order for `reason`."""
    return f"{_NO_TRADE}{reason}"


def why_no_trade(state: PipelineState) -> str | None:
    """Return the first line of why a node placed no order; None when none said so."""
    for said in state.reasoning.values():
        if said.startswith(_NO_TRADE):
            return said.removeprefix(_NO_TRADE).partition("\n")[0]
    return None


def bullets(*lines: str) -> str:
    """Return the non-empty lines as a Markdown list."""
    return "\n".join(f"- {line}" for line in lines if line)
