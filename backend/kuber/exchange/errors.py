"""What callers of the exchange can get wrong."""

from kuber.kernel.errors import ErrorKind, KuberError


class ExchangeError(KuberError):
    """Base of the exchange's errors."""


class BadNumber(ExchangeError):
    """A price, quantity or amount that the exchange cannot hold exactly."""

    kind = ErrorKind.INVALID
    code = "bad_number"
    title = "A number cannot be used"
    usual_remedy = "Give a finite number with fewer decimal places."


class BadState(ExchangeError):
    """A stored book that this version cannot read."""

    kind = ErrorKind.INVALID
    code = "bad_book_state"
    title = "A stored order book cannot be read"
    usual_remedy = (
        "Start the version of Kuber that stored it, or let it be built anew from its orders."
    )
