"""Rows are stored in small parts, and between two of them the database is left alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

from kuber.market.importing.pace import Pace
from kuber.market.importing.passes import rows
from kuber.market.importing.said import Said
from kuber.market.types import Source, Timeframe

START = datetime(2024, 1, 1, tzinfo=UTC)
MOST_BYTES = 250_000


def work(for_s: float) -> float:
    """Work for so long; return how long it was, as others may have had the processor."""
    began_s = monotonic()
    while (took_s := monotonic() - began_s) < for_s:
        pass
    return took_s


def test_rows_come_in_small_parts_and_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    symbols = {"BTCUSD": UUID(int=1), "ETHUSD": UUID(int=2)}
    lines = ["symbol,time,open,high,low,close,volume"]
    for at in range(10_000):
        time = (START + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M")
        lines += [f"{symbol},{time}Z,{at + 1},{at + 2},{at + 1},{at + 1},5" for symbol in symbols]
    path.write_text("\n".join(lines))
    found = rows("bars.csv", path, Said(Timeframe.M1), Source.IMPORTED, symbols)
    parts = [part for part in found if isinstance(part, bytes)]
    assert 10 < len(parts) < 50, "neither all at once nor each by itself"
    assert all(part.endswith(b"\n") and len(part) <= MOST_BYTES for part in parts)
    stored = [line.split(",") for line in b"".join(parts).decode().splitlines()]
    for series in symbols.values():
        opens = [float(line[3]) for line in stored if line[0] == str(series)]
        assert opens == [float(at + 1) for at in range(10_000)]


def test_few_bars_of_many_symbols_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    symbols = {f"S{at}": UUID(int=at) for at in range(500)}
    lines = ["symbol,date,open,high,low,close,volume"]
    lines += [f"{symbol},2024-01-0{day},2,3,1,2,5" for symbol in symbols for day in (2, 3, 4)]
    path.write_text("\n".join(lines))
    found = rows("bars.csv", path, Said(Timeframe.D1), Source.IMPORTED, symbols)
    parts = [part for part in found if isinstance(part, bytes)]
    assert len(parts) <= 3
    assert b"".join(parts).count(b"\n") == 1500


async def test_the_database_has_as_long_a_rest_as_a_part_took_within_limits() -> None:
    asked_at_s: list[float] = []

    async def made() -> AsyncIterator[bytes]:
        for _ in range(3):
            asked_at_s.append(monotonic())
            yield b"rows"
        asked_at_s.append(monotonic())

    taken_at_s, pace = [], Pace()
    takes_s = iter((0.005, 0.3, 0.005))
    async for _ in pace.of(made()):
        work(next(takes_s))
        taken_at_s.append(monotonic())
    rests_s = [asked - taken for asked, taken in zip(asked_at_s[1:], taken_at_s, strict=True)]
    assert rests_s[0] >= 0.005
    assert 0.01 <= rests_s[1] < 0.3, "no rest is long"


async def test_rests_are_nobodys_slowness() -> None:
    made_s: list[float] = []

    async def made() -> AsyncIterator[bytes]:
        for _ in range(20):
            made_s.append(work(0.02))
            yield b"rows"

    pace = Pace()
    taken_s = [work(0.014) async for _ in pace.of(made())]
    assert pace.taker_was_slower is (sum(taken_s) > sum(made_s))
