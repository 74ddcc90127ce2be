"""Random questions of several processes: the answers are those of asking the provider directly."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.market.calendars import calendar_for
from kuber.market.providers.answers import bars_of_version
from kuber.market.providers.fetching import frame_of, last_close, raw_bars, start_of
from kuber.market.types import Bars, Timeframe, to_datetime64
from tests.fakes.bars import same
from tests.fakes.giving_provider import ASKED, HOUR, Giving, Process, figures, hour
from tests.fakes.memory_answers import MemoryAnswers

QUESTIONS = 60
FRAMES = (Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1)


@dataclass
class World:
    """A provider that gets its bars with delays, and three processes that answer for it."""

    dice: random.Random
    slow: bool
    corrects: bool
    clock: FixedClock = field(default_factory=lambda: FixedClock(hour(700)))

    def __post_init__(self) -> None:
        self.giving = Giving()
        store = MemoryAnswers()
        self.processes = [Process(store, self.clock, self.giving) for _ in range(3)]
        self.coming: list[tuple[datetime, int]] = []
        ready = hour(0)
        for number in range(1200):
            if self.dice.random() < 0.2:
                continue
            delay = self.dice.random() ** 6 * 8 * HOUR if self.slow else 0 * HOUR
            ready = max(ready, hour(number + 1) + delay)
            self.coming.append((ready, number))
        self.deliver()

    def deliver(self) -> None:
        while self.coming and self.coming[0][0] <= self.clock.now():
            number = self.coming.pop(0)[1]
            self.giving.has[hour(number)] = figures(number)

    def go_on(self) -> None:
        self.clock.advance(timedelta(seconds=11 + self.dice.random() ** 3 * 20_000))
        self.deliver()
        if self.corrects and self.dice.random() < 0.2:
            at = self.dice.choice(list(self.giving.has))
            self.giving.has[at] = [one * 1.01 for one in self.giving.has[at]]

    async def ask(self) -> tuple[tuple[Timeframe, datetime, int], Bars]:
        back = self.dice.random() ** 3 * 600 * HOUR
        as_of = self.clock.now() - self.dice.choice([timedelta(0), back, -back])
        count = int(1 + self.dice.random() ** 3 * 300)
        timeframe = self.dice.choice(FRAMES)
        found = await self.dice.choice(self.processes).bars(as_of, count, timeframe)
        return (timeframe, min(as_of, self.clock.now()), count), found

    async def directly(self, timeframe: Timeframe, as_of: datetime, count: int) -> Bars:
        calendar = calendar_for(ASKED.traits.calendar)
        start = start_of(calendar, timeframe, as_of, count)
        newest = last_close(calendar, ASKED.fetched, as_of)
        times, table = await self.giving.fetch(start, newest)
        raw = raw_bars(ASKED.traits, ASKED.fetched, ASKED.source, times, table)
        raw = raw.only(raw.bars.closed_at <= to_datetime64(newest))
        return frame_of(raw, ASKED.traits.calendar, timeframe, as_of, count)


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("seed", range(8))
async def test_answers_are_those_of_asking_directly(seed: int, slow: bool) -> None:
    world = World(random.Random(seed), slow, corrects=False)
    for _ in range(QUESTIONS):
        question, found = await world.ask()
        assert same(found, await world.directly(*question)), question
        world.go_on()


@pytest.mark.parametrize("seed", range(8))
async def test_a_version_gives_the_same_bars_for_ever(seed: int) -> None:
    world = World(random.Random(seed), slow=True, corrects=True)
    told: list[tuple[tuple[Timeframe, datetime, int], Bars]] = []
    for _ in range(QUESTIONS):
        question, found = await world.ask()
        assert (found.closed_at <= to_datetime64(question[1])).all()
        told.append((question, found))
        world.go_on()
    for (timeframe, as_of, count), found in told:
        store = world.processes[0].store
        again = await bars_of_version(store, found.version, timeframe, as_of, count)
        assert again is not None
        assert same(again, found)
        now = await world.processes[1].bars(as_of, count, timeframe)
        assert same(now, found) or now.version != found.version
