"""What a round is about, and which failures are not the fault of what it works on."""

from dataclasses import dataclass

from psycopg import InterfaceError, OperationalError

from kuber.trading.errors import BookLost, LatchMoved

_TOO_MUCH = "54"
"""SQLSTATE class of what is too large or too complex: that is the fault of a row."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything, or one instrument alone."""

    symbol: str | None = None
    returning: str | None = None
    """A position that was set aside, to be worked again."""
    trial: frozenset[str] | None = None
    """Only these positions and intents take part, and nothing is kept."""

    def covers(self, symbol: str) -> bool:
        """Return whether an instrument is worked."""
        return self.symbol in (None, symbol)

    def wants(self, name: str) -> bool:
        """Return whether a position or an intent takes part."""
        return self.trial is None or name in self.trial


EVERYTHING = Scope()


def is_away(error: Exception) -> bool:
    """Return whether the database is away or another process acts: then a round is done again,
    whatever it worked on."""
    if isinstance(error, OperationalError):
        return not (error.sqlstate or "").startswith(_TOO_MUCH)
    return isinstance(error, BookLost | LatchMoved | InterfaceError)
