"""T24: a long look back is made in slices, and nothing that was read is kept."""

import asyncio
from datetime import datetime

import psycopg
import pytest
from sqlalchemy.exc import DataError, OperationalError, StatementError

from kuber.market.types import Bars, Timeframe
from kuber.signals.generators.base import Bar, Detector, Emission
from kuber.signals.generators.errors import DetectorFailed
from kuber.signals.generators.feed import SLICE, SeriesFeed
from kuber.signals.generators.runner import is_of_the_database
from kuber.signals.types import SignalDirection
from tests.fakes.bars import utc
from tests.unit.signals.generators.test_feed import Recording, read

WARM_UP = 1000


async def test_others_have_their_turn_after_every_slice_of_bars() -> None:
    generator = Recording(warm_up=WARM_UP)
    fed_at_breath: list[int] = []

    async def breathe() -> None:
        fed_at_breath.append(len(generator.detectors[-1]))

    feed = SeriesFeed(generator, "AAPL", Timeframe.D1, breathe)
    await feed.advance(read, utc("2012-01-04"), utc("2012-01-06"))
    assert fed_at_breath == list(range(SLICE, WARM_UP + 1, SLICE))


async def test_another_task_works_while_a_series_is_read_up() -> None:
    generator, turns = Recording(warm_up=WARM_UP), 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(other())
    feed = SeriesFeed(generator, "AAPL", Timeframe.D1)
    await feed.advance(read, utc("2012-01-04"), utc("2012-01-06"))
    working.cancel()
    assert turns >= WARM_UP // SLICE


async def test_no_more_history_is_read_than_is_allowed() -> None:
    asked: list[int] = []

    async def counting(as_of: datetime, count: int) -> Bars:
        asked.append(count)
        return await read(as_of, count)

    feed = SeriesFeed(Recording(warm_up=10**9), "AAPL", Timeframe.D1)
    await feed.advance(counting, utc("2012-01-04"), utc("2012-01-06"))
    assert max(asked) == 10_000


def emission(**changes: object) -> dict[str, object]:
    sound = {"direction": SignalDirection.BULLISH, "confidence": 50.0, "metadata": {}}
    return {**sound, "ticker": "AAPL", **changes}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("yes", "returned str"),
        (emission(ticker="MSFT"), "not of the ticker"),
        (emission(direction="up"), "no SignalDirection"),
        (emission(confidence=101.0), "not from 0 to 100"),
        (emission(metadata={"at": utc("2006-01-04")}), "not JSON serializable"),
        (emission(metadata={"ratio": float("inf")}), "not JSON compliant"),
        (emission(metadata={"word": "a\0b"}), "zero character"),
        (emission(metadata=None), "TypeError"),
    ],
)
async def test_what_cannot_be_announced_is_a_fault_of_the_generator(
    found: str | dict[str, object], words: str
) -> None:
    class Odd(Recording):
        def detector(self, ticker: str) -> Detector:
            class Says(Detector):
                def on_bar(self, bar: Bar) -> Emission | None:
                    if isinstance(found, str):
                        return found  # type: ignore[return-value]
                    return Emission(closed_at=bar.closed_at, **found)  # type: ignore[arg-type]

            return Says(ticker)

    with pytest.raises(DetectorFailed, match=words):
        await SeriesFeed(Odd(), "AAPL", Timeframe.D1).advance(
            read, utc("2012-01-04"), utc("2012-01-06")
        )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DataError("insert", {}, ValueError("bad value")), False),
        (StatementError("bad", "insert", {}, TypeError("no JSON")), False),
        (RuntimeError("by a plug-in"), False),
        (OperationalError("select", {}, OSError("gone")), True),
        (psycopg.OperationalError("gone"), True),
        (ConnectionRefusedError(), True),
    ],
)
def test_only_what_the_database_itself_fails_at_stops_the_service(
    error: Exception, expected: bool
) -> None:
    assert is_of_the_database(error) is expected
