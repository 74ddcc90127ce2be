"""Imports as the HTTP contract shows them."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.wire import DecimalText
from kuber.market.actions.types import Origin, Prices, Use
from kuber.market.importing.said import DateOrder, How, Label
from kuber.market.models import BarImport
from kuber.market.symbols import MAX_WRITTEN
from kuber.market.types import Timeframe

Status = Literal[
    "checking", "previewed", "refused", "queued", "loading", "done", "failed", "undone"
]


class _Spoken(BaseModel):
    """Shapes with a field called `from`."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class ImportNote(BaseModel):
    """A guess that an import made, or what it left out or mended."""

    code: str
    message: str


class UnderstoodOut(BaseModel):
    """One thing about a file, and how it is known."""

    value: str
    how: How


class SplitOut(BaseModel):
    """A split: `ratio` is new shares for old, such as 2:1, `at` when its first bar opens.

    `origin` is what tells of it. `use` says whether it is `applied`, the prices are `adjusted`
    already, that cannot be told (`undecided`), it lies `within_bar`, or `outside` of the bars. For
    stored bars `timeframes` are those of which that is so.
    """

    at: datetime
    ratio: str
    ex_date: date | None = None
    origin: Origin = Origin.ADJUSTED_CLOSE
    use: Use = Use.APPLIED
    timeframes: list[Timeframe] = []


class DividendsOut(BaseModel):
    """How many dividends a file tells of, and the first and last day without one."""

    count: int
    first: date
    last: date


class SymbolFound(_Spoken):
    """What a file holds of one symbol; `gaps` are bars missing while its market trades.

    Of a file of splits and dividends `from` and `to` are the first and last ex-date.
    """

    symbol: str
    market: str
    bars: int
    from_: datetime = Field(alias="from")
    to: datetime
    gaps: int
    splits: list[SplitOut]
    dividends: DividendsOut | None = None


class SampleBarOut(BaseModel):
    """A bar as it was read."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    open: DecimalText
    high: DecimalText
    low: DecimalText
    close: DecimalText
    volume: DecimalText


class ImportProblem(BaseModel):
    """Why a file is refused: where, and what to do about it."""

    message: str
    remedy: str
    field: str | None = None
    line: int | None = None
    code: str | None = None


class ImportAccepted(BaseModel):
    """An import that goes on in the background."""

    id: UUID
    status: Status


class ImportOut(_Spoken):
    """What an import brought in."""

    id: UUID
    status: Status
    symbols: list[str]
    bars: int
    from_: datetime = Field(alias="from")
    to: datetime
    notes: list[ImportNote]
    found: list[SymbolFound] = []

    @classmethod
    def of(cls, row: BarImport) -> "ImportOut":
        """Return the answer to an import that is done."""
        return cls.model_validate(_common(row) | {"found": row.found.get("symbols", [])})


class Correction(BaseModel):
    """What the user says beside a previewed file; what is left out the file shall say."""

    model_config = ConfigDict(extra="forbid")

    timeframe: Timeframe | None = None
    timezone: str | None = Field(default=None, max_length=60)
    symbol: str | None = Field(default=None, max_length=MAX_WRITTEN)
    market: str | None = Field(default=None, max_length=20)
    label: Label | None = None
    prices: Prices | None = None
    date_order: DateOrder | None = None


class ImportView(_Spoken):
    """An import or a preview as it stands.

    While `checked` is false only the ends of the file were looked at: counts, gaps and splits are
    not known yet. `progress` is the share of the file that the step at work has read, 0 to 1.
    `said` is what the user says beside the file, as a correction takes it. `understood` has
    `prices` where files tell of splits: `as_traded`, `adjusted`, `both` in different series, or
    `unknown`, which the user may say.
    """

    id: UUID
    status: Status
    symbols: list[str]
    bars: int
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    notes: list[ImportNote]
    filename: str
    sha256: str
    size_bytes: int
    progress: float
    checked: bool
    created_at: datetime
    timeframe: Timeframe | None
    said: Correction
    understood: dict[str, UnderstoodOut]
    found: list[SymbolFound]
    first_bars: list[SampleBarOut]
    problems: list[ImportProblem]

    @classmethod
    def of(cls, row: BarImport) -> "ImportView":
        """Return the view of an import."""
        found = row.found
        size = max(1, row.size_bytes)
        ended = row.status in ("done", "undone", "previewed")
        return cls.model_validate(
            _common(row)
            | {
                "filename": row.filename,
                "sha256": row.sha256,
                "size_bytes": row.size_bytes,
                "progress": 1.0 if ended else min(1.0, row.done_bytes / size),
                "checked": bool(found.get("checked", row.status == "done")),
                "created_at": row.created_at,
                "timeframe": row.timeframe,
                "said": row.said,
                "understood": found.get("understood", {}),
                "found": found.get("symbols", []),
                "first_bars": found.get("first_bars", []),
                "problems": row.problems,
            }
        )


class ImportList(BaseModel):
    items: list[ImportView]
    next_cursor: str | None


def _common(row: BarImport) -> dict[str, object]:
    return {
        "id": row.id,
        "status": row.status,
        "symbols": row.symbols,
        "bars": row.bar_count,
        "from": row.first_at,
        "to": row.last_at,
        "notes": row.found.get("notes", []),
    }
