"""What can be wrong with what is asked of an account."""

from kuber.kernel.errors import ErrorKind, KuberError


class AccountError(KuberError):
    """Base of the package's errors. Nothing was changed."""

    code = "account_error"
    title = "This cannot be done with the account"


class AccountNotFound(AccountError):
    """There is none, or it is somebody else's, or a run's own."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such account"


class AccountWasReset(AccountError):
    """Another account has taken its place."""

    kind = ErrorKind.CONFLICT
    code = "account_was_reset"
    title = "The account was reset"


class NotSimulated(AccountError):
    """Only accounts whose venue is simulated take this."""

    kind = ErrorKind.CONFLICT
    code = "not_simulated"
    usual_remedy = "Use a simulation account."


class BadOptions(AccountError):
    """An option of the simulation that the account cannot have."""

    code = "invalid"
    title = "The options are not valid"


class BadDeposit(AccountError):
    """An amount that cannot be paid in."""

    code = "bad_deposit"
    title = "Nothing was deposited"


class BadPeriod(AccountError):
    """A statement of no time."""

    code = "invalid"
    title = "The request is not valid"
