"""Show 5, for real: the red button with everything dead, and PostgreSQL's own process restarted.

There is no worker and no Kafka from the start. Redis, the order service and PostgreSQL die with a
position open. Whoever presses is told each time what is and what is not; nothing is closed twice.
"""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

from kuber.infra.embedded.process import kill_tree
from tests.fixtures.counts import Tell
from tests.fixtures.own_postgres import OwnPostgres
from tests.fixtures.trading_site import SYMBOL, TradingSite
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, OwnValkey, own_valkey

pytestmark = pytest.mark.timeout(600)
NOBODY = "127.0.0.1:1"
ANSWERS_WITHIN_S = 15
"""Of whoever presses while PostgreSQL is away."""


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("show5")


@pytest.fixture
def postgres(home: Path) -> Iterator[OwnPostgres]:
    with OwnPostgres(home) as server:
        yield server


@pytest.fixture
def redis(home: Path) -> Iterator[OwnValkey]:
    with own_valkey(home) as valkey:
        yield valkey


@pytest.fixture
def trading(home: Path, postgres: OwnPostgres, redis: OwnValkey) -> Iterator[TradingSite]:
    with Installation(home, postgres.url, redis.url, NOBODY) as site:
        site.api().wait_ready()
        made = TradingSite(site)
        made.enter()
        yield made


def press(trading: TradingSite) -> httpx.Response:
    """Press the red button."""
    body = {"mode": "simulation", "confirm": True}
    return trading.trader.http.post("/positions/close-all", json=body)


def drill(trading: TradingSite) -> httpx.Response:
    return trading.trader.http.post("/fire-drill", json={"mode": "simulation"})


def positions(trading: TradingSite) -> list[tuple[object, ...]]:
    return trading.look("select status, exit_reason from positions")


def closes(trading: TradingSite) -> list[tuple[object, ...]]:
    return trading.look(
        "select o.side, sum(f.quantity)::int from fills f join orders o on o.id = f.order_id"
        " group by o.side order by o.side"
    )


def test_show5_the_button_while_everything_is_dead(
    trading: TradingSite, redis: OwnValkey, postgres: OwnPostgres, tell: Tell
) -> None:
    assert [one["symbol"] for one in drill(trading).json()["would_close"]] == [SYMBOL]
    redis.kill()
    kill_tree(trading.service.server.process.pid)  # type: ignore[union-attr]
    postgres.crash()
    for ask in (press, drill):
        began = monotonic()
        answer = ask(trading)
        took = monotonic() - began
        assert (answer.status_code, took < ANSWERS_WITHIN_S) == (503, True), answer.text
        assert answer.json()["code"] == "unavailable", answer.text
    postgres.start()
    until(lambda: press(trading).status_code == 202, lambda: press(trading).text)
    assert positions(trading) == [("open", None)], "nobody is there who could close it"

    def said() -> str:
        return "".join(drill(trading).json()["problems"])

    until(lambda: "The order service does not run since" in said(), said)
    assert "Until it runs again nothing is closed." in said()
    back = monotonic()
    trading.service = trading.site.services("orders")

    def is_flat() -> bool:
        trading.price()
        return positions(trading) == [("closed", "asked")]

    until(is_flat, lambda: f"everything closed: {positions(trading)}")
    assert closes(trading) == [("buy", 1), ("sell", 1)]
    assert press(trading).json() == {"closing": [], "not_closed": []}
    tell(f"Show 5: closed {monotonic() - back:.2f} s after the order service was started again")
