"""Several pipelines in one symbol of one account: whose is what (M11, M17).

The same side is attributed by share, each position with orders of its own; the opposite side is
refused at admission.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kuber.exchange.units import floor_to
from kuber.kernel.orders import Side


class Action(StrEnum):
    """What a pipeline decided."""

    BUY = "buy"
    SELL = "sell"
    EXIT = "exit"
    FLAT = "flat"


@dataclass(frozen=True, slots=True)
class Stake:
    """One position in the symbol, held or being entered. `side` is that of its entry."""

    position_id: str
    owner: str
    side: Side


@dataclass(frozen=True, slots=True)
class Open:
    """A new position may be opened."""

    side: Side


@dataclass(frozen=True, slots=True)
class CloseAll:
    """These positions are closed, whole; no confidence, size or budget is asked."""

    position_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """`owner` names whose position stands against it."""

    code: str
    text: str
    owner: str | None = None


Admission = Open | CloseAll | NotAdmitted


def admit(action: Action, owner: str, stakes: Sequence[Stake], *, may_short: bool) -> Admission:
    """Return what a pipeline's decision may do in a symbol; no order flips a position."""
    own = [stake for stake in stakes if stake.owner == owner]
    if action in (Action.EXIT, Action.FLAT):
        if own:
            return _close(own)
        return NotAdmitted("nothing_to_close", "There is no position of this pipeline to close.")
    side = Side.BUY if action is Action.BUY else Side.SELL
    against = [stake for stake in own if stake.side is not side]
    if against:
        return _close(against)
    foreign = next((stake for stake in stakes if stake.side is not side), None)
    if foreign is not None:
        way = "long" if foreign.side is Side.BUY else "short"
        text = f"{foreign.owner} is {way} in this symbol of this account."
        return NotAdmitted("opposite_position", text, foreign.owner)
    if side is Side.SELL and not may_short:
        return NotAdmitted("short_not_allowed", "This account or instrument is not sold short.")
    return Open(side)


def by_share(quantity: int, held: Mapping[str, int], lot: int) -> dict[str, int]:
    """Return how a quantity that left an account as a whole is attributed to its positions.

    In whole steps by what each holds; what remains goes step by step to the largest remainder,
    equal ones by name. Never more than a position holds.
    """
    total = sum(held.values())
    quantity = min(quantity, total)
    if quantity <= 0:
        return dict.fromkeys(held, 0)
    exact = {name: quantity * own for name, own in held.items()}
    shares = {name: floor_to(exact[name] // total, lot) for name in held}
    left = quantity - sum(shares.values())
    for name in sorted(held, key=lambda one: (shares[one] * total - exact[one], one)):
        more = min(left, lot, held[name] - shares[name])
        shares[name] += more
        left -= more
    for name in sorted(held):
        more = min(left, held[name] - shares[name])
        shares[name] += more
        left -= more
    return shares


def _close(stakes: Sequence[Stake]) -> CloseAll:
    return CloseAll(tuple(stake.position_id for stake in stakes))
