"""T30: five times what one account may queue, sent at once: bounded, told what to do, recovered."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.fakes.graphs import gated, node
from tests.fixtures.counts import Tell
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import LIMIT_S, until_async
from tests.fixtures.workers import Installation

QUEUE = 20
LOAD = 5 * QUEUE
AT_WORK = 16
"""Runs that two workers' processes have in hand: those do not wait, until they do so again."""
_WAITING = "select count(*) from runs where user_id = %s and finished_at is null"


async def test_t30_five_times_the_load_is_bounded_and_over_when_it_ends(
    installation: Installation, tell: Tell, tmp_path: Path
) -> None:
    noisy, quiet = installation.sign_up(), installation.sign_up()
    installation.allow(noisy, queued_runs=QUEUE)
    gate = tmp_path / "gate"
    graph = gated(str(gate), node("work", "test_step"), again_s=5)
    pipelines = [noisy.create(graph=graph)["id"] for _ in range(5)]
    listed = noisy.http.get("/market/symbols").json()["items"]
    symbols = [one["symbol"] for one in listed if one["simulated"]]  # whose runs may wait
    wanted = [(pipeline, symbol) for pipeline in pipelines for symbol in symbols[: LOAD // 5]]
    assert len(wanted) == LOAD

    try:
        counts, most = await _flood(installation, noisy, wanted)
        tell(f"{LOAD} starts at once: {dict(counts)}; {most} were under way then")
        assert set(counts) <= {"202", "queue_full", "requests_at_once"}
        assert counts["queue_full"] + counts["requests_at_once"] >= LOAD - QUEUE - AT_WORK
        assert most <= QUEUE + AT_WORK
        pipeline = quiet.create(template="golden-cross")["id"]
        assert quiet.wait(quiet.run(pipeline))["status"] == "succeeded", "nobody is in their way"
    finally:
        gate.touch()
    await _emptied(installation, noisy)
    done = noisy.wait(noisy.run(pipelines[0], symbols[0]))
    assert done["status"] == "succeeded", "what was refused goes through afterwards"
    [[succeeded]] = installation.query(
        "select count(*) from runs where user_id = %s and status = 'succeeded'", noisy.id
    )
    assert succeeded == counts["202"] + 1, "what was accepted was carried out, all of it"


async def _flood(
    installation: Installation, trader: Trader, wanted: list[tuple[str, str]]
) -> tuple[Counter[str], int]:
    """Send every start at once; return the answers by status or limit, and how many are there."""
    async with httpx.AsyncClient(
        base_url=f"{installation.url}/api/v1",
        headers={"Authorization": f"Bearer {trader.token}"},
        timeout=2 * LIMIT_S,
        limits=httpx.Limits(max_connections=LOAD),
    ) as client:
        answers = await asyncio.gather(
            *(
                client.post(f"/pipelines/{pipeline}/run", json={"symbol": symbol})
                for pipeline, symbol in wanted
            )
        )
    [[most]] = installation.query(_WAITING, trader.id)
    counts = Counter[str]()
    for answer in answers:
        if answer.status_code != 429:
            counts[str(answer.status_code)] += 1
            continue
        assert int(answer.headers["Retry-After"]) >= 1
        [item] = answer.json()["errors"]
        assert item["remedy"]
        counts["queue_full" if item["code"] == "queued_runs" else item["code"]] += 1
    assert isinstance(most, int)
    return counts, most


async def _emptied(installation: Installation, trader: Trader) -> None:
    await until_async(
        lambda: installation.query(_WAITING, trader.id) == [(0,)], "the end of all that was queued"
    )
