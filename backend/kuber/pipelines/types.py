"""The graph of a pipeline: what is stored as JSONB and drawn on the canvas."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticKnownError

from kuber.kernel.names import Label
from kuber.kernel.time_zones import time_zones
from kuber.kernel.weekdays import Weekday
from kuber.market.symbols import canonical_symbol

MANAGER_NODE = "pipeline_manager"
"""Id of the node that every run starts with; no user's node may carry it."""

MAX_NODES = 1000
MAX_EDGES = 10 * MAX_NODES


class Mode(StrEnum):
    LIVE = "live"
    PAPER = "paper"
    SIMULATION = "simulation"
    VALIDATION = "validation"


class PipelineStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


Coordinate = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]


class Position(BaseModel):
    """A place on the canvas, in pixels at scale 1."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"required": ["x", "y"]}
    )

    x: Coordinate = 0
    y: Coordinate = 0


class Size(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    w: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
    h: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]


class GraphNode(BaseModel):
    """One agent with its settings."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"required": ["id", "agent_type", "position"]},
    )

    id: Annotated[str, Field(min_length=1, max_length=100)]
    agent_type: Annotated[str, Field(min_length=1, max_length=100)]
    config: dict[str, JsonValue] = Field(default_factory=dict)
    position: Position = Position()
    name: Label | None = None
    pinned: bool = False


class GraphEdge(BaseModel):
    """A connection; `from_port` names the way out, none means the first."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: Annotated[str, Field(alias="from", min_length=1, max_length=100)]
    target: Annotated[str, Field(alias="to", min_length=1, max_length=100)]
    from_port: Annotated[str, Field(max_length=60)] | None = None


class GraphNote(BaseModel):
    """A sticky note; no meaning for runs."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"required": ["id", "text", "position"]},
    )

    id: Annotated[str, Field(min_length=1, max_length=100)]
    text: Annotated[str, Field(max_length=2000)] = ""
    position: Position = Position()
    size: Size | None = None


