"""Which signals start the pipelines of which tier."""

import pytest

from kuber.identity.types import Tier
from kuber.signals.catalog import signal_types
from kuber.signals.tiers import TierPolicy


@pytest.mark.parametrize(
    ("tier", "has", "lacks"),
    [
        (Tier.FREE, {"external"}, {"golden_cross", "volume_spike"}),
        (Tier.BASIC, {"external", "golden_cross", "rsi"}, {"volume_spike", "custom"}),
        (Tier.PRO, {"external", "golden_cross", "volume_spike"}, {"custom"}),
        (Tier.ENTERPRISE, signal_types(), set()),
    ],
)
def test_each_tier_has_its_signals_where_limits_are_enforced(
    tier: Tier, has: set[str], lacks: set[str]
) -> None:
    policy = TierPolicy(True)
    assert {kind for kind in has if not policy.allows(tier, kind)} == set()
    assert {kind for kind in lacks if policy.allows(tier, kind)} == set()


def test_a_higher_tier_has_everything_of_the_lower_ones() -> None:
    policy = TierPolicy(True)
    had: set[str] = set()
    for tier in (Tier.FREE, Tier.BASIC, Tier.PRO, Tier.ENTERPRISE):
        has = {kind for kind in signal_types() if policy.allows(tier, kind)}
        assert had < has
        had = has


@pytest.mark.parametrize("tier", Tier)
def test_where_limits_are_not_enforced_everybody_has_everything(tier: Tier) -> None:
    assert all(TierPolicy(False).allows(tier, kind) for kind in signal_types())
