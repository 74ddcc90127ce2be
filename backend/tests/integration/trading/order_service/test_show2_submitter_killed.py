"""Show 2: who submits the entry of a run is killed with SIGKILL at each numbered step of it.

The steps are the statements of `AccountDesk`; the process dies right before and right after each.
The order service goes on; another process tries the same node again, as a worker does that takes
over. There is one order and one position, filled by a price that came after the submitter's death.
"""

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from kuber.ledger.rebuild import all_differences
from kuber.ledger.types import Book
from tests.fixtures.counts import Tell
from tests.fixtures.order_process import OrderProcesses, Street, with_user
from tests.fixtures.trading_floor import USER
from tests.fixtures.waiting import LIMIT_S, until
from tests.fixtures.workers import BACKEND, Installation, NewInstallation

SYMBOL = "BTCUSD"
_PIPELINE = """
    with made as (insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger,
        status, revision, version, updated_at, account_id) values (%(id)s, %(user)s, %(id)s::text,
        '{}', '', 'simulation', '{}', 'draft', 1, 0, now(), %(account)s) returning id)
    insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
    select gen_random_uuid(), id, '', '{}', 0, now() from made
"""
_RUN = """
    insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of, real_time,
        seed, correlation_id, status)
    select %(run)s, p.user_id, p.id, g.id, 'simulation', 'BTCUSD', '{BTCUSD}', now(), true, 1, 'c',
        'succeeded'
    from pipelines p join pipeline_graphs g on g.pipeline_id = p.id where p.id = %(id)s
"""
_ORDERS = "select id, status, leg from orders where account_id = %s order by created_at, leg"
_FILLED_AT = """
    select f.time from fills f join orders o on o.id = f.order_id
    where o.account_id = %s and o.leg = 'entry'
"""


class Submitter:
    """A run with an account of its own, whose one node trades."""

    def __init__(self, site: Installation, connection: psycopg.Connection) -> None:
        self.street = Street(connection, Decimal(100_000))
        self._url = site.database_url
        self._pipeline, self._run = uuid4(), uuid4()
        values = {"id": self._pipeline, "user": USER, "account": self.street.account}
        connection.execute(_PIPELINE.encode(), values)
        connection.execute(_RUN.encode(), {"id": self._pipeline, "run": self._run})

    def submit(self, step: int = 0, when: str = "before") -> "subprocess.CompletedProcess[str]":
        """Submit the entry, and die at a step unless it is 0."""
        command = (sys.executable, "-m", "tests.fixtures.desk_process", self._url)
        return subprocess.run(
            (*command, str(self._run), str(self._pipeline), str(step), when),
            cwd=BACKEND,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def fill(self) -> datetime:
        """Tell prices until the entry is filled; return when that was."""

        def filled() -> list[tuple[datetime]]:
            self.street.tell({SYMBOL: "100"})
            return self.street.rows(_FILLED_AT, self.street.account)

        return until(filled, lambda: f"a fill: {self.orders()}")[0][0]

    def orders(self) -> list[tuple[UUID, str, str]]:
        return self.street.rows(_ORDERS, self.street.account)


@pytest.fixture(scope="module")
def site(new_installation: NewInstallation) -> Installation:
    return with_user(new_installation())


@pytest.mark.timeout(600)
def test_show2_whoever_submits_may_be_killed_at_each_step(site: Installation, tell: Tell) -> None:
    OrderProcesses(site).start()
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        undisturbed = Submitter(site, connection).submit()
        assert undisturbed.returncode == 0, undisturbed.stderr
        status, _, statements = undisturbed.stdout.strip().partition(" ")
        assert status in ("submitted", "working"), undisturbed.stdout
        taken_over = 0
        for step in range(1, _numbered(int(statements)) + 1):
            for when in ("before", "after"):
                taken_over += _story(Submitter(site, connection), step, when)
    assert taken_over, "none was killed after its order was on record"
    found = asyncio.run(_differences(site.database_url))
    assert found == []
    tell(f"Show 2: {statements} steps of a submission, {taken_over} orders outlived the submitter")


def _numbered(statements: int) -> int:
    """Return how many steps differ: looks for the answer, of which there may be more, are one."""
    return min(statements, 7)


def _story(one: Submitter, step: int, when: str) -> bool:
    """Kill a submitter; return whether its order was on record by then."""
    killed = one.submit(step, when)
    assert killed.returncode == -signal.SIGKILL, (step, when, killed.stderr)
    at, before = datetime.now(UTC), one.orders()
    on_record = bool(before)
    if on_record:  # it is filled whether or not anybody tries again
        assert one.fill() > at
    again = one.submit()
    assert again.returncode == 0, (step, when, again.stderr)
    assert one.fill() > at
    entries = [row for row in one.orders() if row[2] == "entry"]
    assert [status for _, status, _ in entries] == ["filled"], (step, when)
    assert not before or before[0][0] == entries[0][0]
    assert one.street.rows(
        "select count(*), sum(quantity)::int from positions where account_id = %s",
        one.street.account,
    ) == [(1, 1)]
    return on_record


async def _differences(url: str) -> list[object]:
    return [one async for one in all_differences(url, Book.TRADING)]
