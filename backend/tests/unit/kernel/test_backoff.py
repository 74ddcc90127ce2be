"""Pauses between attempts grow, end growing, and differ from one another."""

import pytest

from kuber.kernel.backoff import Backoff


@pytest.mark.parametrize(
    ("failures", "full_s"), [(1, 0.5), (2, 1), (3, 2), (6, 16), (7, 30), (5000, 30)]
)
def test_pauses_double_up_to_the_longest_and_a_part_is_taken_off_at_random(
    failures: int, full_s: float
) -> None:
    backoff = Backoff(first_s=0.5, longest_s=30, jitter=0.2)
    pauses = [backoff.pause_s(failures) for _ in range(50)]
    assert 0.8 * full_s <= min(pauses) < max(pauses) <= full_s


def test_without_jitter_the_pause_is_the_full_one() -> None:
    backoff = Backoff(first_s=1, longest_s=100, jitter=0, factor=4)
    assert [backoff.pause_s(failures) for failures in (1, 2, 3, 4, 5)] == [1, 4, 16, 64, 100]
