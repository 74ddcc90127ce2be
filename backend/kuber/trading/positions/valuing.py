"""What a position is worth at a price, in exact figures: profit, R, and what its stop risks."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from kuber.exchange.units import PRICE_PLACES, from_amount, to_price
from kuber.kernel.money import quantize
from kuber.trading.management.outcome import outcome_of
from kuber.trading.management.position import Position

_PLACES = 18
"""Of amounts, as in the ledger."""
_R_PLACES = 4


@dataclass(frozen=True, slots=True)
class Worth:
    """Amounts are in the currency of the account.

    unrealised_pnl: of what is held, without fees; None without a price. r: realised and unrealised
    profit together, in risks of the plan for what was entered; None before the first fill. risk:
    what is lost from the average entry price when the stop is hit at its price; 0 once it has
    passed the entry.
    """

    realised_pnl: Decimal
    unrealised_pnl: Decimal | None
    r: Decimal | None
    risk: Decimal


def worth_of(position: Position, last: Decimal | None) -> Worth:
    """Return what a position is worth at the price `last`, None for no price."""
    plan, held = position.plan, max(position.held, 0)
    realised = outcome_of(position, (), 0).profit
    cost = _cost(position)
    gain = None
    if last is not None:
        value = to_price(quantize(last, PRICE_PLACES)) * held
        gain = value - cost if plan.long else cost - value
    at_stop = position.stop * held
    risk = cost - at_stop if plan.long else at_stop - cost
    return Worth(
        realised_pnl=_amount(realised),
        unrealised_pnl=None if gain is None else _amount(gain),
        r=_in_risks(position, realised + (gain or 0), known=gain is not None or not held),
        risk=_amount(max(risk, 0)),
    )


def _cost(position: Position) -> int:
    """Return what is held has cost, at the average of the entry's fills (10^-21)."""
    entry, held = position.entry, max(position.held, 0)
    return 0 if entry is None or not entry.filled else entry.value * held // entry.filled


def _in_risks(position: Position, profit: int, *, known: bool) -> Decimal | None:
    risked = position.plan.risk * position.bought
    if not risked or not known:
        return None
    return quantize(Decimal(profit) / Decimal(risked), _R_PLACES, ROUND_HALF_EVEN)


def _amount(units: int) -> Decimal:
    exact = from_amount(units)
    return quantize(exact, _PLACES) if exact.as_tuple().exponent < -_PLACES else exact  # type: ignore[operator]
