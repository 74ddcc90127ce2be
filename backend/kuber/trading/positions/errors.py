"""What can be wrong with what is asked of a position."""

from kuber.kernel.errors import ErrorKind, KuberError


class PositionError(KuberError):
    """Base of the package's errors. Nothing was changed."""

    code = "position_error"
    title = "This cannot be done with the position"


class PositionNotFound(PositionError):
    """There is none, or it is somebody else's."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such position"


class PositionClosed(PositionError):
    """Nothing is left of it to close."""

    kind = ErrorKind.CONFLICT
    code = "position_closed"
    title = "The position is closed already"
    usual_remedy = "Look at the list of positions again."


class BadPart(PositionError):
    """The part that was asked for cannot be closed."""

    code = "bad_quantity"
    title = "This part cannot be closed"


class NotOpen(PositionError):
    """Its entry has not ended, it is being closed, or a person has to decide about it."""

    kind = ErrorKind.CONFLICT
    code = "position_not_open"
    title = "No part of the position can be closed now"


class ConfirmationNeeded(PositionError):
    """More than one position would be closed."""

    code = "confirmation_needed"
    title = "Confirm that these positions are closed"
