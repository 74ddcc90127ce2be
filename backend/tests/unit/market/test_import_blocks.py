"""A file that is read in many blocks gives what it gives as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kuber.kernel.errors import Problem
from kuber.market.errors import ImportRefused
from kuber.market.importing import files, text
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import file_blocks, parse_bars
from kuber.market.importing.passes import check
from kuber.market.importing.reading import FileReading
from kuber.market.importing.said import Said
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe
from tests.fakes.bars import same

HEADER = "symbol,time,open,high,low,close,adj close,volume\n"
START = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
BLOCK = 300


@contextmanager
def many_blocks(characters: int = BLOCK) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK_CHARACTERS", characters)
        patch.setattr(files, "_PART_BYTES", 64)
        yield


def parsed(content: str, timeframe: Timeframe) -> tuple[list[RawBars], set[str]]:
    notes = Notes()
    found = parse_bars("b.csv", content.encode(), Said(timeframe), Source.IMPORTED, notes)
    return found, {note.message for note in notes.all()}


def refused(content: str, timeframe: Timeframe) -> list[Problem]:
    with pytest.raises(ImportRefused) as caught:
        parsed(content, timeframe)
    return list(caught.value.problems)


def facts(path: Path, timeframe: Timeframe | None) -> FileFacts:
    *_, found = check("b.csv", path, Said(timeframe))
    assert isinstance(found, FileFacts)
    return found


def require_same(content: str, timeframe: Timeframe) -> list[RawBars]:
    """Return the bars of a file, which are the same however it is cut."""
    whole, said = parsed(content, timeframe)
    with many_blocks():
        assert len(list(file_blocks("b.csv", content.encode()))) > 2
        cut, said_of_cut = parsed(content, timeframe)
    assert said_of_cut == said
    assert len(cut) == len(whole)
    for left, right in zip(cut, whole, strict=True):
        assert left.bars.symbol == right.bars.symbol
        assert same(left.bars, right.bars)
        assert (left.adj_close is None) == (right.adj_close is None)
        if left.adj_close is not None and right.adj_close is not None:
            assert left.adj_close.tobytes() == right.adj_close.tobytes()
    return whole


def row(symbol: str, at: datetime, price: int, factor: float = 1.0) -> str:
    when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{symbol},{when},{price},{price + 2},{price - 1},{price + 1},{price + factor},7\n"


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bars_of_several_symbols_in_any_order(data: st.DataObject) -> None:
    timeframe = data.draw(
        st.sampled_from([Timeframe.M1, Timeframe.M30, Timeframe.D1, Timeframe.W1, Timeframe.MO1])
    )
    symbols = data.draw(st.sampled_from([["BTCUSD"], ["AAPL", "BTCUSD"], ["EURUSD", "X"]]))
    count = data.draw(st.integers(20, 40))
    step = {Timeframe.MO1: timedelta(days=31)}.get(timeframe, timeframe.span)
    moments = [START + step * at for at in range(count)]
    if timeframe is Timeframe.D1:
        moments = [at.replace(hour=0, minute=0) for at in moments]
        moments = [at for at in moments if at.weekday() < 5]
    rows = [row(symbol, at, 50 + n) for n, at in enumerate(moments) for symbol in symbols]
    order = data.draw(st.sampled_from(["oldest first", "newest first", "scattered"]))
    event(order)
    if order == "newest first":
        rows.reverse()
    elif order == "scattered":
        rows = data.draw(st.permutations(rows))
    whole = require_same(HEADER + "".join(rows), timeframe)
    assert sum(len(one.bars) for one in whole) == len(rows)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("border", [12, 13, 15, 18])
def test_splits_are_found_wherever_a_block_ends(
    tmp_path: Path, border: int, *, backwards: bool
) -> None:
    days = [START + timedelta(days=at) for at in range(60)]
    days = [day.replace(hour=0, minute=0) for day in days if day.weekday() < 5]
    rows = []
    for at, day in enumerate(days):
        price, factor = (200, 0.5) if at < border else (100, 1.0)
        adjusted = (price + 1) * factor
        rows.append(f"AAPL,{day.date()},{price},{price + 2},{price - 1},{price + 1},{adjusted},7\n")
    if backwards:
        rows.reverse()
    path = tmp_path / "file"
    path.write_text(HEADER.replace("time", "date") + "".join(rows))
    whole = facts(path, Timeframe.D1)
    assert [split.ratio for split in whole.symbols[0].splits] == [2]
    assert whole.symbols[0].splits[0].at.date() == days[border].date()
    with many_blocks():
        cut = facts(path, Timeframe.D1)
    assert (cut.symbols, cut.understood) == (whole.symbols, whole.understood)
    assert set(cut.notes) == set(whole.notes)


def test_gaps_are_counted_across_blocks(tmp_path: Path) -> None:
    minutes = [at for at in range(90) if at not in (7, 41, 42)]
    rows = [row("BTCUSD", START + timedelta(minutes=at), 50) for at in minutes]
    path = tmp_path / "file"
    path.write_text(HEADER + "".join(rows))
    assert facts(path, None).symbols[0].gaps == 3
    with many_blocks(1000):
        cut = facts(path, None)
    assert (cut.timeframe, cut.symbols[0].gaps, cut.symbols[0].bars) == (Timeframe.M1, 3, 87)


def test_faults_are_the_same_with_their_lines() -> None:
    rows = [row("BTCUSD", START + timedelta(minutes=at), 50) for at in range(40)]
    rows[9] = rows[9].replace(",50,", ",x,")
    rows[21] = rows[21].replace(",52,", ",48,")
    rows[33] = rows[33].replace("2024-", "1024-")
    rows[38] = rows[38].replace("BTCUSD", "???")
    content = HEADER + "".join(rows)
    problems = refused(content, Timeframe.M1)
    assert [(one.line, one.field) for one in problems] == [
        (11, "open"),
        (23, "high"),
        (35, "time"),
        (40, "symbol"),
    ]
    with many_blocks():
        assert refused(content, Timeframe.M1) == problems


@pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.D1, Timeframe.W1])
@pytest.mark.parametrize("apart", [1, 30])
def test_a_time_that_is_there_twice_is_refused_in_the_same_block_or_another(
    timeframe: Timeframe, apart: int
) -> None:
    rows = [row("BTCUSD", START + timeframe.span * at, 50) for at in range(40)]
    rows.insert(4 + apart, rows[4])
    content = HEADER + "".join(rows)
    assert {one.code for one in refused(content, timeframe)} == {"duplicate_time"}
    with many_blocks():
        assert {one.code for one in refused(content, timeframe)} == {"duplicate_time"}


def test_another_timeframe_further_down_is_refused() -> None:
    minutes = [START + timedelta(minutes=2 * at) for at in range(40)]
    rows = [row("BTCUSD", at, 50) for at in [*minutes, minutes[-1] + timedelta(minutes=1)]]
    content = HEADER + "".join(rows)
    assert [one.code for one in refused(content, Timeframe.M2)] == ["wrong_timeframe"]
    with many_blocks():
        assert [one.code for one in refused(content, Timeframe.M2)] == ["wrong_timeframe"]


def test_a_file_of_two_timeframes_is_found_in_blocks_of_few_lines() -> None:
    fives = [START + timedelta(minutes=5 * at) for at in range(20)]
    ones = [fives[-1] + timedelta(minutes=1 + at) for at in range(60)]
    content = HEADER + "".join(row("BTCUSD", at, 50) for at in [*fives, *ones])
    assert [one.code for one in refused(content, Timeframe.M1)] == ["wrong_timeframe"]
    with many_blocks():
        assert [one.code for one in refused(content, Timeframe.M1)] == ["wrong_timeframe"]


def test_very_many_faults_end_the_reading() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield HEADER.encode()
        while read < 200:
            read += 1
            yield b"BTCUSD,2024-01-02T10:00:00Z,x,x,x,x,x,7\n" * 200

    reading = FileReading("b.csv", Said(Timeframe.M1), Source.IMPORTED, Notes())

    def read_all() -> None:
        for block in text.text_blocks(endless()):
            reading.read(block)

    with many_blocks(8_000), pytest.raises(ImportRefused):
        read_all()
    assert read < 100
