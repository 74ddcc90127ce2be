"""Which JSON can be kept, and how what cannot be is named."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.kernel.storable import MOST_LEVELS, NotStorable, check_storable

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
bad_texts = st.builds(
    lambda before, fault, after: before + fault + after,
    texts,
    st.just("\0") | st.characters(categories=["Cs"]),
    texts,
)
bad_numbers = (
    st.integers(max_value=-(2**63) - 1)
    | st.integers(min_value=2**63)
    | st.sampled_from([math.inf, -math.inf, math.nan])
)


@given(values)
def test_what_can_be_kept_comes_through_unchanged(value: Any) -> None:
    check_storable(value)
    assert orjson.loads(orjson.dumps(value)) == value


@given(st.dictionaries(texts.filter(lambda text: "." not in text and text), values), st.data())
def test_one_value_that_cannot_be_kept_is_named_wherever_it_is(
    value: dict[str, Any], data: st.DataObject
) -> None:
    where = data.draw(st.lists(st.sampled_from(["a", "b"]) | st.just(0), min_size=1, max_size=6))
    inner = data.draw(bad_texts | bad_numbers)
    for part in reversed(where):
        inner = [inner] if part == 0 else {"before": 1, part: inner}
    with pytest.raises(NotStorable) as refused:
        check_storable({**value, "bad": inner})
    [problem] = refused.value.problems
    assert problem.field == ".".join(map(str, ("bad", *where)))
    assert problem.remedy


@given(bad_texts)
def test_a_name_that_cannot_be_kept_is_told_by_the_object_that_has_it(name: str) -> None:
    with pytest.raises(NotStorable) as refused:
        check_storable({"config": {name: 1}})
    assert refused.value.problems[0].field == "config"


def test_objects_and_lists_lie_32_deep_and_no_deeper() -> None:
    value: Any = "x"
    for _ in range(MOST_LEVELS // 2):
        value = [{"k": value}]
    check_storable(value)
    with pytest.raises(NotStorable, match="32 deep"):
        check_storable([value])


def test_a_number_that_overflows_is_named() -> None:
    with pytest.raises(NotStorable) as refused:
        check_storable({"a": [1, math.inf]})
    assert refused.value.problems[0].field == "a.1"
