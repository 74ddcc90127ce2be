"""What is kept of an import: what was said, understood and found, as JSON and back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from kuber.infra.db import JsonObject
from kuber.kernel.errors import KuberError, Problem
from kuber.kernel.ids import UserId
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.said import Label, Said
from kuber.market.importing.uploads import StoredUpload
from kuber.market.models import BarImport
from kuber.market.types import Source, Timeframe

_FIELDS = ("timeframe", "timezone", "symbol", "market", "label")
_MOST_SYMBOLS = 200
"""Of whose bars the first and last are kept; of more only how many there are."""


def said_as_json(said: Said) -> JsonObject:
    """Return what a user said beside a file, without what was left open."""
    return {name: str(value) for name in _FIELDS if (value := getattr(said, name)) is not None}


def said_from_json(kept: JsonObject, markets: Mapping[str, str]) -> Said:
    """Return what a user said; `markets` are the calendars of single symbols, as they are now."""
    texts = {name: str(kept[name]) for name in _FIELDS if name in kept}
    timeframe, label = texts.pop("timeframe", None), texts.pop("label", None)
    return Said(
        Timeframe(timeframe) if timeframe else None,
        texts.get("timezone"),
        texts.get("symbol"),
        texts.get("market"),
        Label(label) if label else None,
        markets,
    )


def new_import(
    import_id: UUID,
    user_id: UserId | None,
    upload: StoredUpload,
    status: str,
    now: datetime,
    *,
    said: Said,
    source: Source = Source.IMPORTED,
    expires_at: datetime | None = None,
) -> BarImport:
    """Return the row of an import whose file has arrived."""
    return BarImport(
        id=import_id,
        user_id=user_id,
        status=status,
        source=source.value,
        filename=upload.label,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        done_bytes=0,
        said=said_as_json(said),
        found={},
        problems=[],
        timeframe=said.timeframe,
        timezone=said.timezone,
        symbols=[],
        bar_count=0,
        first_at=None,
        last_at=None,
        created_at=now,
        claimed_until=None,
        expires_at=expires_at,
    )


def take_facts(row: BarImport, facts: FileFacts) -> None:
    """Write into an import what was found in its file."""
    row.timeframe = facts.timeframe.value
    row.symbols = [one.symbol for one in facts.symbols]
    row.bar_count = facts.bars if facts.whole else 0
    row.first_at, row.last_at = facts.first_at, facts.last_at
    row.found = _found(facts)
    row.problems = []


def take_problems(row: BarImport, error: KuberError) -> None:
    """Write into an import why its file is refused."""
    problems = error.problems or (Problem(str(error), "Choose another file.", code=error.code),)
    row.problems = [
        {
            "message": one.message,
            "remedy": one.remedy,
            "field": one.field,
            "line": one.line,
            "code": one.code,
        }
        for one in problems
    ]


def _found(facts: FileFacts) -> JsonObject:
    return {
        "checked": facts.whole,
        "understood": {
            name: {"value": str(one.value), "how": one.how.value}
            for name, one in facts.understood.items()
        },
        "notes": [{"code": one.code, "message": one.message} for one in facts.notes],
        "symbols": [
            {
                "symbol": one.symbol,
                "market": one.calendar,
                "bars": one.bars,
                "from": _time(one.first_at),
                "to": _time(one.last_at),
                "gaps": one.gaps,
                "splits": [
                    {
                        "at": _time(split.at),
                        "ratio": f"{split.ratio.numerator}:{split.ratio.denominator}",
                    }
                    for split in one.splits
                ],
            }
            for one in facts.symbols[:_MOST_SYMBOLS]
        ],
        "first_bars": [
            {
                "symbol": one.symbol,
                "opened_at": _time(one.opened_at),
                "closed_at": _time(one.closed_at),
                **{
                    name: f"{getattr(one, name):.8f}".rstrip("0").removesuffix(".")
                    for name in ("open", "high", "low", "close", "volume")
                },
            }
            for one in facts.first_bars
        ],
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def owner_of(row: BarImport) -> UserId:
    """Return whose upload it is; the platform has none."""
    assert row.user_id is not None, "an upload has an owner"
    return UserId(row.user_id)
