"""A large file of minutes of a share, whose calendar takes room too, fits into a child."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kuber.infra.children import ChildPool
from kuber.market.importing.importer import CHILD_MEMORY_MB, FileImporter
from kuber.market.importing.job import look_at, with_calendars
from kuber.market.importing.said import Said
from kuber.market.types import Timeframe

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ROWS = 250_000


async def test_ten_megabytes_of_minutes_of_a_share_are_read_each_time(tmp_path: Path) -> None:
    path, start = tmp_path / "zz.csv", datetime(2000, 1, 3, 14, 30, tzinfo=UTC)
    times = (start + timedelta(minutes=at) for at in range(ROWS))
    rows = "\n".join(f"ZZ,{at:%Y-%m-%dT%H:%M:%S},1,1,1,1,1" for at in times)
    path.write_text(f"symbol,time,open,high,low,close,volume\n{rows}\n")
    children = ChildPool(
        "imports",
        processes=2,
        waiting=16,
        time_limit_s=60,
        memory_mb=CHILD_MEMORY_MB,
        keep_warm=False,
    )
    importer = FileImporter(children)
    try:
        for _ in range(3):
            facts = await importer.check("zz.csv", path, Said(Timeframe.M1), "somebody", NOW)
            assert facts.symbols[0].bars == ROWS
    finally:
        await children.close()


def holds_pandas(path: str) -> bool:
    """Look at a file as an import does; say whether that brought pandas."""
    look_at("AAPL.csv", path, Said(Timeframe.D1, symbol="AAPL"), NOW)
    return "pandas" in sys.modules


async def test_a_reader_takes_trading_hours_from_where_they_are_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "AAPL.csv", str(tmp_path / "calendars")
    path.write_text("date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n")
    children = ChildPool(
        "imports",
        processes=1,
        waiting=1,
        time_limit_s=60,
        memory_mb=CHILD_MEMORY_MB,
        keep_warm=False,
    )
    try:
        assert await children.run(with_calendars, None, holds_pandas, str(path))
        assert not await children.run(with_calendars, folder, holds_pandas, str(path))
    finally:
        await children.close()
