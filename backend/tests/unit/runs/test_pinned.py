from dataclasses import replace
from datetime import datetime

import pytest

from kuber.agents.state import Frame, PipelineState
from kuber.agents.testing import USER_ID, RecordedMarket, make_bars
from kuber.kernel.ids import UserId
from kuber.market.errors import DataChanged, NotLoaded
from kuber.market.types import Bars, DatasetKind, Source, Timeframe, to_datetime
from kuber.runs.pinned import KeptBars, PinnedMarket, RunMarket, pins_of
from kuber.runs.types import NodeRecord, NodeStatus
from tests.fakes.agents import harness, snapshot

DAILY = replace(make_bars("ACME", range(10, 40)), version="first")
WEEKLY = replace(make_bars("ACME", range(10, 40), Timeframe.W1), version="first")
AS_OF = to_datetime(DAILY.closed_at[-1])
PINS = {("ACME", Timeframe.D1): "first"}


async def bars(market: PinnedMarket, timeframe: Timeframe = Timeframe.D1) -> Bars:
    return await market.bars(USER_ID, "ACME", timeframe, AS_OF, 5)


def pinned(version: str = "first", *, loads: bool = False) -> PinnedMarket:
    series = [replace(one, version=version) for one in (DAILY, WEEKLY)]
    return PinnedMarket(RecordedMarket(series), PINS, loads=loads)


async def test_the_pinned_version_is_given() -> None:
    assert len(await bars(pinned())) == 5


@pytest.mark.parametrize("loads", [True, False])
async def test_another_version_is_refused_whoever_asks(loads: bool) -> None:
    with pytest.raises(DataChanged, match="Run it again"):
        await bars(pinned("second", loads=loads))


async def test_who_loads_bars_may_read_what_is_not_pinned_and_nobody_else() -> None:
    assert len(await bars(pinned(loads=True), Timeframe.W1)) == 5
    with pytest.raises(NotLoaded, match=r"1w bars of ACME.*timeframes\(\)"):
        await bars(pinned(), Timeframe.W1)


async def test_a_source_without_versions_pins_nothing() -> None:
    market = PinnedMarket(RecordedMarket([DAILY]), {("ACME", Timeframe.D1): ""}, loads=False)
    assert len(await bars(market)) == 5


class ChangingMarket(RecordedMarket):
    """Recorded bars that are others the second time."""

    def __init__(self, first: Bars, then: Bars) -> None:
        super().__init__([first])
        self._then = then

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        dataset: DatasetKind | None = None,
    ) -> Bars:
        found = await super().bars(user_id, symbol, timeframe, as_of, count)
        self._series[symbol, timeframe] = self._then
        return found


@pytest.mark.parametrize(
    "then", [replace(DAILY, version="second"), replace(DAILY, source=Source.SIMULATED)]
)
async def test_branches_of_a_run_are_told_the_same_or_nothing(then: Bars) -> None:
    run = RunMarket(ChangingMarket(DAILY, then))
    one, other = PinnedMarket(run, {}, loads=True), PinnedMarket(run, {}, loads=True)
    told = await one.instrument(USER_ID, "ACME", AS_OF)
    assert len(await bars(one)) == 5
    with pytest.raises(DataChanged, match="Run it again"):
        await bars(other)
    assert await other.instrument(USER_ID, "ACME", AS_OF) == told
    another = RunMarket(ChangingMarket(then, DAILY))
    assert len(await bars(PinnedMarket(another, {}, loads=True))) == 5


class ChoosingMarket(RecordedMarket):
    """The sample and the provider's bars; the user changes the choice after each question."""

    asked: DatasetKind | None = None

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        dataset: DatasetKind | None = None,
    ) -> Bars:
        chosen = Source.SIMULATED if self.asked else Source.SAMPLE
        self.asked = dataset or DatasetKind.SAMPLE
        sources = {DatasetKind.SAMPLE: Source.SAMPLE, DatasetKind.PROVIDER: Source.SIMULATED}
        source = sources[dataset] if dataset else chosen
        return replace(await super().bars(user_id, symbol, timeframe, as_of, count), source=source)


