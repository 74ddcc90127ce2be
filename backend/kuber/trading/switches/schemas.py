"""Switches as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.names import Note
from kuber.kernel.wire import DecimalText
from kuber.trading.order_types import SwitchState

MOST_REASON = 500


class SwitchBody(BaseModel):
    """What a switch is set to.

    `paused`: no run of the present starts and no entry is sent; entries that work go on.
    `reduce_only`: runs go on, their entries are refused, and working entries are cancelled.
    `halted`: no run, no entry, and working entries are cancelled. Exits, stops and targets go on in
    every state, and orders by hand may close. `flatten` also closes every position under the switch
    at the market; it needs reduce_only or halted.
    """

    model_config = ConfigDict(extra="forbid")

    state: SwitchState
    flatten: bool = False
    reason: Annotated[Note, Field(min_length=1, max_length=MOST_REASON)]


class FlattenedOut(BaseModel):
    """What became of one position of a flattening.

    `outcome`: `closed` at the average `price`; `never_opened`: its entry was taken back unfilled;
    `waits` for what `text` says, such as the market's opening; `failed`: Kuber cannot close it.
    `quantity` is what is still held, without a sign.
    """

    position_id: UUID
    account_id: UUID
    mode: str
    symbol: str
    quantity: DecimalText
    outcome: Literal["closed", "never_opened", "waits", "failed"]
    price: DecimalText | None
    text: str


class FlattenReport(BaseModel):
    """What a flattening has closed, read anew each time. `status`: `done` when every position is
    closed, `working` while any is not, `unknown` when the positions cannot be read."""

    asked_at: datetime
    status: Literal["done", "working", "unknown"]
    text: str
    closed: int
    not_closed: int
    items: list[FlattenedOut]


class SwitchOut(BaseModel):
    """One switch. `scope` is `platform`, `user`, `pipeline:<id>`, or `file` for a halt that was set
    with ./kuber halt where Kuber runs. `set_by` says it in words: nobody's name."""

    scope: str
    name: str | None = Field(description="The pipeline's; null for the others.")
    state: SwitchState
    reason: str
    set_by: str | None
    set_at: datetime | None
    report: FlattenReport | None


class SwitchList(BaseModel):
    """Every switch that counts for the caller; `effective` is the strictest for entries, leaving
    those of pipelines aside. `order_service` is `away` when nobody looked at positions for 15 s."""

    items: list[SwitchOut]
    effective: SwitchState
    order_service: Literal["active", "away"]


class DrillBody(BaseModel):
    """Which accounts are drilled."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["simulation"] = "simulation"


class DrillCancel(BaseModel):
    """An entry that the red button would take back; `quantity` is what is not filled of it."""

    order_id: UUID
    account_id: UUID
    symbol: str
    side: str
    quantity: DecimalText


class DrillClose(BaseModel):
    """A position that the red button would close. `price` is what the market pays at the newest
    quote, `proceeds` what that brings after commission (what it costs, for a short); null where it
    would not be closed at once, and `text` says why."""

    position_id: UUID
    account_id: UUID
    symbol: str
    side: str
    quantity: DecimalText
    price: DecimalText | None
    proceeds: DecimalText | None
    currency: str
    text: str


class DrillReport(BaseModel):
    """What the red button would do now. Nothing was sent and nothing was written."""

    mode: str
    at: datetime
    would_cancel: list[DrillCancel]
    would_close: list[DrillClose]
    took_ms: float
    problems: list[str]