def _counted(count: int) -> BeforeValidator:
    """Look at no item of a list that has more than `count`: each of them could be wrong."""

    def count_first(value: object) -> object:
        if isinstance(value, list) and len(value) > count:
            found = {"field_type": "Tuple", "max_length": count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", found)
        return value

    return BeforeValidator(count_first)


class Graph(BaseModel):
    """Nodes and edges. Shape only: `validate_graph` says whether it can run."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"required": ["nodes", "edges"]}
    )

    nodes: Annotated[tuple[GraphNode, ...], Field(max_length=MAX_NODES), _counted(MAX_NODES)] = ()
    edges: Annotated[tuple[GraphEdge, ...], Field(max_length=MAX_EDGES), _counted(MAX_EDGES)] = ()
    notes: Annotated[tuple[GraphNote, ...], Field(max_length=MAX_NODES), _counted(MAX_NODES)] = ()


class ManualTrigger(BaseModel):
    """Runs only when asked to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["manual"] = "manual"


Ticker = Annotated[str, AfterValidator(canonical_symbol)]


class Window(BaseModel):
    """Hours in which a schedule is due: from `from` up to but without `to`, by the clock on the
    wall. One that ends before it begins lasts over midnight; its day is the one it begins on."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    since: Annotated[str, Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    to: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "24:00"
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(Weekday)

    @field_validator("days")
    @classmethod
    def _in_order(cls, value: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        return tuple(one for one in Weekday if one in value)

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if self.since == self.to:
            raise ValueError("let the window end at another time than it begins at")
        return self

    @property
    def minutes(self) -> tuple[int, int]:
        """When it begins and ends, in minutes after midnight."""
        begin, end = (60 * int(at[:2]) + int(at[3:]) for at in (self.since, self.to))
        return begin, end


class PeriodicTrigger(BaseModel):
    """Runs on each symbol every so many minutes, counted from midnight in `timezone`; with
    `window`, only then.

    A `continuous` one runs again when its last run has ended, a minute after the last start at the
    earliest; `every_minutes` is how long it waits after one that failed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["periodic"]
    every_minutes: Annotated[int, Field(ge=1, le=1440)] = 5
    market_hours_only: bool = True
    timezone: Annotated[str, Field(max_length=60)] = "UTC"
    symbols: Annotated[tuple[Ticker, ...], Field(max_length=20)] = ()
    window: Annotated[Window | None, Field(exclude_if=lambda window: window is None)] = None
    """Left out where there is none, as in all that was stored before there was a choice."""
    continuous: Annotated[bool, Field(exclude_if=lambda continuous: not continuous)] = False
    """Left out where it is not, likewise."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError("name a time zone of the IANA list, for example America/New_York")
        return value

    @field_validator("symbols")
    @classmethod
    def _one_spelling(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("name each symbol once, however it is spelt")
        return value


class Direction(StrEnum):
    """What a signal may say of a ticker."""

    BULLISH = "BULLISH"
    BEARISH = "BEARISH"
    NEUTRAL = "NEUTRAL"
    FLAT = "FLAT"


EVERY_DIRECTION_BUT_FLAT = (Direction.BULLISH, Direction.BEARISH, Direction.NEUTRAL)


class Subscription(BaseModel):
    """Signals of one type from `min_confidence` (0 to 100) on, that point one of `directions`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    min_confidence: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0
    directions: Annotated[tuple[Direction, ...], Field(min_length=1, max_length=4)] = (
        EVERY_DIRECTION_BUT_FLAT
    )

    @field_validator("directions")
    @classmethod
    def _in_order(cls, value: tuple[Direction, ...]) -> tuple[Direction, ...]:
        return tuple(one for one in Direction if one in value)

    @model_serializer(mode="wrap")
    def _without_usual_directions(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, JsonValue]:
        """Leave out what everybody means, as in all that was stored before there was a choice."""
        written: dict[str, JsonValue] = serialize(self)
        if self.directions == EVERY_DIRECTION_BUT_FLAT:
            del written["directions"]
        return written


class SignalTrigger(BaseModel):
    """Runs when a signal of a subscribed type names a ticker of the scanner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["signal"]
    scanner_id: UUID | None = None
    subscriptions: Annotated[tuple[Subscription, ...], Field(max_length=50)] = ()
    market_hours_only: bool = False

    @field_validator("subscriptions")
    @classmethod
    def _each_type_once(cls, value: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
        types = [item.signal_type for item in value]
        if len(set(types)) != len(types):
            raise ValueError("subscribe to each signal type once")
        return value


Trigger = Annotated[ManualTrigger | PeriodicTrigger | SignalTrigger, Field(discriminator="kind")]
"""How a pipeline starts; only active pipelines start by themselves."""

TRIGGERS: TypeAdapter[ManualTrigger | PeriodicTrigger | SignalTrigger] = TypeAdapter(Trigger)


class ProblemCode(StrEnum):
    CYCLE = "cycle"
    DANGLING_EDGE = "dangling_edge"
    UNKNOWN_AGENT = "unknown_agent"
    BAD_CONFIG = "bad_config"
    MISSING_INPUT = "missing_input"
    UNREACHABLE = "unreachable"
    NO_TRIGGER = "no_trigger"
    TWO_STARTS = "two_starts"
    DUPLICATE_NODE = "duplicate_node"


class GraphProblem(BaseModel):
    """One reason why a graph cannot run, on the node and field where it is mended."""

    model_config = ConfigDict(frozen=True)

    code: ProblemCode
    node_id: str | None = None
    field: str | None = None
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class KnownPipeline:
    """What a run's history says of its pipeline."""

    name: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class PipelineQuery:
    """Filters of the pipelines list.

    `sort` is name, created_at or updated_at, with `-` before it for descending.
    """

    search: str | None = None
    status: str | None = None
    mode: str | None = None
    sort: str = "-updated_at"
    cursor: str | None = None
    limit: int = 50
