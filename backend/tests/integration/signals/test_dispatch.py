"""From a plain Kafka client to runs, and to every user's answer to: why not mine?"""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import IN_THE_PRESENT, gated, node, steps
from tests.fakes.kafka import publish, read_all, read_until, signal
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation

pytestmark = pytest.mark.kafka
GRAPH = steps(work={})


def subscribed(
    trader: Trader,
    min_confidence: float,
    *,
    tickers: tuple[str, ...] = ("AAPL", "MSFT"),
    signal_type: str = "golden_cross",
    graph: JsonObject = GRAPH,
    **more: Any,
) -> str:
    """Return an active pipeline that waits for signals."""
    scanner = trader.http.post(
        "/scanners", json={"name": "Mine", "kind": "manual", "tickers": list(tickers)}
    )
    assert scanner.status_code == 201, scanner.text
    pipeline = trader.create(
        graph=graph,
        trigger={
            "kind": "signal",
            "scanner_id": scanner.json()["id"],
            "subscriptions": [{"signal_type": signal_type, "min_confidence": min_confidence}],
            **more,
        },
    )
    activated = trader.http.post(f"/pipelines/{pipeline['id']}/activate")
    assert activated.status_code == 200, activated.text
    return str(pipeline["id"])


def signals(trader: Trader, **filters: str) -> list[JsonObject]:
    items: list[JsonObject] = trader.http.get("/signals", params=filters).json()["items"]
    return items


def runs_of(trader: Trader, pipeline_id: str) -> list[JsonObject]:
    answer = trader.http.get("/executions", params={"pipeline_id": pipeline_id})
    items: list[JsonObject] = answer.json()["items"]
    return items


def come(trader: Trader, source: str) -> list[JsonObject]:
    """Return the signals of `source` once there are any."""
    return until(lambda: signals(trader, source=source), f"a signal of {source}")


def settle(made: Installation) -> None:
    """Return once the dispatcher knows of every change before: it learns of them in order."""
    last = made.sign_up()
    subscribed(last, 100, tickers=("GOOG",))

    def is_known() -> bool:
        source = f"probe {uuid4()}"
        probe = signal("GOOG", confidence=1, source=source, user_id=last.id)
        publish(made.kafka_bootstrap, "signals.raw", probe)
        [seen] = come(last, source)
        return bool(seen["matches"])

    until(is_known, "a dispatcher that knows the newest pipeline")


def test_a_signal_runs_the_pipeline_it_convinces_and_tells_the_other_why_not(
    signalled: Installation,
) -> None:
    eager, strict = signalled.sign_up(), signalled.sign_up()
    at_80, at_90 = subscribed(eager, 80), subscribed(strict, 90)
    signalled.query(
        "insert into market_quotes (symbol, price, source, quoted_at, received_at)"
        " values ('AAPL', 187.2, 'replay', '2026-01-02T15:00Z', now())"
    )
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(confidence=85, source="plain"))

    [seen] = come(eager, "plain")
    [match] = seen["matches"]
    assert (match["pipeline_id"], match["outcome"], match["reason"]) == (at_80, "started", None)
    run = eager.wait(match["execution_id"])
    assert (run["status"], run["symbol"], run["started_by"]) == ("succeeded", "AAPL", "signal")
    assert run["signal_id"] == seen["id"]

    [same] = signals(strict, source="plain")
    [missed] = same["matches"]
    assert (missed["pipeline_id"], missed["reason"]) == (at_90, "below_threshold")
    assert missed["detail"] == "Confidence 85 is below the threshold of 90."
    assert runs_of(strict, at_90) == []
    told = json.loads(
        read_until(signalled.kafka_bootstrap, "signals.normalized", seen["id"].encode())[-1]
    )
    assert (told["started"], told["skipped"]) == (1, 1)
    [ticker] = told["tickers"]
    assert (ticker["ticker"], ticker["quote"]) == (
        "AAPL",
        {"price": "187.20000000", "volume": None, "quoted_at": "2026-01-02T15:00:00Z"},
    )


def test_t10_of_fifty_signals_at_once_one_runs_and_forty_nine_are_recorded_as_skipped(
    signalled: Installation, tmp_path: Any
) -> None:
    trader, gate = signalled.sign_up(), tmp_path / "gate"
    pipeline = subscribed(
        trader,
        0,
        graph=gated(str(gate), node("work", "test_step")),
        tickers=(IN_THE_PRESENT,),
    )
    settle(signalled)
    publish(
        signalled.kafka_bootstrap,
        "signals.raw",
        *(
            signal(IN_THE_PRESENT, number, source="fifty", timestamp=int(time.time()))
            for number in range(50)
        ),
    )
    until(lambda: len(signals(trader, source="fifty")) == 50, "fifty signals")
    found = signals(trader, source="fifty")
    matches = [match for item in found for match in item["matches"]]
    assert len(matches) == 50
    assert sorted(match["reason"] or "" for match in matches) == ["", *["already_running"] * 49]
    gate.touch()
    [run] = runs_of(trader, pipeline)
    assert trader.wait(run["id"])["status"] == "succeeded"


