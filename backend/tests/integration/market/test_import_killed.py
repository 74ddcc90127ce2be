"""The process that loads a file may be killed at any moment: all of it is there, or nothing."""

from functools import partial

import httpx
import psycopg

from tests.fakes.minute_files import LARGE, minutes
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation

HOLD = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
OURS = "select count(*) from bars b join bar_series s on s.id = b.series_id where s.user_id = %s"


def status_of(installation: Installation, import_id: str) -> object:
    ((status,),) = installation.query("select status from bar_imports where id = %s", import_id)
    return status


def test_a_load_that_is_killed_at_half_is_begun_anew_and_never_half_there(
    new_installation: NewInstallation,
) -> None:
    installation = new_installation()
    installation.api().wait_ready()
    trader = installation.sign_up(timeout_s=120)
    content = minutes(LARGE)
    answer = trader.http.post(
        "/market/imports",
        files={"file": ("b.csv", content, "text/csv")},
        data={"timeframe": "1m"},
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    import_id = answer.json()["id"]
    with psycopg.connect(installation.database_url) as other:
        other.execute(HOLD, [f"imports of {trader.id}"])
        loading = installation.services("imports")
        until(partial(all_copied, installation), "its rows are copied, and wait to be read")
        loading.kill()
    assert installation.query(OURS, trader.id) == [(0,)]
    assert status_of(installation, import_id) == "loading"
    installation.query("update bar_imports set claimed_until = now() where id = %s", import_id)
    second = installation.services("imports")
    until(partial(ended, installation, import_id), "the import is done")
    assert installation.query(OURS, trader.id) == [(LARGE,)]
    states = "select state from bar_series where user_id = %s"
    assert installation.query(states, trader.id) == [("active",)]
    view = trader.http.get(f"/market/imports/{import_id}").json()
    assert (view["status"], view["progress"], view["bars"]) == ("done", 1.0, LARGE)
    second.stop()


def all_copied(installation: Installation) -> bool:
    waits = "select 1 from pg_locks where locktype = 'advisory' and not granted"
    return bool(installation.query(waits))


def ended(installation: Installation, import_id: str) -> bool:
    return status_of(installation, import_id) == "done"
