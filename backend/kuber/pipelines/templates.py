"""Pipelines to start from. Each runs as it is on the sample history."""

from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

from pydantic import JsonValue

from kuber.kernel.errors import Problem
from kuber.pipelines.errors import UnknownTemplate
from kuber.pipelines.schemas import TemplateOut
from kuber.pipelines.types import (
    Graph,
    GraphEdge,
    GraphNode,
    GraphNote,
    ManualTrigger,
    Mode,
    PeriodicTrigger,
    Position,
    Size,
    Trigger,
)

_COLUMN = 300
_ROW = 130
_TOP = 220

Settings = dict[str, JsonValue]


def templates() -> tuple[TemplateOut, ...]:
    """Return all templates, the simplest first."""
    return _templates()


def template(slug: str) -> TemplateOut:
    """Return one template; raises UnknownTemplate."""
    for candidate in _templates():
        if candidate.slug == slug:
            return candidate
    slugs = ", ".join(known.slug for known in _templates())
    raise UnknownTemplate(
        f"There is no template {slug}.",
        [Problem("Unknown template.", f"Use one of {slugs}.", field="template")],
    )


@cache
def _templates() -> tuple[TemplateOut, ...]:
    return (
        _golden_cross(),
        _by_the_minute(),
        _rsi_reversion(),
        _breakout(),
        _multi_timeframe(),
        _consensus(),
        _ideas_on_paper(),
    )


def _golden_cross() -> TemplateOut:
    return _template(
        "golden-cross",
        "Golden cross swing",
        "Buys when the 50-day average crosses above the 200-day average and holds for weeks."
        " On the sample history AAPL crossed on 13 May 2009.",
        ("trend", "daily", "stocks"),
        "AAPL",
        _chain({"strategy": {"method": "golden_cross", "timeframe": "1d"}}),
        "Try AAPL as of 2009-05-14: the 50-day average had just crossed above the 200-day one.",
        as_of=datetime(2009, 5, 14, 21, tzinfo=UTC),
    )


def _rsi_reversion() -> TemplateOut:
    return _template(
        "rsi-mean-reversion",
        "RSI mean reversion",
        "Buys weakness inside an uptrend: RSI below its lower threshold, price above the"
        " 200-day average, a close target.",
        ("mean reversion", "daily", "stocks"),
        "MSFT",
        _chain(
            {
                "strategy": {
                    "method": "rsi_mean_reversion",
                    "timeframe": "1d",
                    "oversold": 35,
                    "target_1_r": 1.5,
                    "target_2_r": 2.5,
                }
            }
        ),
        "RSI below 35 in an uptrend is rare by design; most days end with no trade.",
    )


def _breakout() -> TemplateOut:
    return _template(
        "volatility-breakout",
        "Breakout with volatility filter",
        "Buys a close above the 20-day range when the market was quiet before, checked by a"
        " condition before any risk is taken.",
        ("breakout", "daily", "stocks"),
        "GOOG",
        _guarded(
            {"method": "breakout", "timeframe": "1d", "range_bars": 20},
            {"subject": "strategy.confidence", "comparison": ">=", "value": "55"},
        ),
        "Plans below 55 % confidence go straight to the report.",
    )


def _multi_timeframe() -> TemplateOut:
    frames: list[JsonValue] = ["1h", "4h", "1d"]
    return _template(
        "multi-timeframe-trend",
        "Multi-timeframe trend",
        "Trades the hourly trend of a currency pair only when the four-hour and the daily chart"
        " lean the same way.",
        ("trend", "intraday", "currencies"),
        "EURUSD",
        _leaning(
            frames, {"method": "trend_following", "timeframe": "1h", "longer_timeframe": "4h"}
        ),
        "A neutral market leaves by its own port and ends in the report.",
    )


def _consensus() -> TemplateOut:
    nodes = [
        _node("trigger", "manual_trigger", 0, 1),
        _node("data", "market_data", 1, 1),
        _node(
            "trend",
            "strategy",
            2,
            0,
            {"method": "trend_following", "timeframe": "1d", "longer_timeframe": "1w"},
            "Trend analyst",
        ),
        _node(
            "composite",
            "strategy",
            2,
            2,
            {"method": "composite", "timeframe": "1d"},
            "Composite analyst",
        ),
        _node("consensus", "consensus", 3, 1),
        _node("risk", "risk_manager", 4, 1),
        _node("trade", "trade_manager", 5, 1),
        _node("report", "report", 6, 1),
    ]
    edges = [
        *_path("trigger", "data", "trend", "consensus"),
        *_path("data", "composite", "consensus", "risk", "trade", "report"),
    ]
    return _template(
        "two-analyst-consensus",
        "Two-analyst consensus",
        "Two analysts judge the same chart by different rules; money moves only when they agree.",
        ("consensus", "daily", "stocks"),
        "AAPL",
        Graph(nodes=tuple(nodes), edges=tuple(edges)),
        "Both branches run at the same time and meet at the consensus.",
    )


