"""M20: the table, and what several switches allow together."""

import pytest

from kuber.kernel.ids import UserId, new_id
from kuber.trading.order_types import SwitchState
from kuber.trading.switch_table import CAN_FLATTEN, NO_NEW_RUNS, PERMITS, Switch, strictest
from kuber.trading.switches.words import Standing, refusal

OFF, PAUSED, REDUCE, HALTED = SwitchState


def test_m20_the_table() -> None:
    found = {
        one: (row.starts_runs, row.sends_entries, row.keeps_entries) for one, row in PERMITS.items()
    }
    assert found == {
        Switch.RUNNING: (True, True, True),
        Switch.PAUSED: (False, False, True),
        Switch.REDUCE_ONLY: (True, False, False),
        Switch.HALTED: (False, False, False),
    }
    assert set(NO_NEW_RUNS) == {"paused", "halted"}
    assert {REDUCE, HALTED} == CAN_FLATTEN


@pytest.mark.parametrize(
    ("states", "allows"),
    [
        ([], Switch.RUNNING),
        ([OFF, OFF], Switch.RUNNING),
        ([PAUSED, OFF], Switch.PAUSED),
        ([PAUSED, REDUCE], Switch.REDUCE_ONLY),
        ([HALTED, PAUSED, OFF], Switch.HALTED),
    ],
)
def test_m20_the_strictest_counts(states: list[SwitchState], allows: Switch) -> None:
    assert strictest(states) is allows


def test_m20_a_refusal_names_switch_setter_and_remedy() -> None:
    user = UserId(new_id())
    mine = refusal(Standing(f"user:{user}", PAUSED, "x", str(user)), user)
    assert mine == "paused: Trading is paused for you; set by you. Set your switch to off."
    theirs = refusal(Standing("platform", HALTED, "x", str(new_id())), user)
    assert "an administrator" in theirs
    assert str(user) not in theirs
