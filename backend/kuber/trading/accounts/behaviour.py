"""How the simulated venue treats an account: its options in the words of the exchange."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from kuber.exchange.behaviour import PAPER_LIKE, REALISTIC, Behaviour
from kuber.exchange.fees import FREE, FeeSchedule
from kuber.exchange.types import AssetClass
from kuber.exchange.units import MILLION, to_price

_SEEDS = 2**53
_BY_SHARE = frozenset({AssetClass.EQUITY, AssetClass.OPTION})


def behaviour_of(
    options: Mapping[str, Any], account_id: UUID, asset_class: AssetClass
) -> Behaviour:
    """Return the behaviour that stored options ask for (see `schemas.SimulationBody`).

    Without a seed chance follows from the account's id. The commission is per share: coins and
    currencies have none, their cost is spread and slippage. Fractions count in millionths.
    """
    seed = options["seed"]
    seed = account_id.int % _SEEDS if seed is None else int(seed)
    if options["behaviour"] == "paper_like":
        return replace(PAPER_LIKE, seed=seed)
    return replace(
        REALISTIC,
        seed=seed,
        slippage=_millionths(options["slippage"]),
        partial_rate=_millionths(options["partial_fills"]),
        rejection_rate=_millionths(options["rejections"]),
        fees=FeeSchedule(per_share=to_price(options["commission"], "commission"))
        if asset_class in _BY_SHARE
        else FREE,
    )


def _millionths(fraction: str) -> int:
    return int((Decimal(fraction) * MILLION).to_integral_value(ROUND_HALF_UP))
