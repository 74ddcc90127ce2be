"""`calendars`: the trading hours of every exchange are worked out once and kept."""

import signal
import sys
from importlib.metadata import version
from pathlib import Path

from kuber.commands import say
from kuber.infra.embedded.home import Home, write_private
from kuber.infra.embedded.process import Command
from kuber.workers.supervisor import Service

_WITHIN_S = 120.0


def prepare(home: Path) -> int:
    """Keep the trading hours of all exchanges in a data folder; return the exit code.

    It is 0 also when nothing can be written there: then each process works them out itself.
    """
    from kuber.market.calendars import usual_years
    from kuber.market.kept_sessions import KeptSessions
    from kuber.market.terms.markets import MARKETS

    place = Home(home.absolute())
    kept = KeptSessions(place.calendars)
    added = kept.prepare(usual_years(MARKETS))
    try:
        write_private(place.calendars_prepared, kept.version)
    except OSError as error:
        say.failure(f"Trading hours cannot be kept: {error}")
        return 0
    say.line(f"Trading hours are kept in {place.calendars}, {added} of them new.")
    return 0


def are_kept(home: Home) -> bool:
    """Say whether those of the installed version are all there, as far as is known."""
    try:
        return home.calendars_prepared.read_bytes() == version("exchange_calendars").encode()
    except OSError:
        return False


def preparing(home: Home, source_root: Path) -> Service:
    """Return the program that prepares them, which takes seconds, and no secrets."""
    env = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "KUBER_HOME": str(home.root),
        "PYTHONPATH": str(source_root),
    }
    argv = (sys.executable, "-m", "kuber.cli", "calendars")
    command = Command(argv, home.run, env, death_signal=signal.SIGKILL)
    return Service("calendars", command, once=True, ready_within_s=_WITHIN_S)
