"""An instant is written out: what could as well be a number of seconds is none."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from kuber.kernel.wire import Instant

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
DIGITS = ("20260915", "2026", "0", "-1", "+1789482600", "1789482600.5", "1e9", " 20260601 ")
NUMBERS = (20260915, 1789482600.5, 0, True)
NO_INSTANTS = ("", "today", "2026-0", "20260915T143000Z", b"2026-09-15T14:30:00Z")


@pytest.mark.parametrize("given", [*DIGITS, *NUMBERS, *NO_INSTANTS])
def test_digits_and_numbers_are_no_instant_and_an_example_says_what_is(given: object) -> None:
    with pytest.raises(ValidationError) as refused:
        INSTANT.validate_python(given)
    (item,) = refused.value.errors()
    assert item["type"] == "instant_format"
    assert "2026-09-15T14:30:00Z" in item["msg"]


@pytest.mark.parametrize(
    "given",
    [
        "2026-09-15T14:30:00Z",
        "2026-09-15T14:30Z",
        "2026-09-15 16:30:00+02:00",
        "2026-09-15T14:30:00.000+00:00",
        datetime(2026, 9, 15, 14, 30, tzinfo=UTC),
    ],
)
def test_what_is_written_out_is_the_instant_that_it_says(given: object) -> None:
    assert INSTANT.validate_python(given) == datetime(2026, 9, 15, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("given", ["2026-09-15", "2026-09-15T14:30:00"])
def test_an_instant_has_a_zone(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        INSTANT.validate_python(given)
    assert refused.value.errors()[0]["type"] == "timezone_aware"
