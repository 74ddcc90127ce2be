"""How kind the simulated venue is to an account."""

from dataclasses import dataclass
from enum import StrEnum

from kuber.exchange.fees import FREE, FeeSchedule
from kuber.exchange.units import MILLION, PRICE_ONE, SECOND


class Children(StrEnum):
    """When the exits of an entry begin to live."""

    FILLED = "filled"
    """With each fill of the entry, for as much as was filled."""
    COMPLETE = "complete"
    """When the entry is filled completely; if it ends before, never (Alpaca, S1)."""


class TriggerBy(StrEnum):
    """Which price a stop watches."""

    LAST = "last"
    QUOTE = "quote"
    """The ask for a stop that buys, the bid for one that sells."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What may go wrong, what it costs, and what the venue does of its own.

    Rates, `slippage` and `half_spread` are in millionths. `depth` (10^-9) is what a side of a
    quote offers when its size is not told, None for any quantity. `volume_share` caps what one bar
    fills, in millionths of its volume. `patience` is how long, in microseconds, an IOC or FOK
    order waits for its first fresh price.
    """

    seed: int = 0
    slippage: int = 0
    half_spread: int = 0
    depth: int | None = None
    sizes_count: bool = True
    """Whether the sizes of a quote limit what it fills."""
    volume_share: int | None = None
    partial_rate: int = 0
    rejection_rate: int = 0
    fees: FeeSchedule = FREE
    children: Children = Children.FILLED
    trigger_by: TriggerBy = TriggerBy.LAST
    collared_buy_stops: bool = False
    """A buy stop becomes a stop-limit: 4 % above the stop under 50, else 2.5 % (Alpaca, S1)."""
    refuses_wash_trades: bool = False
    closing_reserves: bool = False
    """An order that closes holds its shares: no second one gets the same (Alpaca)."""
    patience: int = 5 * SECOND

    def __post_init__(self) -> None:
        for rate in (self.partial_rate, self.rejection_rate, self.slippage, self.half_spread):
            assert 0 <= rate <= MILLION, "rates are between none and all"


IDEAL = Behaviour()
"""Fills at the quote, free of charge, without chance."""

REALISTIC = Behaviour(
    slippage=1_000,
    partial_rate=200_000,
    rejection_rate=50_000,
    volume_share=100_000,
    fees=FeeSchedule(per_share=5 * PRICE_ONE // 1_000),
)
"""0.1 % slippage, 0.005 for a share, a fifth of the fills partial, a twentieth rejected; a bar
fills at most a tenth of its volume."""

PAPER_LIKE = Behaviour(
    partial_rate=100_000,
    sizes_count=False,
    children=Children.COMPLETE,
    collared_buy_stops=True,
    refuses_wash_trades=True,
    closing_reserves=True,
)
"""As Alpaca's paper accounts (S1): a tenth of the fills partial, quotes of any size, no slippage,
no fees."""
