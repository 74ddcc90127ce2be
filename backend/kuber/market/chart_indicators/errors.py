"""What can go wrong with an indicator of a chart."""

from typing import ClassVar

from kuber.kernel.errors import ErrorKind
from kuber.market.errors import MarketError


class UnknownIndicator(MarketError):
    """An indicator is asked for that is not installed."""

    code = "unknown_indicator"
    title = "There is no such indicator"


class IndicatorRefused(MarketError):
    """An indicator was asked for with settings that it does not take."""

    code = "bad_indicator"
    title = "The indicator cannot be computed"


class IndicatorFailed(MarketError):
    """The indicator's own code failed, or gave what no chart can show; `detail` names it."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "indicator_failed"
    title = "The indicator could not be computed"
