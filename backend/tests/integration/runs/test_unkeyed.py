"""An agent that acts outside without a key: done once at most, whatever becomes of its worker."""

from pathlib import Path

import pytest

from tests.fakes.graphs import chain, node
from tests.fakes.plugin.kuber_test_agents import calls
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation


@pytest.fixture
def site(new_installation: NewInstallation) -> Installation:
    made = new_installation()
    made.api().wait_ready()
    return made


def acting(trader: Trader, kind: str, **settings: object) -> str:
    graph = chain(
        node("before", "test_step"), node("act", kind, **settings), node("after", "test_step")
    )
    return trader.run(trader.create(graph=graph)["id"])


def killed_in_the_middle(site: Installation, kind: str, tmp_path: Path) -> tuple[Trader, str, str]:
    """Return the trader, the run and the file of a node whose worker was killed during it."""
    trader = site.sign_up()
    file, gate = str(tmp_path / "calls"), tmp_path / "gate"
    first = site.worker()
    run_id = acting(trader, kind, path=file, until=str(gate))
    until(lambda: calls(file) == 1, "the node")
    first.kill()
    gate.touch()
    site.worker()
    return trader, run_id, file


def test_one_that_was_interrupted_is_never_repeated(site: Installation, tmp_path: Path) -> None:
    trader, run_id, file = killed_in_the_middle(site, "test_act", tmp_path)
    run = trader.wait(run_id)
    assert (run["status"], run["error"]["code"]) == ("failed", "outcome_unknown")
    assert "Look at what it acts on" in run["error"]["remedy"]
    assert calls(file) == 1
    assert statuses_of(run) | {"pipeline_manager": ""} == {
        "pipeline_manager": "",
        "trigger": "succeeded",
        "before": "succeeded",
        "act": "failed",
        "after": "skipped",
    }
    assert node_of(run, "act")["finished_at"] is not None


def test_one_that_says_it_only_reads_is_run_again(site: Installation, tmp_path: Path) -> None:
    trader, run_id, file = killed_in_the_middle(site, "test_step", tmp_path)
    assert trader.wait(run_id)["status"] == "succeeded"
    assert calls(file) == 2


def test_a_package_that_nobody_vouches_for_is_not_believed(
    new_installation: NewInstallation, tmp_path: Path
) -> None:
    site = new_installation(KUBER_TRUSTED_EFFECTS="another-package")
    site.api().wait_ready()
    trader, run_id, file = killed_in_the_middle(site, "test_step", tmp_path)
    run = trader.wait(run_id)
    assert (run["error"]["code"], calls(file)) == ("outcome_unknown", 1)


def test_its_own_word_that_it_did_nothing_allows_another_try(
    trader: Trader, tmp_path: Path
) -> None:
    file = str(tmp_path / "calls")
    run = trader.wait(acting(trader, "test_act", path=file, failures=2))
    assert (run["status"], calls(file)) == ("succeeded", 3)


@pytest.mark.parametrize("settings", [{"does": "crash"}, {"until": "/nowhere/gate"}])
def test_a_crash_and_a_time_limit_end_it_for_good(
    trader: Trader, tmp_path: Path, settings: dict[str, str]
) -> None:
    file = str(tmp_path / "calls")
    run = trader.wait(acting(trader, "test_act", path=file, **settings))
    assert (run["status"], calls(file)) == ("failed", 1)
