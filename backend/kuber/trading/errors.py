"""What can go wrong while an order is placed."""

from kuber.kernel.errors import ErrorKind, KuberError


class TradingError(KuberError):
    """Base of the package's errors."""

    code = "trading_error"
    title = "The order was not placed"


class RefusedOrder(TradingError):
    """The order breaks a rule of its own (sizes, prices, sides); nothing was sent."""

    code = "refused_order"
    usual_remedy = "Correct the quantity or the prices in the settings of the trade manager."


class OrderNotFound(TradingError):
    """There is none, or it is somebody else's."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such order"


class OrderNotWanted(TradingError):
    """The run was cancelled before its order; nothing was sent."""

    kind = ErrorKind.CONFLICT
    code = "order_not_wanted"
    usual_remedy = "Start the run again if you want the order."


class OrderOutcomeUnknown(TradingError):
    """The venue did not answer; a retry asks it for the order by its id before sending again."""

    kind = ErrorKind.UNAVAILABLE
    code = "order_outcome_unknown"
    title = "The broker did not say what became of the order"


class NoAccount(TradingError):
    """The pipeline's account is closed, or there is none of its mode."""

    kind = ErrorKind.CONFLICT
    code = "no_account"
    title = "There is no account to trade in"
    usual_remedy = "Choose an open account in the settings of the pipeline."


class ModeUnavailable(TradingError):
    """The pipeline's mode has no venue behind it in this installation."""

    kind = ErrorKind.CONFLICT
    code = "mode_unavailable"
    title = "This mode is locked"
    usual_remedy = "Switch the pipeline to simulation."


class BookLost(Exception):
    """Another process has written what this one read: nothing of the round was kept."""


class LatchMoved(Exception):
    """A switch was set while a round was under way: nothing of it was kept."""


class PositionFailed(Exception):
    """A position could not be worked: `name` is its id, or the order's that would open it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Position {name} cannot be worked.")
        self.name = name
