"""What can go wrong with a watch list."""

from typing import ClassVar

from kuber.kernel.errors import ErrorKind
from kuber.market.errors import MarketError


class NotWatched(MarketError):
    """The symbol is not on the user's watch list."""

    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND
    code = "not_watched"
    title = "Not on the watch list"
    usual_remedy = "Choose a symbol of your watch list."


class WatchListFull(MarketError):
    """A watch list holds as many symbols as it may."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "watch_list_full"
    title = "The watch list is full"