def _by_the_minute() -> TemplateOut:
    return _template(
        "bitcoin-by-the-minute",
        "Bitcoin by the minute",
        "Shows within minutes how a position lives: it is opened, protected, its stop moves to"
        " break-even, it is closed. For looking on in simulation, not for making money.",
        ("learning", "intraday", "coins"),
        "BTCUSD",
        _chain(
            {
                "bias": {"timeframes": ["1m"]},
                "strategy": {
                    "method": "golden_cross",
                    "timeframe": "1m",
                    "fast": 5,
                    "slow": 20,
                    "cross_within": 250,
                    "trend_filter": False,
                    "allow_short": True,
                    "stop_atr": 1,
                    "target_1_r": 0.6,
                    "target_2_r": 1.2,
                    "snap": False,
                },
                "risk": {"min_reward_risk": 0.5},
            }
        ),
        "Activate it: it looks every minute, day and night, and has one position at a time.",
        trigger=PeriodicTrigger(
            kind="periodic", every_minutes=1, market_hours_only=False, symbols=("BTCUSD",)
        ),
    )


def _ideas_on_paper() -> TemplateOut:
    return _template(
        "ideas-on-paper",
        "Ideas on paper",
        "Checks a trade idea from end to end in validation mode: the order is built and recorded,"
        " and never sent.",
        ("validation", "daily", "learning"),
        "GOOG",
        _chain({"strategy": {"method": "composite", "timeframe": "1d"}}),
        "Validation mode records what would have been ordered and places nothing.",
        Mode.VALIDATION,
    )


def _chain(settings: dict[str, Settings]) -> Graph:
    """Return trigger, data, bias, strategy, risk, trade and report in a row."""
    steps = (
        ("trigger", "manual_trigger"),
        ("data", "market_data"),
        ("bias", "bias"),
        ("strategy", "strategy"),
        ("risk", "risk_manager"),
        ("trade", "trade_manager"),
        ("report", "report"),
    )
    nodes = tuple(
        _node(node_id, agent, column, 0, settings.get(node_id))
        for column, (node_id, agent) in enumerate(steps)
    )
    return Graph(nodes=nodes, edges=tuple(_path(*(node_id for node_id, _ in steps))))


def _guarded(strategy: Settings, condition: Settings) -> Graph:
    """Return a line whose trade is on a row of its own: the way past it is drawn below."""
    nodes = (
        _node("trigger", "manual_trigger", 0, 1),
        _node("data", "market_data", 1, 1),
        _node("strategy", "strategy", 2, 1, strategy),
        _node("sure", "condition", 3, 1, condition, "Sure enough?"),
        _node("risk", "risk_manager", 4, 0),
        _node("trade", "trade_manager", 5, 0),
        _node("report", "report", 6, 1),
    )
    edges = (
        *_path("trigger", "data", "strategy", "sure"),
        GraphEdge(source="sure", target="risk", from_port="true"),
        GraphEdge(source="sure", target="report", from_port="false"),
        *_path("risk", "trade", "report"),
    )
    return Graph(nodes=nodes, edges=edges)


def _leaning(frames: list[JsonValue], strategy: Settings) -> Graph:
    """Return a line whose trade is on a row of its own: the neutral way is drawn below it."""
    nodes = (
        _node("trigger", "manual_trigger", 0, 1),
        _node("data", "market_data", 1, 1),
        _node("bias", "bias", 2, 1, {"timeframes": frames}),
        _node("strategy", "strategy", 3, 0, strategy),
        _node("risk", "risk_manager", 4, 0),
        _node("trade", "trade_manager", 5, 0),
        _node("report", "report", 6, 1),
    )
    edges = (
        *_path("trigger", "data", "bias"),
        GraphEdge(source="bias", target="strategy", from_port="bullish"),
        GraphEdge(source="bias", target="strategy", from_port="bearish"),
        GraphEdge(source="bias", target="report", from_port="neutral"),
        *_path("strategy", "risk", "trade", "report"),
    )
    return Graph(nodes=nodes, edges=edges)


def _template(
    slug: str,
    name: str,
    description: str,
    tags: tuple[str, ...],
    symbol: str,
    graph: Graph,
    note: str,
    mode: Mode = Mode.SIMULATION,
    as_of: datetime | None = None,
    trigger: Trigger | None = None,
) -> TemplateOut:
    sticky = GraphNote(
        id="about", text=note, position=Position(x=80, y=_TOP - 170), size=Size(w=320, h=110)
    )
    return TemplateOut(
        slug=slug,
        name=name,
        description=description,
        tags=list(tags),
        symbol_hint=symbol,
        as_of_hint=as_of,
        graph=graph.model_copy(update={"notes": (sticky,)}),
        mode=mode,
        trigger=trigger or ManualTrigger(),
    )


def _node(
    node_id: str,
    agent_type: str,
    column: int,
    row: int,
    config: Settings | None = None,
    name: str | None = None,
) -> GraphNode:
    place = Position(x=80 + _COLUMN * column, y=_TOP + _ROW * row)
    return GraphNode(
        id=node_id, agent_type=agent_type, config=config or {}, position=place, name=name
    )


def _path(*nodes: str) -> list[GraphEdge]:
    return [GraphEdge(source=source, target=target) for source, target in pairwise(nodes)]
