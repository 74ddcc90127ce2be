"""The same value is always the same bytes, and whatever happened can be written down."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.audit.canonical import LARGEST_INTEGER, MOST_BYTES, canonical, instant


class Side(StrEnum):
    BUY = "buy"


plain = st.none() | st.booleans() | st.integers() | st.text() | st.uuids()
values = st.recursive(
    plain | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ({"a": {"z": None, "y": True}}, '{"a":{"y":true,"z":null}}'),
        ({"price": Decimal("1.10")}, '{"price":"1.10"}'),
        ({"price": Decimal("1E-8")}, '{"price":"0.00000001"}'),
        ({"side": Side.BUY}, '{"side":"buy"}'),
        ({"id": UUID(int=1)}, '{"id":"00000000-0000-0000-0000-000000000001"}'),
        ({"hash": b"\x00\xff"}, '{"hash":"00ff"}'),
        ({"whole": LARGEST_INTEGER}, '{"whole":9007199254740991}'),
        ({"whole": LARGEST_INTEGER + 1}, '{"whole":"9007199254740992"}'),
        ({"text": "für €"}, '{"text":"für €"}'),
        ({"text": "a\x00b"}, '{"text":"a\ufffdb"}'),
        ({"text": "a\ud800b"}, '{"text":"a\ufffdb"}'),
        ({"text": 'a"\\\n'}, '{"text":"a\\"\\\\\\n"}'),
    ],
)
def test_each_kind_of_value_has_one_form(value: dict[str, object], written: str) -> None:
    assert canonical(value) == written


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T01:04:05.000006Z",
        ),
    ],
)
def test_an_instant_has_six_digits_in_utc(at: datetime, written: str) -> None:
    assert instant(at) == written
    assert canonical({"at": at}) == f'{{"at":"{written}"}}'


@given(st.dictionaries(st.text(), values, max_size=4))
def test_whatever_happened_is_written_as_plain_json_that_reads_back(
    value: dict[str, object],
) -> None:
    written = canonical(value)
    again = json.loads(written)
    assert isinstance(again, dict)
    assert canonical(again) == written
    assert "\0" not in written
    assert len(written.encode()) <= MOST_BYTES


@given(st.dictionaries(st.text(), values, max_size=4))
def test_the_order_of_keys_changes_nothing(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_what_is_too_large_is_its_hash_and_its_size() -> None:
    written = json.loads(canonical({"text": "x" * MOST_BYTES}))
    assert set(written) == {"sha256", "size_bytes"}
    assert written["size_bytes"] == MOST_BYTES + len('{"text":""}')
    assert canonical({"text": "y" * MOST_BYTES}) != canonical({"text": "x" * MOST_BYTES})
