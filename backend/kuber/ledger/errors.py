"""What the ledger refuses."""

from kuber.kernel.errors import ErrorKind, KuberError


class LedgerError(KuberError):
    """Base of the package's errors. Nothing was posted."""

    code = "ledger_error"
    title = "This cannot be posted"


class BadAmount(LedgerError):
    """An amount that the books cannot hold: no number, too fine, too large, or of a wrong sign."""

    code = "bad_amount"


class UnknownCurrency(LedgerError):
    """The places of its amounts are not known."""

    code = "unknown_currency"


class ForeignCurrency(LedgerError):
    """The account has another currency."""

    code = "foreign_currency"


class InsufficientFunds(LedgerError):
    """There is less free cash than was to be held."""

    kind = ErrorKind.CONFLICT
    code = "insufficient_funds"


class HoldEnded(LedgerError):
    """The hold was posted or voided before, or there never was one; or it is not due yet."""

    kind = ErrorKind.CONFLICT
    code = "hold_ended"


class NotReversible(LedgerError):
    """It was never posted here, was reversed already, or is of a kind that is not reversed."""

    kind = ErrorKind.CONFLICT
    code = "not_reversible"


class TransactionDiffers(LedgerError):
    """The transaction's id is taken by one that says something else."""

    kind = ErrorKind.CONFLICT
    code = "transaction_differs"
