"""T28: the order service is stopped with SIGSTOP around its last look at the latch; a halt is set.

A real process, on a database of its own. It is held at the row of the latch, or at the row of the
intent, stopped there, and let go on once the switch was set: no entry has got out.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.fixtures.counts import Tell
from tests.fixtures.trading_site import TradingSite
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation

PUT_WITHIN_S = 5.0
"""The limit of the idle session is 0.8 s; the rest is a busy machine."""

_WAITS = """
    select pid from pg_stat_activity where datname = current_database()
      and application_name = 'kuber-orders' and wait_event_type = 'Lock' and query like %s
"""

_SETTLED = """
    select 1 from service_beats where service = 'orders' and (detail ->> 'rounds')::int >= 3
"""
_STOPPED = """
    select pid from pg_stat_activity where datname = current_database()
      and application_name = 'kuber-orders' and state = 'idle in transaction'
"""


@pytest.fixture
def site(new_installation: NewInstallation) -> Installation:
    made = new_installation()
    made.api().wait_ready()
    return made


class Scene(TradingSite):
    """Holds rows, so that the order service waits for them."""

    @contextmanager
    def held(self, rows: str, statement: str) -> Iterator[None]:
        """Hold rows until the order service waits for them in a statement; stop it there, and let
        the rows go: PostgreSQL carries the statement out, and nobody hears of it."""
        with psycopg.connect(self.site.database_url) as holder:
            holder.execute(rows.encode())
            yield
            until(lambda: self.look(_WAITS, statement), "the order service to wait")
            self.signal(signal.SIGSTOP)
            holder.rollback()


@pytest.fixture
def scene(site: Installation) -> Scene:
    return Scene(site)


@pytest.mark.timeout(300)
def test_t28_stopped_between_the_latch_and_the_commit_no_entry_gets_out(
    scene: Scene, tell: Tell
) -> None:
    """The round has sent the entry to the venue in memory, and has read the latch for the last
    time: PostgreSQL ends its session before it lets the switch be set."""
    entry = scene.intend()
    scene.wake()
    until(
        lambda: scene.order(entry)[0] == "submitted",
        lambda: f"an admitted intent: {scene.order(entry)}, {scene.site.log_of(scene.service)}",
    )
    with scene.held("select 1 from trading_latch for update", "%for share%"):
        scene.price()
    until(lambda: scene.look(_STOPPED), "the stopped session to hold the latch")
    took = scene.halt()
    _no_entry_got_out(scene, entry)
    assert took < PUT_WITHIN_S
    tell(f"T28: the halt was set {took:.2f} s after it was asked for, the service being stopped")


@pytest.mark.timeout(300)
def test_t28_stopped_after_its_first_look_at_the_latch_no_entry_gets_out(
    scene: Scene, tell: Tell
) -> None:
    until(lambda: scene.look(_SETTLED), "the first rounds, which look for intents without a call")
    entry = scene.intend()
    with scene.held("select 1 from orders for update", "%from orders%"):
        scene.price()
        scene.wake()
    took = scene.halt()
    _no_entry_got_out(scene, entry)
    assert took < PUT_WITHIN_S
    tell(f"T28: the halt was set {took:.2f} s after it was asked for, the service being stopped")


def _no_entry_got_out(scene: Scene, entry: str) -> None:
    scene.signal(signal.SIGCONT)

    def ended() -> bool:
        scene.price()
        return scene.order(entry)[0] in ("rejected", "cancelled", "filled", "partially_filled")

    until(ended, lambda: f"the end of the entry, which is {scene.order(entry)}")
    status, reason = scene.order(entry)
    assert (status, str(reason).split(":")[0]) in (
        ("rejected", "halted"),
        ("cancelled", "not sent"),
    )
    assert scene.site.query("select 1 from fills") == []
    assert scene.site.query("select 1 from ledger_holds") == []
