"""A run as its user sees it: records put together with the graph. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from pydantic import JsonValue

from kuber.agents.catalog.trade_manager import trade_status
from kuber.agents.registry import AgentRegistry
from kuber.agents.state import SECTIONS, PipelineState, TradeExecution
from kuber.brokers.port import OrderStatus
from kuber.kernel.money import quantize
from kuber.pipelines.topology import topology
from kuber.pipelines.types import MANAGER_NODE, Graph, KnownPipeline, Mode
from kuber.runs.lineage import Changes, changes_from_json, lineage, with_changes
from kuber.runs.models import NodeRunRow, RunRow
from kuber.runs.plan import incoming_edges
from kuber.runs.schemas import (
    ExecutionOut,
    ExecutionSummary,
    NodeRunOut,
    ReportOut,
    RunDataOut,
    RunErrorOut,
    StartedBy,
    TokensOut,
    TradeFillOut,
    TradeOut,
)
from kuber.runs.summary import plain
from kuber.runs.types import NodeRecord, NodeStatus, RunStatus, WaitsFor
from kuber.trading.orders import JournalFill, JournalOrder

AVERAGE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """Everything that is stored of a run; `graph` is JSON text."""

    run: RunRow
    pipeline: KnownPipeline
    graph: bytes
    rows: Sequence[NodeRunRow]
    orders: Sequence[JournalOrder]
    closing: Sequence[JournalOrder] = ()
    """What was ordered to close positions because it asked for that."""


def execution_json(registry: AgentRegistry, recorded: RecordedRun) -> bytes:
    """Return the run in full, an ExecutionOut as JSON."""
    return execution_out(registry, recorded).model_dump_json(by_alias=True).encode()


def nodes_again(registry: AgentRegistry, graph: bytes, from_node: str) -> frozenset[str]:
    """Return the nodes that run again from `from_node` on; none when the graph lacks it."""
    shape = topology(Graph.model_validate_json(graph))
    if from_node not in shape.outgoing:
        return frozenset()
    return frozenset({*shape.descendants(from_node), from_node, MANAGER_NODE})


def execution_out(registry: AgentRegistry, recorded: RecordedRun) -> ExecutionOut:
    """Return the run in full, every node of the graph included, also those not yet reached."""
    run, rows = recorded.run, recorded.rows
    graph = Graph.model_validate_json(recorded.graph)
    by_id = {row.node_id: row for row in rows}
    changes = {row.node_id: _changes(row) for row in rows}
    order = (MANAGER_NODE, *topology(graph).order)
    final = with_changes(_first(run), (changes.get(node_id, {}) for node_id in order))
    return ExecutionOut(
        id=run.id,
        pipeline_id=run.pipeline_id,
        pipeline_name=recorded.pipeline.name,
        pipeline_deleted=recorded.pipeline.deleted,
        pipeline_version=run.pipeline_version,
        mode=Mode(run.mode),
        symbol=run.symbol,
        symbols=run.symbols,
        status=RunStatus(run.status),
        cost=run.cost,
        seed=run.seed,
        as_of=run.as_of,
        real_time=run.real_time,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        wake_at=run.wake_at,
        waits_for=_waits_for(run.waits_for),
        correlation_id=run.correlation_id,
        rerun_of=run.rerun_of,
        started_by=cast(StartedBy, run.started_by),
        signal_id=run.signal_id,
        last_sequence=run.last_sequence,
        outcome=run.outcome,
        graph=graph,
        nodes=_nodes(run, graph, order, by_id, changes, registry),
        trade=_trade(recorded.orders, recorded.closing, final.trade),
        report=ReportOut.model_validate(final.report.model_dump()) if final.report else None,
        error=RunErrorOut.model_validate(run.error) if run.error else None,
        data=_data(final),
    )


def summary(run: RunRow, pipeline: KnownPipeline) -> ExecutionSummary:
    """Return the run as a row of the history."""
    duration_ms = None
    if run.started_at and run.finished_at:
        duration_ms = (run.finished_at - run.started_at).total_seconds() * 1000
    return ExecutionSummary(
        id=run.id,
        pipeline_id=run.pipeline_id,
        pipeline_name=pipeline.name,
        pipeline_deleted=pipeline.deleted,
        pipeline_version=run.pipeline_version,
        mode=Mode(run.mode),
        symbol=run.symbol,
        status=RunStatus(run.status),
        cost=run.cost,
        as_of=run.as_of,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_ms=duration_ms,
        outcome=run.outcome,
        wake_at=run.wake_at,
        waits_for=_waits_for(run.waits_for),
        error=run.error["message"] if run.error else None,
        started_by=cast(StartedBy, run.started_by),
    )


def _nodes(
    run: RunRow,
    graph: Graph,
    order: Sequence[str],
    rows: Mapping[str, NodeRunRow],
    changes: Mapping[str, Changes],
    registry: AgentRegistry,
) -> list[NodeRunOut]:
    reached = lineage(order, _taken(graph, order, rows, registry))
    named = {node.id: (node.name, node.agent_type) for node in graph.nodes}
    named[MANAGER_NODE] = (None, MANAGER_NODE)
    items = []
    for node_id in order:
        name, agent_type = named[node_id]
        if name is None and registry.knows(agent_type):
            name = registry.get(agent_type).metadata.name
        before = with_changes(_first(run), (changes.get(other, {}) for other in reached[node_id]))
        row = rows.get(node_id)
        if row is None:
            items.append(_unreached(run, node_id, agent_type, name or agent_type))
        else:
            items.append(_node(run, row, name or agent_type, _sections(before)))
    return items


def _taken(
    graph: Graph, order: Sequence[str], rows: Mapping[str, NodeRunRow], registry: AgentRegistry
) -> dict[str, tuple[str, ...]]:
    """Return, for every node, the predecessors whose edges the run took."""
    settled = {
        node_id: NodeRecord(
            node_id, row.agent_type, NodeStatus(row.status), row.attempts, port=row.port
        )
        for node_id, row in rows.items()
    }
    incoming = incoming_edges(graph, registry)
    return {
        node_id: tuple(
            dict.fromkeys(
                edge.source
                for edge in incoming.get(node_id, ())
                if edge.source in settled and edge.taken(settled[edge.source])
            )
        )
        for node_id in order
    }


def _node(
    run: RunRow, row: NodeRunRow, name: str, given: dict[str, JsonValue] | None
) -> NodeRunOut:
    status = NodeStatus(row.status)
    if not status.settled and RunStatus(run.status).finished:
        status = NodeStatus.CANCELLED
    ran = status is not NodeStatus.SKIPPED
    tokens = TokensOut(input=row.input_tokens, output=row.output_tokens)
    return NodeRunOut(
        node_id=row.node_id,
        agent_type=row.agent_type,
        name=name,
        status=status,
        attempts=row.attempts,
        started_at=row.started_at,
        finished_at=row.finished_at,
        runtime_ms=row.runtime_ms,
        cost=row.cost,
        input=given if ran else None,
        output=_output(row.changes) if ran and status.settled else None,
        port=row.port,
        reasoning=row.reasoning,
        error=row.error["message"] if row.error else None,
        tokens=tokens if tokens.input or tokens.output else None,
        engine="llm" if row.engine == "llm" else "rules" if row.engine == "rules" else None,
        wake_at=row.wake_at,
        waits_for=_waits_for(row.waits_for),
    )


def _unreached(run: RunRow, node_id: str, agent_type: str, name: str) -> NodeRunOut:
    match RunStatus(run.status):
        case RunStatus.CANCELLED:
            status = NodeStatus.CANCELLED
        case RunStatus.FAILED | RunStatus.SUCCEEDED:
            status = NodeStatus.SKIPPED
        case _:
            status = NodeStatus.PENDING
    return NodeRunOut.model_validate(
        {
            **dict.fromkeys(NodeRunOut.model_fields),
            "node_id": node_id,
            "agent_type": agent_type,
            "name": name,
            "status": status,
            "attempts": 0,
            "cost": 0,
        }
    )


def _waits_for(stored: str | None) -> WaitsFor | None:
    return WaitsFor(stored) if stored else None


def _output(changes: Mapping[str, JsonValue] | None) -> dict[str, JsonValue] | None:
    shown = {
        key: value
        for key, value in (changes or {}).items()
        if key not in ("plans", "biases", "reasoning", "errors")
    }
    return shown or None


def _sections(state: PipelineState) -> dict[str, JsonValue] | None:
    given: dict[str, JsonValue] = {
        name: section.model_dump(mode="json")
        for name in SECTIONS
        if (section := getattr(state, name)) is not None
    }
    return {"symbol": state.symbol, "as_of": state.as_of.isoformat(), **given}


def _changes(row: NodeRunRow) -> Changes:
    return changes_from_json(row.changes or {})


def _first(run: RunRow) -> PipelineState:
    return PipelineState.model_validate(
        {
            "pipeline_id": run.pipeline_id,
            "execution_id": run.id,
            "user_id": run.user_id,
            "correlation_id": run.correlation_id,
            "mode": run.mode,
            "symbol": run.symbol,
            "symbols": tuple(run.symbols),
            "as_of": run.as_of,
            "seed": run.seed,
        }
    )


def _trade(
    orders: Sequence[JournalOrder],
    closing: Sequence[JournalOrder],
    told: TradeExecution | None,
) -> TradeOut | None:
    """Return the trade as the journal has it: an order outlives the node that placed it.

    A run that repeats another's later nodes has no order of its own, and tells of that one's trade;
    one that closed a position tells of that with what was filled of the close.
    """
    answered = next((order for order in orders if order.status is not OrderStatus.INTENDED), None)
    if answered is not None:
        return trade_of(answered)
    if told is None:
        return None
    trade = TradeOut.model_validate(told.model_dump(mode="json"))
    return _with_fills(trade, closing) if closing else trade


def trade_of(order: JournalOrder) -> TradeOut:
    """Return an answered order as a trade: what was filled of it, at the average price."""
    filled = order.filled_quantity
    entry = _average(order.fills) if filled else order.reference_price
    return TradeOut.model_validate(
        {
            "action": order.side,
            "symbol": order.symbol,
            "quantity": plain(filled or order.quantity),
            "entry_price": plain(entry),
            "stop_loss": plain(order.stop_loss),
            "targets": [plain(target) for target in order.targets],
            "fills": [_fill(fill) for fill in order.fills],
            "status": trade_status(order.status, filled=bool(order.fills)),
            "reason": order.reason,
            "estimated": order.estimated,
        }
    )


def _with_fills(trade: TradeOut, closing: Sequence[JournalOrder]) -> TradeOut:
    """Return the trade of a run that closed a position, as far as the newest order for it is."""
    fills = [fill for order in closing for fill in order.fills]
    if not fills:
        return trade
    last = closing[-1]
    status = trade_status(last.status, filled=True)
    return trade.model_copy(
        update={
            "quantity": plain(sum((fill.quantity for fill in fills), Decimal(0))),
            "entry_price": plain(_average(fills)),
            "fills": [_fill(fill) for fill in fills],
            "status": status,
            "reason": last.reason,
        }
    )


def _average(fills: Sequence[JournalFill]) -> Decimal:
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    value = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    return quantize(value / quantity, AVERAGE_DECIMALS)


def _fill(fill: JournalFill) -> TradeFillOut:
    return TradeFillOut(
        time=fill.time,
        quantity=plain(fill.quantity),
        price=plain(fill.price),
        commission=plain(fill.commission),
    )


def _data(state: PipelineState) -> RunDataOut | None:
    market = state.market_data
    if market is None:
        return None
    return RunDataOut(
        source=market.source,
        simulated=market.simulated,
        last_bar_at=max((frame.last_at for frame in market.frames.values()), default=None),
    )
