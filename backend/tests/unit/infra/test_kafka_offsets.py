"""Which messages a consumer group will not read any more."""

import pytest

from kuber.infra.kafka_offsets import Extent


@pytest.mark.parametrize(
    ("extent", "passed"),
    [
        (Extent(low=0, high=10, done=0), 0),
        (Extent(low=0, high=10, done=4), 4),
        (Extent(low=0, high=10, done=10), 10),
        (Extent(low=6, high=10, done=0), 0),
        (Extent(low=6, high=10, done=8), 8),
        (Extent(low=10, high=10, done=0), 10),
        (Extent(low=0, high=0, done=0), 0),
    ],
    ids=[
        "nothing read",
        "what was read",
        "all was read",
        "what was thrown away while there is more to read waits",
        "what was read after others were thrown away",
        "all was thrown away unread",
        "an empty partition",
    ],
)
def test_what_a_group_has_passed(extent: Extent, passed: int) -> None:
    assert extent.passed == passed
