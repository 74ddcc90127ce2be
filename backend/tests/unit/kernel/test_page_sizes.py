"""A page holds as many rows as can be written down quickly."""

import pytest

from kuber.kernel.cursors import rows_that_fit

MOST = 1000


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ([], 0),
        ([1] * 200, 200),
        ([MOST, 1, 1], 1),
        ([MOST // 2, MOST // 2, 1], 2),
        ([2 * MOST, 1], 1),
        ([0] * 200, 200),
    ],
)
def test_a_page_ends_before_its_values_are_too_many(sizes: list[int], count: int) -> None:
    assert rows_that_fit(sizes, MOST) == count
