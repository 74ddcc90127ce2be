"""The order service: from intent to fill, from a quote to its exit, and how fast it is halted.

Positions in instruments that nobody else knows, so that the feed is not in the way; their prices
come by NOTIFY, as the feed's do. Coins, because they trade day and night: the monitor holds their
stops and targets. Floors in the same run: single rows committed one by one, and COPY of the rows of
intents. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import psutil
import psycopg

from benchmarks.bench_runs import AS_OF, BACKLOG, pipelines_of, post_run
from benchmarks.stack import Stack, running_stack
from benchmarks.trading_floor import Ears, TradingFloor, Wanted

RESTING = 2_000
SYMBOLS, POSITIONS, ACCOUNTS = 500, 10_000, 20
QUOTES_PER_S, SECONDS, EXITS_PER_S = 500, 20, 20
TOLD_EACH_S = 0.02
"""How often prices are told: as the feed does, several in one message."""
HALTED_PER_S, HALTED_S = 200, 6
STOP, TARGET = "99", "101"
"""In each instrument one position has its stop near the price, one its target, the others none."""
PRICED = tuple(f"P{number:03d}USD" for number in range(SYMBOLS))
QUIET = tuple(f"Q{number:03d}USD" for number in range(200))
RUNNERS = 8
TOGETHER = 1_000
_ROUNDS = "select (detail->>'rounds')::int from service_beats where service = 'orders'"


@dataclass
class Rounds:
    """What the order service did in a while; `late_s` is by how much the prices came late."""

    seconds: float = 0
    count: int = 0
    cpu_s: float = 0
    late_s: float = 0

    def __str__(self) -> str:
        each = self.cpu_s / max(self.count, 1) * 1000
        return (
            f"{self.count / self.seconds:.1f} rounds/s, {each:.1f} ms CPU each,"
            f" {self.cpu_s / self.seconds:.0%} of a core; prices {self.late_s:.2f} s late"
        )


@dataclass(frozen=True)
class Exits:
    """From a price to the order of its exit, and from the next price to the fill; in ms."""

    ordered_ms: list[float]
    filled_ms: list[float]
    rounds: Rounds


@dataclass
class Figures:
    """What was measured; times in ms."""

    floor: list[float] = field(default_factory=list)
    filled: list[float] = field(default_factory=list)
    resting_per_s: float = 0
    copied_per_s: float = 0
    opened_per_s: float = 0
    exits: dict[str, Exits] = field(default_factory=dict)
    runs_per_s: float = 0
    before: int = 0
    late: int = 0
    last_ms: float = 0


def main() -> None:
    """Measure and print."""
    with running_stack() as stack:
        _print(asyncio.run(_measure(stack)))


async def _measure(stack: Stack) -> Figures:
    figures = Figures()
    connect = psycopg.AsyncConnection.connect
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=120) as client,
        await connect(stack.database_url, autocommit=True) as database,
        await connect(stack.database_url, autocommit=True) as listener,
    ):
        await stack.sign_up(client)
        me = (await client.get("/api/v1/users/me")).raise_for_status().json()["id"]
        floor = await TradingFloor(database, UUID(me)).open(ACCOUNTS)
        ears = Ears()
        listening = asyncio.create_task(ears.listen(listener))
        try:
            figures.floor = await _single_rows(floor)
            figures.filled = await _idle(floor, ears)
            figures.resting_per_s, figures.copied_per_s = await _rest(floor, ears)
            figures.opened_per_s = await _positions(floor, ears)
            figures.exits["alone"] = await _exits(stack, floor, ears, "98")
            _, pipelines = await pipelines_of(client, BACKLOG)
            running = asyncio.create_task(_run(client, pipelines))
            figures.exits["while runs drain"] = exits = await _exits(stack, floor, ears, "102")
            running.cancel()
            runs = await floor.count("select count(*) from runs where status = 'succeeded'")
            figures.runs_per_s = runs / exits.rounds.seconds
            figures.before, figures.late, figures.last_ms = await _halted(floor, ears)
        finally:  # or its connection would be waited for
            listening.cancel()
    return figures


async def _single_rows(floor: TradingFloor) -> list[float]:
    """Return how long commits of one small row take."""
    await floor.connection.execute("create table bench_rows (id int, text text)")
    took = []
    for number in range(len(QUIET)):
        began = time.perf_counter()
        await floor.connection.execute("insert into bench_rows values (%s, 'row')", (number,))
        took.append(time.perf_counter() - began)
    return _ms(took)


async def _idle(floor: TradingFloor, ears: Ears) -> list[float]:
    """Return how long an intent takes to its fill, with a price as soon as it is at the venue."""
    await floor.open_positions([Wanted(symbol) for symbol in QUIET], ears)
    took = []
    for symbol in QUIET:
        await asyncio.sleep(0.01)
        one = Wanted(symbol)
        began = await floor.intend([one])
        await ears.heard("taken", [one.id])
        await floor.quote({symbol: "100"})
        took.append(await ears.heard("fill", [one.id]) - began)
    return _ms(took)


async def _rest(floor: TradingFloor, ears: Ears) -> tuple[float, float]:
    """Return limit orders a second from their commit until they rest, and rows copied a second."""
    wanted = [_resting(number) for number in range(RESTING)]
    began = await floor.intend(wanted)
    taken = await ears.heard("taken", [one.id for one in wanted]) - began
    await floor.connection.execute("create table bench_orders (like orders including all)")
    again = [_resting(number) for number in range(RESTING)]
    began = time.perf_counter()
    await floor.copy("bench_orders", again)
    return RESTING / taken, RESTING / (time.perf_counter() - began)


def _resting(number: int) -> Wanted:
    return Wanted(QUIET[number % len(QUIET)], price="99.9", rests=True)


async def _positions(floor: TradingFloor, ears: Ears) -> float:
    """Open the positions; return how many were filled a second."""
    near = [Wanted(symbol, stop=STOP) for symbol in PRICED]
    near += [Wanted(symbol, targets=(TARGET,)) for symbol in PRICED]
    others = [Wanted(PRICED[number % SYMBOLS]) for number in range(POSITIONS - len(near))]
    wanted, took_s = near + others, 0.0
    for first in range(0, POSITIONS, TOGETHER):  # an intent that waits for a minute is too late
        took_s += await floor.open_positions(wanted[first : first + TOGETHER], ears)
    return POSITIONS / took_s


async def _exits(stack: Stack, floor: TradingFloor, ears: Ears, reaching: str) -> Exits:
    """Send prices, some of which are `reaching` a stop or a target; once such an exit is ordered,
    send the price that fills it."""
    ears.at["exit"].clear()
    waiting = list(PRICED[: EXITS_PER_S * SECONDS])
    every = QUOTES_PER_S // EXITS_PER_S
    told_at: dict[str, float] = {}
    each = round(QUOTES_PER_S * TOLD_EACH_S)
    async with _filling(stack, ears, reaching) as asked_at, _watched(stack, floor) as rounds:
        began = time.perf_counter()
        for number in range(0, QUOTES_PER_S * SECONDS, each):
            await asyncio.sleep(max(0.0, began + number / QUOTES_PER_S - time.perf_counter()))
            prices = {}
            for one in range(number, number + each):
                prices[PRICED[one % SYMBOLS]] = f"100.0{one // SYMBOLS % 10}"
            reached = [waiting.pop() for one in range(number, number + each) if one % every == 0]
            prices |= dict.fromkeys(reached, reaching)
            at = await floor.quote(prices)
            told_at |= dict.fromkeys(reached, at)
        rounds.late_s = time.perf_counter() - began - SECONDS
        async with asyncio.timeout(60):
            while len(asked_at) < len(told_at):  # noqa: ASYNC110  asked by another task
                await asyncio.sleep(0.1)
        await ears.heard("fill", asked_at)
    ordered = {key.partition(":")[2]: at for key, at in ears.at["exit"].items()}
    return Exits(
        _ms([ordered[symbol] - at for symbol, at in told_at.items()]),
        _ms([ears.at["fill"][order] - at for order, at in asked_at.items()]),
        rounds,
    )


@asynccontextmanager
async def _filling(stack: Stack, ears: Ears, price: str) -> AsyncIterator[dict[str, float]]:
    """Send the price again for each exit that is heard; yields when, by order."""
    asked_at: dict[str, float] = {}

    async def fill() -> None:
        async with await psycopg.AsyncConnection.connect(
            stack.database_url, autocommit=True
        ) as connection:
            other = TradingFloor(connection, uuid4())
            while True:
                for key in list(ears.at["exit"]):
                    order, _, symbol = key.partition(":")
                    if order not in asked_at:
                        asked_at[order] = await other.quote({symbol: price})
                await asyncio.sleep(0.002)

    filling = asyncio.create_task(fill())
    try:
        yield asked_at
    finally:
        filling.cancel()


@asynccontextmanager
async def _watched(stack: Stack, floor: TradingFloor) -> AsyncIterator[Rounds]:
    """Yield what the order service does within the block, told after it."""
    process, rounds = psutil.Process(stack.services["orders"]), Rounds()
    cpu_s, count, began = _cpu_s(process), await floor.count(_ROUNDS), time.perf_counter()
    yield rounds
    rounds.seconds = time.perf_counter() - began
    rounds.cpu_s = _cpu_s(process) - cpu_s
    rounds.count = await floor.count(_ROUNDS) - count


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _run(client: httpx.AsyncClient, pipelines: Sequence[str]) -> None:
    """Start runs, as many as the stack takes, until cancelled."""

    async def start(mine: Sequence[str]) -> None:
        while True:
            for pipeline in mine:
                with suppress(httpx.HTTPError):
                    await post_run(client, pipeline, AS_OF)

    await asyncio.gather(*(start(pipelines[number::RUNNERS]) for number in range(RUNNERS)))


async def _halted(floor: TradingFloor, ears: Ears) -> tuple[int, int, float]:
    """Halt while intents come. Return how many were taken before, how many after the halt, and
    the ms from it to the last one (negative: so long before it)."""
    before = len(ears.order)
    halted_s = 0.0
    began = time.perf_counter()
    for number in range(HALTED_PER_S * HALTED_S):
        await asyncio.sleep(max(0.0, began + number / HALTED_PER_S - time.perf_counter()))
        if number % HALTED_PER_S == 0:
            await floor.quote(dict.fromkeys(QUIET, "100"))
        await floor.intend([_resting(number)])
        if number == HALTED_PER_S * HALTED_S // 2:
            halted_s = await floor.halt()
    await ears.heard("halted", [""])
    await asyncio.sleep(1)
    heard = ears.order[before:]
    at = heard.index(("halted", ""))
    taken = [(n, ears.at["taken"][key]) for n, (kind, key) in enumerate(heard) if kind == "taken"]
    late = sum(n > at for n, _ in taken)
    await floor.release()
    return len(taken) - late, late, (max(time for _, time in taken) - halted_s) * 1000


def _ms(seconds: Sequence[float]) -> list[float]:
    return [one * 1000 for one in seconds]


def _print(figures: Figures) -> None:
    floor = statistics.median(figures.floor)
    _line("floor: one small row committed", figures.floor, "", floor)
    _line("intent to fill, idle", figures.filled, "target p99 20", floor)
    for beside, exits in figures.exits.items():
        print(f"{POSITIONS:,} positions, {QUOTES_PER_S} quotes/s, {beside}: {exits.rounds}")
        _line("  price to exit ordered", exits.ordered_ms, "target p99 250", floor)
        _line("  next price to its fill", exits.filled_ms, "", floor)
    print(f"runs beside                     {figures.runs_per_s:8.1f} /s")
    ratio = figures.resting_per_s / figures.copied_per_s
    print(f"durable limit orders            {figures.resting_per_s:8.1f} /s")
    print(f"floor: COPY of their rows       {figures.copied_per_s:8.1f} /s   ratio {ratio:.4f}")
    print(f"positions, intent to fill       {figures.opened_per_s:8.1f} /s")
    print(
        f"halted at {HALTED_PER_S}/s: {figures.before} taken before, {figures.late} after;"
        f" the last {figures.last_ms:.1f} ms after the switch (target 1000)"
    )


def _line(what: str, took_ms: Sequence[float], target: str, floor_ms: float) -> None:
    p50, p99 = statistics.median(took_ms), statistics.quantiles(took_ms, n=100)[98]
    print(
        f"{what:30} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms   p50 to the floor {p50 / floor_ms:6.1f}"
        f"   ({len(took_ms)} measured) {target}"
    )


if __name__ == "__main__":
    main()
