"""T28: the order service is stopped with SIGSTOP around its last look at the latch; a halt is set.

A real process, on a database of its own. It is held at the row of the latch, or at the row of the
intent, stopped there, and let go on once the switch was set: no entry has got out.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kuber.trading.origins import Origin, OriginKind
from tests.fixtures.counts import Tell
from tests.fixtures.traders import Trader
from tests.fixtures.trading_floor import CALM
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation, Program

SYMBOL = "BTCUSD"
"""Traded all day, every day."""
PUT_WITHIN_S = 5.0
"""The limit of the idle session is 0.8 s; the rest is a busy machine."""

_QUOTE = """
    insert into market_quotes (symbol, source, price, quoted_at, received_at)
    values (%(symbol)s, 'simulated', 100, %(now)s, %(now)s)
    on conflict (symbol) do update set quoted_at = excluded.quoted_at
"""
_INTENT = """
    insert into orders (id, user_id, account_id, venue, origin, origin_key, leg, attempt, mode,
        symbol, side, quantity, reference_price, levels, status, correlation_id, created_at,
        sent_at, type, time_in_force)
    values (%(id)s, %(user)s, %(account)s, 'simulation', 'person', %(key)s, 'entry', 1,
        'simulation', %(symbol)s, 'buy', 1, 100, %(levels)s, 'intended', 'c', %(now)s, %(now)s,
        'market', 'gtc')
"""
_WAITS = """
    select pid from pg_stat_activity where datname = current_database()
      and application_name = 'kuber-orders' and wait_event_type = 'Lock' and query like %s
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


class Scene:
    """A trader with a calm account, the order service, and a connection that holds rows."""

    def __init__(self, site: Installation) -> None:
        self.site = site
        self.trader: Trader = site.sign_up()
        (account,) = self.trader.http.get("/accounts").json()["items"]
        self.account = account["id"]
        site.query("update accounts set simulation = %s", Jsonb(CALM))
        self.service: Program = site.services("orders")

    def price(self) -> None:
        with psycopg.connect(self.site.database_url, autocommit=True) as connection:
            connection.execute(_QUOTE, {"symbol": SYMBOL, "now": datetime.now(UTC)})

    def intend(self) -> str:
        key = (str(uuid4()),)
        id_ = Origin(OriginKind.PERSON, key).order_id()
        values = {
            "id": id_,
            "user": self.trader.id,
            "account": self.account,
            "key": Jsonb(list(key)),
            "symbol": SYMBOL,
            "levels": Jsonb({"stop_loss": "90", "targets": ["120"]}),
            "now": datetime.now(UTC),
        }
        with psycopg.connect(self.site.database_url) as connection:
            connection.execute(_INTENT, values)
        return str(id_)

    def wake(self) -> None:
        self.site.query("select pg_notify('kuber_orders', '')")

    def order(self, id_: str) -> tuple[object, ...]:
        (row,) = self.site.query("select status, reason from orders where id = %s", id_)
        return row

    def look(self, query: str, *values: object) -> list[tuple[object, ...]]:
        return self.site.query(query, *values)

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

    def halt(self) -> float:
        """Set the switch by the API; return how long that took."""
        began = monotonic()
        body = {"state": "halted", "reason": "T28"}
        answer = self.trader.http.put("/kill-switches/user", json=body)
        assert answer.status_code == 200, answer.text
        return monotonic() - began

    def signal(self, number: signal.Signals) -> None:
        for process in self.service.family():
            process.send_signal(number)


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
    entry = scene.intend()
    with scene.held("select 1 from orders for update", "%for update of o%"):
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
