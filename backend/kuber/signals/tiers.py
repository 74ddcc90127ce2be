"""Which signal types a tier may subscribe to."""

from dataclasses import dataclass

from kuber.identity.types import Tier

_FREE = frozenset({"external"})
_BASIC = _FREE | {"golden_cross", "rsi", "macd_crossover", "price_level"}
_PRO = _BASIC | {"bollinger_breakout", "volume_spike", "ma_momentum", "volatility_breakout"}
_ALLOWED = {Tier.FREE: _FREE, Tier.BASIC: _BASIC, Tier.PRO: _PRO}
"""Enterprise has every type."""


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """Whether tiers limit signals at all is the installation's decision (`enforced`)."""

    enforced: bool

    def allows(self, tier: Tier, signal_type: str) -> bool:
        """Say whether an account on `tier` may be started by `signal_type`."""
        return not self.enforced or tier not in _ALLOWED or signal_type in _ALLOWED[tier]
