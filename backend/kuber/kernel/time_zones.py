"""Which names of time zones are taken."""

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones; asked once: the answer is read from a folder of files.

    Those of no place, such as the server's own or ones that count leap seconds, are not among them.
    """
    return frozenset(available_timezones()) - {"Factory", "localtime"}
