"""What a venue takes for its service, counted over the whole order."""

from dataclasses import dataclass

from kuber.exchange.units import MILLION, QUANTITY_ONE


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Fees of one order.

    `per_share` and `per_contract` are prices (10^-12) for a whole unit; a begun contract counts
    whole. `percent` is in millionths of the value. `minimum` and `maximum` are amounts (10^-21).
    """

    per_share: int = 0
    percent: int = 0
    per_contract: int = 0
    minimum: int = 0
    maximum: int | None = None

    def __post_init__(self) -> None:
        parts = (self.per_share, self.percent, self.per_contract, self.minimum)
        assert min(parts) >= 0, "a fee is never negative"
        assert self.maximum is None or self.maximum >= self.minimum, "the maximum is the larger"

    def total(self, quantity: int, value: int) -> int:
        """Return the fee (10^-21) of an order that has filled `quantity` for `value`.

        The fee of one fill is the total after it less what was charged before it: minimum and
        maximum hold for the order, however many fills it takes.
        """
        if quantity == 0:
            return 0
        fee = self.per_share * quantity
        if self.percent:
            fee += value * self.percent // MILLION
        if self.per_contract:
            fee += -(-quantity // QUANTITY_ONE) * QUANTITY_ONE * self.per_contract
        fee = max(fee, self.minimum)
        return fee if self.maximum is None or fee <= self.maximum else self.maximum


FREE = FeeSchedule()
