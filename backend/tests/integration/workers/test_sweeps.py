"""A run that nobody was called to is found: by a called sweep, or by a worker on its own."""

from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import START_WITHIN_S, until
from tests.fixtures.workers import Installation, NewInstallation

LONG_LEASE_S = "300"
"""Longer than anything is waited for: no worker sweeps by itself meanwhile."""
LAY_ASIDE = """
    create function lay_aside() returns trigger language plpgsql as $$
    begin new.status := 'waiting'; new.wake_at := now() + interval '1 day'; return new; end $$;
    create trigger lay_aside before insert on runs for each row execute function lay_aside();
"""


def _due_without_a_call(site: Installation) -> tuple[Trader, str]:
    """Return a run that became due while nobody was called to it, and whose it is."""
    site.query(LAY_ASIDE)
    site.worker()
    site.api().wait_ready()
    trader = site.sign_up()
    run_id = trader.run(trader.create(graph=steps(work={}))["id"])
    site.query("update runs set wake_at = now() where id = %s", run_id)
    return trader, run_id


def _succeeds(trader: Trader, run_id: str) -> None:
    until(
        lambda: trader.execution(run_id)["status"] == "succeeded",
        "the end of the run",
        START_WITHIN_S,
    )


def test_the_service_has_a_worker_sweep(new_installation: NewInstallation) -> None:
    site = new_installation(KUBER_RUN_LEASE_S=LONG_LEASE_S)
    trader, run_id = _due_without_a_call(site)
    several = [site.services("sweep", wait=False) for _ in range(2)]
    for one in several:
        one.wait_ready()
    _succeeds(trader, run_id)


def test_a_worker_sweeps_by_itself_when_there_are_no_services(
    new_installation: NewInstallation,
) -> None:
    trader, run_id = _due_without_a_call(new_installation())
    _succeeds(trader, run_id)
