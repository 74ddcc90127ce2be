"""Who derives the close of a bar outside the one place for it is found."""

import pytest

from devtools.closes import problems

ALLOWED = {"market/importing/closing.py": "the one place"}
THE_PLACE = {"market/importing/closing.py": "closes = calendar.daily_bounds(dates)"}


@pytest.mark.parametrize(
    "line",
    [
        "closes = calendar.intraday_closes(opened, timeframe)",
        "bounds = calendar_for(code).monthly_bounds",
        "closed = bars.opened_at + span",
        "closed = span + opened",
    ],
)
def test_a_close_that_is_derived_elsewhere_is_named_with_its_place(line: str) -> None:
    [problem] = problems({**THE_PLACE, "runs/a.py": f"x = 1\n{line}\n"}, ALLOWED)
    assert problem.startswith("kuber/runs/a.py:2: ")
    assert "closing.py" in problem


def test_what_reads_a_close_is_fine_and_so_is_the_one_place() -> None:
    text = "first = bars.closed_at[0] + margin\nn = bars.opened_at - start\n"
    assert list(problems({**THE_PLACE, "runs/a.py": text}, ALLOWED)) == []


def test_who_needs_no_permission_any_more_loses_it() -> None:
    [problem] = problems({"runs/a.py": "x = 1"}, ALLOWED)
    assert problem.startswith("market/importing/closing.py derives no close")
