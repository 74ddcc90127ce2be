"""Signals obey the rules of all JSON that is kept, and one of their own: short numbers."""

from typing import Any

import pytest
from hypothesis import given

from kuber.kernel.storable import MOST_LEVELS, NotStorable, check_storable
from kuber.signals.storable import Unstorable, check_signal
from tests.unit.kernel.test_storable import bad_numbers, bad_texts


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@given(bad_texts | bad_numbers)
def test_what_no_json_may_hold_no_signal_may_hold(value: Any) -> None:
    with pytest.raises(NotStorable) as kernel:
        check_storable({"a": [value]})
    with pytest.raises(Unstorable) as ours:
        check_signal({"a": [value]})
    assert str(ours.value) == kernel.value.detail


def test_signals_lie_as_deep_as_everything_else() -> None:
    check_signal(nested(MOST_LEVELS))
    with pytest.raises(Unstorable, match="deep"):
        check_signal(nested(MOST_LEVELS + 1))


def test_the_fractions_of_a_signal_are_counted_as_postgresql_writes_them() -> None:
    check_signal({"a": [1e300, 0.5]}, 304)
    with pytest.raises(Unstorable, match="too long"):
        check_signal({"a": [1e300, 0.5]}, 303)