def test_t03_the_same_signal_delivered_ten_times_counts_once(signalled: Installation) -> None:
    trader = signalled.sign_up()
    pipeline = subscribed(trader, 0)
    settle(signalled)
    same = signal(source="ten", signal_id="0199a0b0-0000-7000-8000-000000000001")
    publish(signalled.kafka_bootstrap, "signals.raw", *([same] * 10))
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="after ten"))
    come(trader, "after ten")
    assert len(signals(trader, source="ten")) == 1
    started = [
        match
        for item in signals(trader)
        for match in item["matches"]
        if item["source"] == "ten" and match["outcome"] == "started"
    ]
    assert len(started) == 1, signals(trader)[:2]
    assert len(runs_of(trader, pipeline)) in (1, 2)  # the second signal may find it running


def test_changes_of_pipelines_and_scanners_count_for_the_signals_after_them(
    signalled: Installation,
) -> None:
    trader = signalled.sign_up()
    pipeline = subscribed(trader, 0, tickers=("MSFT",))
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="before"))
    [before] = come(trader, "before")
    assert before["matches"] == []

    stored = trader.http.get(f"/pipelines/{pipeline}").json()
    scanner = stored["trigger"]["scanner_id"]
    body = {"name": "Mine", "kind": "manual", "tickers": ["AAPL"]}
    assert trader.http.put(f"/scanners/{scanner}", json=body).status_code == 200
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="scanner changed"))
    [seen] = come(trader, "scanner changed")
    assert [match["outcome"] for match in seen["matches"]] == ["started"]

    trader.http.post(f"/pipelines/{pipeline}/deactivate")
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="switched off"))
    [seen] = come(trader, "switched off")
    assert seen["matches"] == []


def test_a_signal_outside_market_hours_waits_for_nobody_who_asked_for_them(
    signalled: Installation,
) -> None:
    trader = signalled.sign_up()
    subscribed(trader, 0, market_hours_only=True)
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="sunday"))  # 10 December 2023
    [seen] = come(trader, "sunday")
    assert [match["reason"] for match in seen["matches"]] == ["market_closed"]
    assert "2023-12-10" in seen["matches"][0]["detail"]


def test_a_signal_of_one_user_is_nobody_elses(signalled: Installation) -> None:
    owner, other = signalled.sign_up(), signalled.sign_up()
    subscribed(owner, 0)
    of_other = subscribed(other, 0)
    settle(signalled)
    publish(signalled.kafka_bootstrap, "signals.raw", signal(source="private", user_id=owner.id))
    [seen] = come(owner, "private")
    assert seen["own"]
    assert [match["outcome"] for match in seen["matches"]] == ["started"]
    assert signals(other, source="private") == []
    assert other.http.get(f"/signals/{seen['id']}").status_code == 404
    assert runs_of(other, of_other) == []
    matched = "select user_id::text from signal_matches where signal_id = %s"
    assert signalled.query(matched, seen["id"]) == [(owner.id,)]


def test_broken_messages_are_put_away_with_their_reason_and_the_rest_goes_on(
    signalled: Installation,
) -> None:
    trader = signalled.sign_up()
    bootstrap = signalled.kafka_bootstrap
    publish(bootstrap, "signals.raw", b"\xff\x00 no text", b"{not json", signal(confidence=101))
    publish(bootstrap, "signals.raw", signal(tickers=[]), signal(signal_type="who_knows"))
    publish(bootstrap, "signals.raw", signal(source="newer"), schema_version="7")
    publish(bootstrap, "signals.raw", signal(source="whole", flavour="new"))
    [whole] = come(trader, "whole")
    assert whole["extra"] == {"flavour": "new"}
    put_away = "select reason, detail, payload from dead_letters order by id"
    until(lambda: len(signalled.query(put_away)) == 6, "six dead letters")
    rows = signalled.query(put_away)
    reasons = sorted(str(row[0]) for row in rows)
    assert reasons == [
        "bad_schema",
        "bad_schema",
        "newer_schema",
        "not_json",
        "not_json",
        "unknown_signal_type",
    ]
    assert any("tickers.0.confidence" in str(row[1]) for row in rows)
    told = read_all(bootstrap, "dispatcher.dead-letter", 6)
    assert {item["encoding"] for item in told} == {"utf-8", "base64"}
    assert signals(trader, source="newer") == []
