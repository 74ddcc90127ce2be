"""What can go wrong with scanners."""

from typing import ClassVar

from kuber.kernel.errors import ErrorKind
from kuber.market.errors import MarketError


class ScannerError(MarketError):
    """Base of the errors of scanners."""

    code = "scanner_error"
    title = "The scanner cannot do this"


class ScannerNotFound(ScannerError):
    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such scanner"
    usual_remedy = "Choose a scanner of your list."


class ScannerRefused(ScannerError):
    """A scanner has faults; `problems` name the fields and tickers."""

    code = "invalid"
    title = "The scanner was not saved"


class TooManyScanners(ScannerError):
    """A user has as many scanners as anybody may have."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "too_many_scanners"
    title = "There is no room for another scanner"
    usual_remedy = "Delete a scanner first."


class ScannerInUse(ScannerError):
    """Active pipelines start by this scanner's tickers."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "scanner_in_use"
    title = "The scanner is in use"


class NothingToRefresh(ScannerError):
    """A list that was typed in comes from nowhere else."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "nothing_to_refresh"
    title = "The scanner is a fixed list"
    usual_remedy = "Change its tickers by hand."


class TooManyRefreshes(ScannerError):
    """A user has scanners looked up too often, or several at a time."""

    kind: ClassVar[ErrorKind] = ErrorKind.RATE_LIMITED
    code = "rate_limited"
    title = "Too many look-ups"


class RefreshAway(ScannerError):
    """Redis is away, so nobody can tell how often a user has scanners looked up."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "unavailable"
    title = "The scanner cannot be looked up right now"


class BadTickerList(ScannerError):
    """What a user's address answered is no list of tickers."""

    code = "bad_ticker_list"
    title = "The answer is no list of tickers"
    usual_remedy = "Let the address answer with a JSON list of tickers."