async def test_a_choice_that_changes_under_way_changes_nothing_for_the_run() -> None:
    market = ChoosingMarket([DAILY])
    run = PinnedMarket(RunMarket(market), {}, loads=True)
    assert [(await bars(run)).source for _ in range(3)] == [Source.SAMPLE] * 3
    assert (await bars(PinnedMarket(market, {}, loads=True))).source is Source.SIMULATED


@pytest.mark.parametrize(("dataset", "version"), [("imported", "older"), ("sample", "first")])
async def test_what_a_worker_before_was_told_counts(dataset: str, version: str) -> None:
    frames = {"1d": {"dataset": "imported", "version": "first"}}
    told = NodeRecord("data", "market_data", NodeStatus.SUCCEEDED, 1)
    told.changes["market_data"] = {"symbol": "ACME", "frames": frames}
    run = RunMarket(RecordedMarket([DAILY]), [told])
    assert len(await bars(PinnedMarket(run, {}, loads=True))) == 5
    frames["1d"] = {"dataset": dataset, "version": version}
    run = RunMarket(RecordedMarket([DAILY]), [told])
    with pytest.raises(DataChanged):
        await bars(PinnedMarket(run, {}, loads=True))


def kept_by(*kept: Bars) -> KeptBars:
    """Return what gives bars of a version that others have replaced."""

    async def give(version: str, timeframe: Timeframe, as_of: datetime, count: int) -> Bars | None:
        fitting = (one for one in kept if (one.version, one.timeframe) == (version, timeframe))
        found = next(fitting, None)
        return None if found is None else found.closed_by(as_of).last(count)

    return give


async def test_a_run_goes_on_with_the_version_that_it_began_with_while_that_is_kept() -> None:
    then = replace(DAILY, version="second", close=DAILY.close * 2)
    run = RunMarket(ChangingMarket(DAILY, then), kept=kept_by(DAILY))
    one, other = PinnedMarket(run, {}, loads=True), PinnedMarket(run, PINS, loads=False)
    assert (await bars(one)).close.tolist() == (await bars(other)).close.tolist()
    another = RunMarket(ChangingMarket(then, then), kept=kept_by(DAILY))
    assert (await bars(PinnedMarket(another, {}, loads=True))).version == "second"


async def test_it_goes_on_with_it_also_when_another_worker_takes_it_over() -> None:
    told = NodeRecord("data", "market_data", NodeStatus.SUCCEEDED, 1)
    frames = {"1d": {"dataset": DAILY.source.value, "version": "first"}}
    told.changes["market_data"] = {"symbol": "ACME", "frames": frames}
    now = RecordedMarket([replace(DAILY, version="second")])
    run = RunMarket(now, [told], kept_by(DAILY))
    assert (await bars(PinnedMarket(run, PINS, loads=False))).version == "first"


async def test_a_version_that_is_not_kept_fails_the_run_and_says_that_bars_were_replaced() -> None:
    then = replace(DAILY, version="second")
    run = RunMarket(ChangingMarket(DAILY, then), kept=kept_by(WEEKLY))
    await bars(PinnedMarket(run, {}, loads=True))
    with pytest.raises(DataChanged, match="The 1d bars of ACME were replaced while the run was"):
        await bars(PinnedMarket(run, {}, loads=True))


def test_the_pins_are_those_of_the_market_data_section() -> None:
    state: PipelineState = harness().state("ACME")
    assert pins_of(state) == {}
    market = snapshot("100.00")
    frames = {
        frame: Frame.model_validate({**known.model_dump(), "version": f"v-{frame}"})
        for frame, known in market.frames.items()
    }
    state.market_data = market.model_copy(update={"frames": frames})
    assert pins_of(state) == {("ACME", frame): f"v-{frame}" for frame in frames}
