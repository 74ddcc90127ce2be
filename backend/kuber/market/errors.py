"""What can go wrong with market data."""

from typing import ClassVar

from kuber.kernel.errors import ErrorKind, KuberError


class MarketError(KuberError):
    """Base of every market data failure."""

    code = "market_error"
    title = "Market data cannot be given"


class UnknownSymbol(MarketError):
    """No import, no sample and no provider knows the symbol."""

    code = "unknown_symbol"
    title = "Unknown symbol"
    usual_remedy = "Choose another symbol, or import its bars."


class SymbolNotFound(UnknownSymbol):
    """The address names a symbol that has no prices."""

    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND


class BadSymbolList(MarketError):
    """A list of symbols is empty, too long, or names something that is no symbol."""

    code = "bad_symbols"
    title = "These symbols cannot be looked up"
    usual_remedy = "Give symbols separated by commas, as the detail says."


class QuoteRefused(MarketError):
    """A quote that a user sent breaks a rule of the feed; `problems` name the field."""

    code = "quote_refused"
    title = "The quote was not taken"


class TimeframeUnavailable(MarketError):
    """The symbol's finest stored timeframe is coarser than the one asked for."""

    code = "timeframe_unavailable"
    title = "No bars in this timeframe"
    usual_remedy = "Choose a timeframe that the symbol has, or import finer bars."


class ImportRefused(MarketError):
    """A file of bars has faults; `problems` name the lines, and nothing was imported."""

    code = "import_refused"
    title = "The file was not imported"


class ImportTooLarge(MarketError):
    """A file of bars is larger than the limit."""

    kind: ClassVar[ErrorKind] = ErrorKind.TOO_LARGE
    code = "import_too_large"
    title = "The file is too large"
    usual_remedy = "Import the file in parts: split it by symbol or by year."


class DatabaseSlow(MarketError):
    """The file could be read, but the database did not take its bars in time."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "database_slow"
    title = "The database is slow"


class NoRoomForUpload(MarketError):
    """The disk is too full for an uploaded file."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "no_room_for_upload"
    title = "There is no room for the file"


class ImportConflict(MarketError):
    """An import is not in the state that is needed: it is still checked, refused, done, undone."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "import_state"
    title = "The import cannot do that now"


class UnknownImport(MarketError):
    """The user has no import of this id."""

    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND
    code = "unknown_import"
    title = "There is no such import"


class NotImported(MarketError):
    """The user has imported no bars of the symbol."""

    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND
    code = "not_imported"
    title = "There is no such import"
    usual_remedy = "Choose a symbol that you have imported."


class InstrumentRefused(MarketError):
    """What was said of an instrument has faults; `problems` name the fields."""

    code = "invalid"
    title = "The instrument was not changed"


class TooManyInstruments(MarketError):
    """A user has changed as many instruments as anybody may change."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "too_many_instruments"
    title = "No further instrument can be changed"
    usual_remedy = "Reset an instrument that you no longer need."


class ProviderUnavailable(MarketError):
    """The market data provider did not answer in time, or refused."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "market_data_unavailable"
    title = "The market data provider cannot be used now"


class DataEnded(MarketError):
    """The prices that the user chose end before the moment that was asked for."""

    code = "data_ended"
    title = "The prices end earlier"


class DataChanged(MarketError):
    """The bars that a run began with were replaced before it was over."""

    code = "data_changed"
    title = "The prices were replaced during the run"
    usual_remedy = "Run it again."


class PricesReplaced(MarketError):
    """The bars that a finished run saw are not there any more as it saw them."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "prices_replaced"
    title = "The prices that the run saw were replaced"
    usual_remedy = "Run it again: the new run sees the prices of now."


class NotLoaded(MarketError):
    """A step reads bars that its run has not loaded, so nothing says which version it sees."""

    code = "not_loaded"
    title = "The bars were not loaded"
    usual_remedy = "Name the timeframe in the agent's timeframes()."


class BeyondCalendar(MarketError):
    """A time so far away that nobody knows when markets trade then."""

    code = "beyond_calendar"
    title = "No trading calendar covers this time"
    usual_remedy = "Choose a time within the years that the calendars cover."
