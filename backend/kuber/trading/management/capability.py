"""What a venue can hold for a position: read from its rules, before the entry is decided (M12)."""

from kuber.exchange.checks import Draft, Situation, check
from kuber.exchange.rules import OrderClass
from kuber.exchange.types import AssetClass
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.trading.management.plan import Protection

_LIVES = (TimeInForce.GTC, TimeInForce.DAY)
"""The longer first: what ends with the day is armed again for the next."""


def protection_for(
    asset_class: AssetClass, quantity: int, stop: int, target: int | None, *, long: bool
) -> tuple[Protection, TimeInForce]:
    """Return the best protection that the rule table allows, and how long its orders live.

    Stop and target together before a stop alone, and that before the monitor, which sleeps when
    this computer does.
    """
    side = Side.SELL if long else Side.BUY
    for life in _LIVES:
        if target is not None and _allowed(_pair(asset_class, side, quantity, stop, target, life)):
            return Protection.OCO, life
    for life in _LIVES:
        if _allowed(_alone(asset_class, side, quantity, stop, life)):
            return Protection.STOP, life
    return Protection.MONITOR, TimeInForce.GTC


def _allowed(draft: Draft) -> bool:
    return check(draft, Situation()) is None


def _pair(
    asset_class: AssetClass, side: Side, quantity: int, stop: int, target: int, life: TimeInForce
) -> Draft:
    return Draft(
        side=side,
        type=OrderType.LIMIT,
        time_in_force=life,
        quantity=quantity,
        asset_class=asset_class,
        order_class=OrderClass.OCO,
        limit_price=target,
        stop_loss=stop,
        opens=False,
    )


def _alone(
    asset_class: AssetClass, side: Side, quantity: int, stop: int, life: TimeInForce
) -> Draft:
    return Draft(
        side=side,
        type=OrderType.STOP,
        time_in_force=life,
        quantity=quantity,
        asset_class=asset_class,
        stop_price=stop,
        opens=False,
    )
