"""What can be wrong with a switch, and what a switch refuses."""

from kuber.kernel.errors import ErrorKind, KuberError


class SwitchError(KuberError):
    """Base of the package's errors. Nothing was changed."""

    code = "switch_error"
    title = "The switch was not set"


class UnknownScope(SwitchError):
    """There is no switch of this scope, or it is somebody else's."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such switch"
    usual_remedy = "Use user, platform or pipeline:<id>."


class CannotFlatten(SwitchError):
    """Positions are closed only where nothing is opened meanwhile."""

    code = "cannot_flatten"
    title = "Positions are not closed in this state"


class TradingStopped(KuberError):
    """A switch does not allow it."""

    kind = ErrorKind.CONFLICT
    code = "trading_stopped"
    title = "Trading is stopped"
