"""The running service: what closes is looked at once, whoever runs it and whoever dies."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId
from kuber.market.types import Timeframe
from kuber.signals.generators.runner import GeneratorRunner
from kuber.signals.generators.schemas import GeneratorBody
from kuber.signals.generators.seeding import seed_generators
from tests.fakes.bars import utc
from tests.fakes.generator_bars import REGISTRY
from tests.integration.signals.generators.conftest import Workshop

DAY = timedelta(days=1)


async def person(workshop: Workshop, email: str = "ann@example.com") -> UserId:
    user_id = uuid4()
    await workshop.query(
        "insert into users (id, email, password_hash, role, tier, created_at)"
        " values (%s, %s, 'x', 'user', 'FREE', now())",
        user_id,
        email,
    )
    return UserId(user_id)


def golden(name: str = "Golden", **changes: object) -> GeneratorBody:
    body: dict[str, object] = {
        "name": name,
        "kind": "golden_cross",
        "config": {"fast": 10, "slow": 30},
        "symbols": ["AAPL", "MSFT", "GOOG"],
    }
    return GeneratorBody.model_validate(body | changes)


async def add(workshop: Workshop, user_id: UserId, body: GeneratorBody) -> UUID:
    async with workshop.database.transaction() as session:
        return (await workshop.service.create(session, user_id, body)).id


async def days(workshop: Workshop, count: int, *runners: GeneratorRunner) -> int:
    """Let days go by, each with a pass of every runner; return how much was announced."""
    announced = 0
    for _ in range(count):
        workshop.clock.advance(DAY)
        for runner in runners:
            announced += await runner.run_once()
    return announced


async def expected(workshop: Workshop, user_id: UserId, start: str) -> list[tuple[str, float]]:
    found = await workshop.service.history(
        user_id,
        "golden_cross",
        {"fast": 10, "slow": 30},
        ["AAPL", "MSFT", "GOOG"],
        Timeframe.D1,
        utc(start),
        workshop.clock.now(),
    )
    return [(one.ticker, one.closed_at.timestamp()) for one in found]


def told(signals: list[JsonObject]) -> list[tuple[str, float]]:
    return [(one["tickers"][0]["ticker"], one["timestamp"]) for one in signals]


async def test_a_generator_begins_now_and_tells_each_crossing_once(workshop: Workshop) -> None:
    ann = await person(workshop)
    await add(workshop, ann, golden())
    runner = workshop.runner()
    assert await runner.run_once() == 0, "old crossings are not sent"
    await days(workshop, 150, runner, runner)
    signals = await workshop.announced()
    assert told(signals) == await expected(workshop, ann, "2008-01-02")
    assert len(signals) > 5
    assert {one["user_id"] for one in signals} == {str(ann)}
    first = signals[0]
    assert (first["source"], first["signal_type"]) == ("golden_cross", "golden_cross")
    assert set(first["tickers"][0]) == {"ticker", "signal", "confidence"}
    assert {"fast_average", "slow_average", "parts", "bar_closed_at"} <= set(first["metadata"])


async def test_an_instance_that_dies_is_followed_by_another_that_misses_nothing(
    workshop: Workshop,
) -> None:
    ann = await person(workshop)
    await add(workshop, ann, golden())
    announced = await days(workshop, 60, workshop.runner("first", lease_s=0.0))
    announced += await days(workshop, 80, workshop.runner("second", lease_s=0.0))
    workshop.clock.advance(timedelta(days=60))
    announced += await workshop.runner("third", lease_s=0.0).run_once()
    signals = await workshop.announced()
    assert told(signals) == await expected(workshop, ann, "2008-01-03")
    assert announced == len(signals) > 5


async def test_instances_share_the_generators_and_none_is_run_twice(workshop: Workshop) -> None:
    ann = await person(workshop)
    for number in range(6):
        await add(workshop, ann, golden(f"G{number}", config={"fast": 10, "slow": 30 + number}))
    one, two = workshop.runner("one", capacity=4), workshop.runner("two", capacity=4)
    await days(workshop, 1, one, two)
    assert (one.status()["generators"], two.status()["generators"]) == (4, 2)
    await days(workshop, 50, one, two)
    ids = [signal["signal_id"] for signal in await workshop.announced()]
    assert len(ids) == len(set(ids)) > 5


async def test_an_instance_that_stops_in_order_frees_its_generators_at_once(
    workshop: Workshop,
) -> None:
    await add(workshop, await person(workshop), golden())
    one, two = workshop.runner("one"), workshop.runner("two")
    await one.run_once()
    await two.run_once()
    assert two.status()["generators"] == 0
    await one.release()
    await two.run_once()
    assert two.status()["generators"] == 1


async def test_an_instance_that_lost_its_lease_writes_nothing(workshop: Workshop) -> None:
    ann = await person(workshop)
    await add(workshop, ann, golden())
    slow = workshop.runner("slow", lease_s=0.0, claim_every_s=1000.0)
    await slow.run_once()
    workshop.clock.advance(DAY)
    quick = workshop.runner("quick")
    await quick.run_once()
    workshop.clock.advance(timedelta(days=90))
    assert await slow.run_once() == 0
    assert await quick.run_once() > 0
    assert told(await workshop.announced()) == await expected(workshop, ann, "2008-01-03")


async def test_what_is_switched_off_is_silent_and_begins_anew_when_it_is_on_again(
    workshop: Workshop,
) -> None:
    ann, runner = await person(workshop), workshop.runner()
    generator_id = await add(workshop, ann, golden())
    await days(workshop, 1, runner)
    async with workshop.database.transaction() as session:
        await workshop.service.update(session, ann, generator_id, golden(enabled=False))
    workshop.clock.advance(timedelta(days=150))
    assert await runner.run_once() == 0
    async with workshop.database.transaction() as session:
        await workshop.service.update(session, ann, generator_id, golden())
    assert await runner.run_once() == 0
    assert await days(workshop, 150, runner) > 3


async def test_what_happens_between_making_a_generator_and_its_first_pass_is_told(
    workshop: Workshop,
) -> None:
    ann = await person(workshop)
    await add(workshop, ann, golden())
    workshop.clock.advance(timedelta(days=150))
    assert await workshop.runner().run_once() > 5
    assert told(await workshop.announced()) == await expected(workshop, ann, "2008-01-02")


async def test_changed_settings_count_from_the_next_bar_on(workshop: Workshop) -> None:
    ann, runner = await person(workshop), workshop.runner()
    generator_id = await add(workshop, ann, golden())
    await days(workshop, 30, runner)
    changed = golden(config={"fast": 3, "slow": 9}, symbols=["AAPL"])
    async with workshop.database.transaction() as session:
        await workshop.service.update(session, ann, generator_id, changed)
    before = len(await workshop.announced())
    await days(workshop, 100, runner)
    later = (await workshop.announced())[before:]
    assert {ticker for ticker, _ in told(later)} == {"AAPL"}
    assert len(later) > 5
    symbols = await workshop.query("select symbol from generator_cursors")
    assert symbols == [("AAPL",)]


async def test_a_symbol_without_bars_is_named_and_holds_nobody_up(workshop: Workshop) -> None:
    ann, runner = await person(workshop), workshop.runner()
    generator_id = await add(workshop, ann, golden())
    await workshop.query(
        "update signal_generators set symbols = '{NOSUCH,AAPL}' where id = %s", generator_id
    )
    await days(workshop, 200, runner)
    assert {ticker for ticker, _ in told(await workshop.announced())} == {"AAPL"}
    assert "golden_cross NOSUCH" in runner.status()["without_bars"]


async def test_a_generator_that_cannot_be_made_is_left_alone(workshop: Workshop) -> None:
    ann, runner = await person(workshop), workshop.runner()
    broken, sound = await add(workshop, ann, golden()), await add(workshop, ann, golden())
    await workshop.query(
        "update signal_generators set config = '{\"fast\": 0}' where id = %s", broken
    )
    assert await days(workshop, 200, runner) > 5
    assert runner.status()["generators"] == 1
    async with workshop.database.transaction() as session:
        shown = {one.id: one for one in (await workshop.service.page(session, ann)).items}
    assert shown[sound].unavailable is None
    assert "Fast average" in (shown[broken].unavailable or "")


async def test_equal_generators_of_one_owner_send_equal_ids_and_those_of_two_do_not(
    workshop: Workshop,
) -> None:
    ann, bob = await person(workshop), await person(workshop, "bob@example.com")
    for owner, name in ((ann, "A"), (ann, "B"), (bob, "A")):
        await add(workshop, owner, golden(name, config={"slow": 30, "fast": 10}))
    await days(workshop, 150, workshop.runner())
    signals = await workshop.announced()
    distinct = {(one["signal_id"], one["user_id"]) for one in signals}
    assert len(distinct) == len(signals) * 2 / 3
    assert len({signal_id for signal_id, _ in distinct}) == len(distinct)


async def test_the_simulated_market_raises_signals_as_its_hours_go_by(workshop: Workshop) -> None:
    workshop.clock.instant = utc("2026-01-05 15:00")
    ann, runner = await person(workshop), workshop.runner()
    mock = golden(kind="mock", config={"every": 1}, symbols=["NVDA", "BTCUSD"], timeframe="1m")
    await add(workshop, ann, mock)
    await runner.run_once()
    for _ in range(12):
        workshop.clock.advance(timedelta(seconds=30))
        await runner.run_once()
    counts = [ticker for ticker, _ in told(await workshop.announced())]
    assert (counts.count("NVDA"), counts.count("BTCUSD")) == (6, 6)


@pytest.mark.parametrize("kinds", [("golden_cross",), ("rsi", "mock")])
async def test_an_instance_can_be_kept_to_some_kinds(
    workshop: Workshop, kinds: tuple[str, ...]
) -> None:
    await add(workshop, await person(workshop), golden())
    runner = workshop.runner(kinds=kinds)
    await runner.run_once()
    assert runner.status()["generators"] == ("golden_cross" in kinds)


async def test_the_platforms_generators_are_seeded_once_and_run_for_everybody(
    workshop: Workshop,
) -> None:
    for _ in range(2):
        async with workshop.database.transaction() as session:
            await seed_generators(session, REGISTRY, workshop.clock)
    runner = workshop.runner()
    await days(workshop, 120, runner)
    assert runner.status()["generators"] == 3
    signals = await workshop.announced()
    assert {one["signal_type"] for one in signals} >= {"rsi", "macd_crossover"}
    assert {one["user_id"] for one in signals} == {None}
