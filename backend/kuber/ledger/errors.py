"""What the ledger refuses."""

from kuber.kernel.errors import ErrorKind, KuberError


class LedgerError(KuberError):
    """Base of the package's errors. Nothing was posted."""

    code = "ledger_error"
    title = "This cannot be posted"


class BadAmount(LedgerError):
    """An amount that the books cannot hold: no number, too fine, too large, or of a wrong sign."""

    code = "bad_amount"
    usual_remedy = "Give a smaller amount, with no more decimal places than the currency has."


class UnknownCurrency(LedgerError):
    """The places of its amounts are not known."""

    code = "unknown_currency"
    usual_remedy = "Use a currency of ISO 4217, or one of the coins that are known."


class ForeignCurrency(LedgerError):
    """The account has another currency."""

    code = "foreign_currency"
    usual_remedy = "Use the currency of the account."


class InsufficientFunds(LedgerError):
    """There is less free cash than was to be held."""

    kind = ErrorKind.CONFLICT
    code = "insufficient_funds"
    usual_remedy = "Ask for less, or pay in."


class HoldEnded(LedgerError):
    """The hold was posted or voided before, or there never was one; or it is not due yet."""

    kind = ErrorKind.CONFLICT
    code = "hold_ended"
    usual_remedy = "Read the account again: nothing is kept for it any more."


class NotReversible(LedgerError):
    """It was never posted here, was reversed already, or is of a kind that is not reversed."""

    kind = ErrorKind.CONFLICT
    code = "not_reversible"
    usual_remedy = "Reverse another transaction, or post what is missing."


class TransactionDiffers(LedgerError):
    """The transaction's id is taken by one that says something else."""

    kind = ErrorKind.CONFLICT
    code = "transaction_differs"
    usual_remedy = "Post it with an id of its own."
