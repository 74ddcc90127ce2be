"""What a node changed, laid over what was before, is what it left; for any change."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.state import PipelineState, TriggerCondition
from kuber.market.types import Timeframe
from kuber.runs.lineage import (
    Changes,
    StateChanged,
    changes_between,
    changes_from_json,
    changes_to_json,
    lineage,
    own_copy,
    with_changes,
)
from tests.fakes.agents import AS_OF, approved, bias, buy, harness, hold, snapshot

START = harness().state("ACME")
WORDS = st.text('aäß漢 \n"{}', max_size=8)
KEYS = st.sampled_from(["a", "b", "c"])

SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "primary_timeframe": st.sampled_from(Timeframe),
        "trigger": st.builds(TriggerCondition, kind=WORDS, met=st.booleans(), detail=WORDS),
        "market_data": st.sampled_from([snapshot("100.00"), snapshot("99.50")]),
        "bias": st.sampled_from([bias(), bias(confidence=12.5)]),
        "strategy": st.sampled_from([buy(), hold()]),
        "risk": st.sampled_from([approved(), approved("0.00000001")]),
        "plans": st.dictionaries(KEYS, st.sampled_from([buy(), hold()]), min_size=1),
        "biases": st.dictionaries(KEYS, st.just(bias()), min_size=1),
        "reasoning": st.dictionaries(KEYS, WORDS, min_size=1),
        "extra": st.dictionaries(KEYS, WORDS, min_size=1),
    },
)


def after(state: PipelineState, update: dict[str, object]) -> PipelineState:
    """Return what an agent makes of `state` that assigns sections and adds keys."""
    left = own_copy(state)
    for name, value in update.items():
        current = getattr(left, name)
        setattr(left, name, {**current, **value} if isinstance(value, dict) else value)
    return left


@given(SECTIONS, SECTIONS)
def test_changes_laid_over_the_state_before_give_the_state_after(
    first: dict[str, object], second: dict[str, object]
) -> None:
    before = after(START, first)
    left = after(before, second)
    assert with_changes(before, [changes_between(before, left)]) == left


@given(SECTIONS)
def test_stored_changes_are_read_back_as_they_were(update: dict[str, object]) -> None:
    changes = changes_between(START, after(START, update))
    assert changes_from_json(changes_to_json(changes)) == changes


@given(st.lists(SECTIONS, max_size=5))
def test_a_run_resumed_at_any_point_has_the_same_state(updates: list[dict[str, object]]) -> None:
    state, told = START, list[Changes]()
    for update in updates:
        left = after(state, update)
        told.append(changes_between(state, left))
        state = left
    assert with_changes(START, told) == state
    for cut in range(len(told) + 1):
        assert with_changes(with_changes(START, told[:cut]), told[cut:]) == state


@given(SECTIONS, SECTIONS)
def test_parallel_branches_unite_as_if_one_had_come_after_the_other(
    left: dict[str, object], right: dict[str, object]
) -> None:
    both = [changes_between(START, after(START, update)) for update in (left, right)]
    assert with_changes(START, both) == after(after(START, left), right)


def test_a_state_left_alone_has_no_changes() -> None:
    assert changes_between(START, own_copy(START)) == {}


def test_a_section_that_is_taken_away_is_a_change() -> None:
    before = after(START, {"bias": bias()})
    left = own_copy(before)
    left.bias = None
    changes = changes_between(before, left)
    assert changes == {"bias": None}
    assert changes_from_json(changes_to_json(changes)) == {"bias": None}


@pytest.mark.parametrize(
    ("field", "value"), [("symbol", "OTHER"), ("mode", "live"), ("seed", 99), ("version", 2)]
)
def test_what_belongs_to_the_run_is_not_the_agents_to_change(field: str, value: object) -> None:
    left = own_copy(START)
    setattr(left, field, value)
    with pytest.raises(StateChanged, match=field):
        changes_between(START, left)


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": {"a": 5}},
        {"extra": {"a": object()}},
        {"reasoning": {"a": "x\x00y"}},
        {"bias": {"direction": "BULLISH"}},
        {"bias": bias(confidence=float("nan"))},
        {"biases": {"a": bias(confidence=float("inf"))}},
        {"reasoning": {"a": "\\\x00"}},
        {"reasoning": {"a": "\ud800"}},
    ],
    ids=[
        *("number", "object", "nul", "plain dict", "nan", "infinity in a map"),
        *("nul behind a backslash", "half of a surrogate pair"),
    ],
)
def test_what_could_not_be_kept_or_read_again_is_refused(changes: Changes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        changes_to_json(changes)


def test_text_that_only_looks_like_an_escaped_nul_is_kept() -> None:
    said: Changes = {"reasoning": {"a": r"a path C:\u0000 and \\u0000"}}
    assert changes_to_json(said) == said


def test_tiny_quantities_are_stored_without_an_exponent() -> None:
    stored = changes_to_json({"risk": approved("0.00000001")})
    assert stored["risk"]["quantity"] == "0.00000001"
    read = changes_from_json(stored)["risk"]
    assert getattr(read, "quantity", None) == Decimal("0.00000001")
    assert AS_OF.tzinfo is not None


def test_an_agents_own_copy_shares_no_map_with_the_state_it_came_from() -> None:
    copy = own_copy(START)
    copy.reasoning["a"] = "x"
    assert START.reasoning == {}


def test_the_lineage_of_a_node_is_its_taken_ancestors_in_order() -> None:
    order = ("m", "a", "b", "c", "d")
    taken = {"a": ("m",), "b": ("m",), "c": ("a",), "d": ("c", "b")}
    assert lineage(order, taken) == {
        "m": (),
        "a": ("m",),
        "b": ("m",),
        "c": ("m", "a"),
        "d": ("m", "a", "b", "c"),
    }


def test_a_way_that_was_not_taken_brings_no_ancestors() -> None:
    assert lineage(("m", "a", "b", "c"), {"a": ("m",), "b": ("m",), "c": ("b",)})["c"] == ("m", "b")
