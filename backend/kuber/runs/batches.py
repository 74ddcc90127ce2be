"""What the runs of a process record at once, and its rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson

from kuber.infra.db import JsonObject
from kuber.infra.outbox import outbox_json
from kuber.kernel.ids import OrderId, RunId
from kuber.runs.events import finished
from kuber.runs.statements import Part
from kuber.runs.types import ClaimedRun, NodeRecord, RunEvent, RunStatus, WaitsFor
from kuber.trading.types import Standing


class NotRecorded(Exception):
    """What a run recorded is not on record, and its worker cannot go on with the run."""


class LeaseLost(NotRecorded):
    """Another worker holds the run now, or it was ended: stop at once, write nothing more."""


class RowsRefused(NotRecorded):
    """PostgreSQL takes everything but these rows; it never will."""


class DatabaseAway(NotRecorded):
    """PostgreSQL is away, and the process ends before it comes back."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The cost entry of a node, in USD."""

    token_cost: Decimal
    rental_cost: Decimal
    api_cost: Decimal
    tokens_estimated: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run leaves its worker; `wake_at` and `waits_for` are set when it goes to wait.

    The status PENDING hands the run back, for another worker to go on with it at once.
    """

    status: RunStatus
    outcome: str | None = None
    error: JsonObject | None = None
    wake_at: datetime | None = None
    waits_for: WaitsFor | None = None


@dataclass(frozen=True, slots=True)
class RunBatch:
    """What one run records at once. A node is in it once at most, as started or as settled."""

    run: ClaimedRun
    number: int
    """One more than that of the run's batch before: a batch that is repeated is recognised."""
    sequence: int
    """Of the last event that was told."""
    started: tuple[NodeRecord, ...] = ()
    settled: tuple[tuple[NodeRecord, Charge | None], ...] = ()
    """Results of nodes; None for a node that cost nothing and used no tokens."""
    events: tuple[RunEvent, ...] = ()
    ending: Ending | None = None
    intents: tuple[JsonObject, ...] = ()
    """Rows of orders that are about to be sent, see `Journal.row`."""
    orders: tuple[JsonObject, ...] = ()
    """Rows of orders that were answered as they were placed, for `trading.statements.PLACED`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch is on record. `cancel_requested`: its run shall be stopped."""

    cancel_requested: bool
    intended: Mapping[str, bool] | None = None
    """Its orders that may be sent by id, and whether they are new; None when that is not known."""

    def standing(self, order_id: OrderId) -> Standing:
        """Return how an intent of the batch stands. What is not known may have been sent before,
        and the venue is asked."""
        if self.cancel_requested:
            return Standing.CANCELLED
        if self.intended is None:
            return Standing.OPEN
        is_new = self.intended.get(str(order_id))
        if is_new is None:
            return Standing.ANSWERED
        return Standing.NEW if is_new else Standing.OPEN


ARRAYS = (
    "batches",
    Part.STARTED,
    Part.SETTLED,
    Part.CHARGES,
    Part.EVENTS,
    Part.OUTBOX,
    Part.INTENTS,
    Part.ORDERS,
)
"""The parameters of a flush, each a JSON array."""


def parts_of(batch: RunBatch, rows: tuple[bytes, ...]) -> frozenset[Part]:
    """Return what a flush of the batch holds, whose rows are `rows`."""
    parts = {name for name, elements in zip(ARRAYS, rows, strict=True) if elements}
    found = {part for part in Part if part in parts}
    if any(record.cost for record, charge in batch.settled if charge is not None):
        found.add(Part.SPENT)
    if batch.ending is not None and batch.ending.status is RunStatus.FAILED:
        found.add(Part.FAILED)
    return frozenset(found)


def rows_of(batch: RunBatch, now: datetime) -> tuple[bytes, ...]:
    """Return the rows of a batch for each of `ARRAYS`; raises RowsRefused."""
    run, ending = batch.run, batch.ending
    row: JsonObject = {
        "id": run.id,
        "epoch": run.claim_epoch,
        "number": batch.number,
        "sequence": batch.sequence,
        "waited": 0,
    }
    announced = []
    if ending is not None:
        row |= {
            "status": ending.status.value,
            "finished_at": now if ending.status.finished else None,
            "wake_at": ending.wake_at,
            "waits_for": ending.waits_for,
            "waited": int(ending.status is RunStatus.WAITING),
            "outcome": ending.outcome,
            "error": ending.error,
        }
        if ending.status.finished:
            announced.append(finished(run, ending.status, ending.error, now))
    charged = [(record, charge) for record, charge in batch.settled if charge is not None]
    return _json_of(
        [row],
        [_started_row(run.id, record) for record in batch.started],
        [_settled_row(run.id, record) for record, _ in batch.settled],
        [_charge_row(run, record, charge, now) for record, charge in charged],
        [_told_row(run.id, batch.events)] if batch.events else [],
        [{**event, "about": run.id} for event in outbox_json(announced)],
        [{**intent, "about": run.id} for intent in batch.intents],
        [{**order, "about": run.id} for order in batch.orders],
    )


def _json_of(*parts: Sequence[JsonObject]) -> tuple[bytes, ...]:
    """Return the elements of each array as JSON, without its brackets."""
    try:
        return tuple(orjson.dumps(part)[1:-1] for part in parts)
    except TypeError as error:
        raise RowsRefused(str(error)) from error


def _started_row(run_id: RunId, record: NodeRecord) -> JsonObject:
    return {
        "run_id": run_id,
        "node_id": record.node_id,
        "agent_type": record.agent_type,
        "attempts": record.attempts,
        "started_at": record.started_at,
    }


def _settled_row(run_id: RunId, record: NodeRecord) -> JsonObject:
    row = {name: getattr(record, name) for name in record.__slots__}
    return {**row, "run_id": run_id, "cost": format(record.cost, "f")}


def _told_row(run_id: RunId, events: Sequence[RunEvent]) -> JsonObject:
    return {
        "run_id": run_id,
        "sequence": events[-1].sequence,
        "events": [event.stored() for event in events],
    }


def _charge_row(run: ClaimedRun, record: NodeRecord, charge: Charge, now: datetime) -> JsonObject:
    return {
        "run_id": run.id,
        "node_id": record.node_id,
        "attempt": record.attempts,
        "pipeline_name": run.pipeline_name,
        "agent_type": record.agent_type,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "tokens_estimated": charge.tokens_estimated,
        "runtime_ms": record.runtime_ms or 0.0,
        "token_cost": format(charge.token_cost, "f"),
        "rental_cost": format(charge.rental_cost, "f"),
        "api_cost": format(charge.api_cost, "f"),
        "amount": format(record.cost, "f"),
        "charged_at": record.finished_at or now,
    }
