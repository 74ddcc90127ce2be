"""Whether PostgreSQL is away for a while, as the drivers and SQLAlchemy say it."""

from psycopg import InterfaceError, OperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

_AWAY = ("08", "57P0", "40001", "40P01", "53300")
"""How SQLSTATEs begin when PostgreSQL is away, has no connection left, or asks to try again."""


def database_away(error: BaseException) -> bool:
    """Say whether PostgreSQL may answer the same statement another time: by the error, or by what
    caused it.

    A statement that is too much for the database (SQLSTATE 54000, 53200) never will be answered.
    """
    cause: BaseException | None = error
    while cause is not None:
        if _says_away(cause):
            return True
        cause = cause.__cause__
    return False


def _says_away(error: BaseException) -> bool:
    if isinstance(error, NoConnectionLeft):
        return True
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, (OperationalError, InterfaceError)):  # PoolTimeout is one
        return driver.sqlstate is None or driver.sqlstate.startswith(_AWAY)
    return False
