"""Tables of text are read as whole columns where they are plain, and row by row where they are not:
to the same effect."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kuber.kernel.errors import Problem
from kuber.market.errors import ImportRefused
from kuber.market.importing import tables
from kuber.market.importing.clocks import Clock
from kuber.market.importing.columns import Columns
from kuber.market.importing.layout import Layout
from kuber.market.importing.tables import read_block
from kuber.market.importing.text import Block

ROLES = ("date", "open", "high", "low", "close", "volume")
Read = tuple[list[tuple[str | None, ...]], list[int]] | list[Problem] | None


def layout(separator: str = ",", first_line: int = 1, clock: Clock | None = None) -> Layout:
    columns = Columns({role: at for at, role in enumerate(ROLES)}, clock, has_header=False)
    return Layout(separator, columns, len(ROLES) + (clock is not None), first_line, ())


def read(text: str, plan: Layout, first_line: int = 1) -> Read:
    try:
        table = read_block(Block(text, first_line, len(text)), plan)
    except ImportRefused as error:
        return list(error.problems)
    return None if table is None else (table.frame.rows(), list(table.lines))


def read_by_row(text: str, plan: Layout, first_line: int = 1) -> Read:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_plain_columns", lambda *_: None)
        return read(text, plan, first_line)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_whole_columns_and_single_rows_give_the_same_table(data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from(",;\t|"))
    odd = data.draw(st.booleans())
    plain = st.sampled_from(["1", "2.5", "2024-01-02", "x y", " 7", "8 ", "\u20ac9"])
    strange = st.sampled_from(["", " ", '"', '"a"', f'"a{separator}b"', '"a\nb"', "#", "NA", "\\"])
    cell = (plain | strange) if odd else plain
    widths = st.sampled_from([len(ROLES)] * 6 + [1, 5, 7]) if odd else st.just(len(ROLES))
    rows = data.draw(
        st.lists(widths.flatmap(lambda n: st.lists(cell, min_size=n, max_size=n)), max_size=6)
    )
    ends = data.draw(st.sampled_from(["\n", "", "\n\n"]))
    text = "\n".join(separator.join(row) for row in rows) + ends
    first_line = data.draw(st.integers(1, 9))
    plan = layout(separator, first_line=data.draw(st.integers(1, first_line)))
    found = read(text, plan, first_line)
    event("refused" if isinstance(found, list) else "none" if found is None else "read")
    assert found == read_by_row(text, plan, first_line)


def test_plain_text_is_not_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("row by row")

    monkeypatch.setattr(tables, "csv_rows", never)
    found = read("2024-01-02,1,2,1,1,5\n2024-01-03,1,2,1,,\n2024-01-04,1,2,1,2,5\n"[:21], layout())
    assert found == ([("2024-01-02", "1", "2", "1", "1", "5")], [1])


def test_short_and_long_lines_that_make_up_for_each_other_are_named() -> None:
    found = read("2024-01-02,1,2,1,1\n2024-01-03,1,2,1,1,5,6\n", layout())
    assert isinstance(found, list)
    assert [(one.code, one.line) for one in found] == [("ragged_line", 1), ("ragged_line", 2)]


def test_lines_above_the_table_are_passed_over_and_counted() -> None:
    found = read("names\n2024-01-02,1,2,1,1,5\n", layout(first_line=2))
    assert found == ([("2024-01-02", "1", "2", "1", "1", "5")], [2])
    later = read("2024-01-02,1,2,1,1,5\n", layout(first_line=2), first_line=70)
    assert isinstance(later, tuple)
    assert later[1] == [70]


def test_a_clock_beside_a_date_becomes_part_of_it() -> None:
    found = read("2024-01-02,1,2,1,1,5, 09:30 \n", layout(clock=Clock(6)))
    assert isinstance(found, tuple)
    assert found[0][0][0] == "2024-01-02 09:30"
