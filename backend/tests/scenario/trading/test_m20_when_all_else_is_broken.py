"""Show 5: the red button with the worker dead, Redis dead, Kafka dead, PostgreSQL restarting.

Everything is closed, or it is said precisely what waits. There is no worker and no Kafka from the
start; Redis dies with a position open; PostgreSQL refuses everybody for a while.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.fixtures.counts import Tell
from tests.fixtures.trading_site import SYMBOL, TradingSite
from tests.fixtures.waiting import START_WITHIN_S, until
from tests.fixtures.workers import BACKEND, NewInstallation, OwnValkey, own_valkey

pytestmark = pytest.mark.timeout(600)
NOBODY = "127.0.0.1:1"


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path_factory.mktemp("redis")) as valkey:
        yield valkey


@pytest.fixture
def trading(new_installation: NewInstallation, redis: OwnValkey) -> TradingSite:
    site = new_installation(NOBODY)
    site.redis_url = redis.url
    site.api().wait_ready()
    made = TradingSite(site)
    made.enter()
    return made


@contextmanager
def outage(trading: TradingSite) -> Iterator[None]:
    """PostgreSQL ends every session of the installation and takes no new one, as in a restart."""
    url, _, name = trading.site.database_url.rpartition("/")
    with psycopg.connect(f"{url}/postgres", autocommit=True) as admin:
        admin.execute(f'alter database "{name}" allow_connections false'.encode())
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )
        yield
        admin.execute(f'alter database "{name}" allow_connections true'.encode())


def kuber(trading: TradingSite, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of Kuber where the installation runs."""
    return subprocess.run(
        (sys.executable, "-m", "kuber.cli", *arguments),
        env=trading.site.environment(),
        cwd=BACKEND,
        capture_output=True,
        text=True,
        timeout=START_WITHIN_S,
        check=False,
    )


def wait_until_flat(trading: TradingSite, scope: str) -> None:
    def is_flat() -> bool:
        trading.price()
        return bool(trading.switch(scope)["report"]["status"] == "done")

    until(is_flat, lambda: f"everything closed: {trading.switch(scope)}")
    assert trading.look("select status from positions") == [("closed",)]


def test_m20_the_button_works_without_worker_redis_and_kafka(
    trading: TradingSite, redis: OwnValkey, tell: Tell
) -> None:
    drill = trading.trader.http.post("/fire-drill", json={"mode": "simulation"}).json()
    assert [one["symbol"] for one in drill["would_close"]] == [SYMBOL]
    redis.kill()
    took = trading.halt(flatten=True)
    wait_until_flat(trading, "user")
    (closed,) = trading.switch()["report"]["items"]
    assert (closed["outcome"], closed["price"]) == ("closed", drill["would_close"][0]["price"])
    tell(f"Show 5: halted in {took:.2f} s; the drill took {drill['took_ms']} ms")


def test_m20_while_postgresql_restarts_it_is_said_what_waits(trading: TradingSite) -> None:
    with outage(trading):
        with pytest.raises((AssertionError, httpx.HTTPError)):
            trading.halt(flatten=True)
        halted = kuber(trading, "halt", "--flatten")
        assert halted.returncode == 1
        assert "Halted by" in halted.stdout
        assert "The database could not be reached" in halted.stderr
        assert "No position is being closed" in halted.stderr
        assert (trading.site.home / "halt").read_text().startswith("halted ")
    again = kuber(trading, "halt", "--flatten")
    assert again.returncode == 0, again.stderr
    assert "Positions that are being closed: 1." in again.stdout
    assert SYMBOL in again.stdout
    until(lambda: trading.trader.http.get("/kill-switches").status_code == 200, "the API")
    assert trading.switch("file")["state"] == "halted"
    assert trading.switch("platform")["set_by"] == "the command line of this installation"
    wait_until_flat(trading, "platform")
    entry = trading.intend()
    trading.wake()
    until(lambda: trading.order(entry)[0] == "rejected", "a refusal")
    assert str(trading.order(entry)[1]).startswith("halted: ")
    over = kuber(trading, "halt", "--off")
    assert over.returncode == 0, over.stderr
    assert trading.switch("platform")["state"] == "off"
