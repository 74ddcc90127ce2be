"""A year of minutes: from its upload to bars that runs read, its preview, and runs meanwhile.

The floors are `polars.read_csv` of the same file, and COPY of the same rows into a table like that
of the bars. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import httpx
import polars as pl
import psutil
import psycopg

from benchmarks.stack import Stack, running_stack
from kuber.infra.children import ChildPool
from kuber.kernel.clock import SystemClock
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.importer import CHILD_MEMORY_MB, FileImporter
from kuber.market.importing.passes import check, rows
from kuber.market.importing.said import Said
from kuber.market.types import Source, Timeframe

BARS = 525_600
HUGE_BYTES = 2_000_000_000
ROUNDS = 3
RUNS = 200
PREVIEWS = 5
TARGET_S, TARGET_MB, TARGET_PREVIEW_MS, TARGET_P99 = 10, 400, 500, 1.1
AS_OF = "2009-05-14T21:00:00Z"
SAID = Said(Timeframe.M1)
_NICENESS = 10
_HEADER = "symbol,time,open,high,low,close,volume\n"
_TABLE = "create temp table floor (like bars including all)"
_COPY = """
    copy floor (series_id, opened_at, closed_at, open, high, low, close, volume, adj_close)
    from stdin (format csv)
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="kuber-bench-") as folder, running_stack() as stack:
        year, huge = Path(folder) / "year.csv", Path(folder) / "huge.csv"
        _write(year)
        shutil.copy(year, huge)
        os.truncate(huge, HUGE_BYTES)  # the rest takes no room on the disk
        asyncio.run(_measure(stack, year, huge))


async def _measure(stack: Stack, year: Path, huge: Path) -> None:
    read_s = statistics.median(_read_s(year) for _ in range(ROUNDS))
    copy_s = statistics.median(_copy_s(stack, _copied(year)) for _ in range(ROUNDS))
    async with httpx.AsyncClient(base_url=stack.url, timeout=600) as client:
        await stack.sign_up(client)
        async with _peak_of_children(stack) as peak:
            imports_s = [await _import_s(client, year) for _ in range(ROUNDS)]
        print(f"{BARS:,} minute bars, 37 MB")
        import_s = statistics.median(imports_s)
        print(f"imported in            {import_s:8.2f} s     target {TARGET_S} s")
        print(f"memory of the child    {peak[0] / 1e6:8.0f} MB    target {TARGET_MB} MB")
        print(f"polars.read_csv        {read_s:8.2f} s     ratio {import_s / read_s:.1f}")
        print(f"COPY of the same rows  {copy_s:8.2f} s     ratio {import_s / copy_s:.1f}")
        for name, path in (("37 MB", year), ("2 GB", huge)):
            looked_ms = await _look_ms(path)
            print(f"first preview, {name:<6}  {looked_ms:8.0f} ms    target {TARGET_PREVIEW_MS} ms")
        await _print_runs(stack, client, year)


async def _print_runs(stack: Stack, client: httpx.AsyncClient, year: Path) -> None:
    pipeline = await _pipeline(client)
    await _runs_ms(stack, client, pipeline, RUNS // 10)  # warms caches
    alone: list[float] = []
    beside: list[float] = []
    ratios = []
    for _ in range(ROUNDS):  # in turns: whatever else the machine does meets both
        without = await _runs_ms(stack, client, pipeline, RUNS)
        with _importing(stack.url, client.headers["Authorization"], year):
            meanwhile = await _runs_ms(stack, client, pipeline, RUNS)
        alone, beside = alone + without, beside + meanwhile
        ratios.append(_p99(meanwhile) / _p99(without))
        await _until_idle(stack)
    for name, times in (("without an import", alone), ("beside an import", beside)):
        print(f"run {name:<18} {statistics.median(times):8.1f} ms    p99 {_p99(times):.1f} ms")
    spread = f"{min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds"
    print(
        f"p99 beside / without   {_p99(beside) / _p99(alone):8.2f}       target {TARGET_P99}"
        f"   ({spread})"
    )


def _write(path: Path) -> None:
    start = datetime(2023, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write(_HEADER)
        for at in range(BARS):
            time_ = (start + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
            low = 40_000 + at % 977
            file.write(
                f"BTCUSD,{time_},{low}.25,{low + at % 31 + 1}.5,{low}.1,{low}.75,{at % 997}.5\n"
            )


def _read_s(path: Path) -> float:
    began = time.perf_counter()
    pl.read_csv(path, try_parse_dates=True)
    return time.perf_counter() - began


def _copied(path: Path) -> list[bytes]:
    *_, facts = check(path.name, path, SAID)
    assert isinstance(facts, FileFacts)
    series = {one.symbol: uuid4() for one in facts.symbols}
    parts: Iterator[int | bytes] = rows(path.name, path, SAID, Source.IMPORTED, series)
    return [part for part in parts if isinstance(part, bytes)]


def _copy_s(stack: Stack, parts: list[bytes]) -> float:
    with psycopg.connect(stack.database_url) as database:
        database.execute(_TABLE)
        began = time.perf_counter()
        with database.cursor() as cursor, cursor.copy(_COPY) as copy:
            for part in parts:
                copy.write(part)
        database.commit()
        return time.perf_counter() - began


async def _import_s(client: httpx.AsyncClient, path: Path) -> float:
    """Return the seconds from the upload to bars that are read."""
    began = time.perf_counter()
    with path.open("rb") as file:
        answer = await client.post(
            "/api/v1/market/imports",
            files={"file": (path.name, file, "text/csv")},
            data={"timeframe": SAID.timeframe},
        )
    view = answer.raise_for_status().json()
    while view["status"] not in ("done", "failed"):
        await asyncio.sleep(0.05)
        where = f"/api/v1/market/imports/{view['id']}"
        view = (await client.get(where)).raise_for_status().json()
    if view["status"] != "done":
        raise RuntimeError(f"The import failed: {view['problems']}")
    return time.perf_counter() - began


@contextmanager
def _importing(url: str, authorization: str, path: Path) -> Iterator[None]:
    """Import file after file meanwhile: in a process of its own, as the work of whoever sends a
    file must not be taken for Kuber's."""
    process = get_context("spawn").Process(
        target=_import_for_ever, args=(url, authorization, path), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _import_for_ever(url: str, authorization: str, path: Path) -> None:
    async def work() -> None:
        headers = {"Authorization": authorization}
        async with httpx.AsyncClient(base_url=url, timeout=600, headers=headers) as client:
            while True:
                await _import_s(client, path)

    os.nice(_NICENESS)
    asyncio.run(work())


async def _until_idle(stack: Stack) -> None:
    """Return when no import is at work any more."""
    at_work = "select 1 from bar_imports where status in ('checking', 'queued', 'loading')"
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as database:
        while await (await database.execute(at_work)).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _peak_of_children(stack: Stack) -> AsyncIterator[list[int]]:
    """Give the most memory that a child with a file held: a list of one number of bytes."""
    peak = [0]

    async def watch() -> None:
        parent = psutil.Process(stack.services["services"])
        while True:
            for child in parent.children(recursive=True):
                try:
                    peak[0] = max(peak[0], child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        watching.cancel()


async def _look_ms(path: Path) -> float:
    """Return the milliseconds to look at a file that has arrived, in a child that is warm."""
    children = ChildPool(
        "bench",
        processes=1,
        waiting=1,
        time_limit_s=60,
        memory_mb=CHILD_MEMORY_MB,
        keep_warm=True,
    )
    importer, times = FileImporter(children), []
    try:
        for _ in range(PREVIEWS):
            began = time.perf_counter()
            facts = await importer.look_at(path.name, path, Said(), "bench", SystemClock().now())
            times.append((time.perf_counter() - began) * 1000)
            assert not facts.whole, "only its ends were looked at"
    finally:
        await children.close()
    return statistics.median(times[1:])


async def _pipeline(client: httpx.AsyncClient) -> str:
    body = {"name": "Beside imports", "template": "golden-cross"}
    answer = await client.post("/api/v1/pipelines", json=body)
    pipeline: str = answer.raise_for_status().json()["id"]
    return pipeline


async def _runs_ms(
    stack: Stack, client: httpx.AsyncClient, pipeline: str, count: int
) -> list[float]:
    """Return the milliseconds of runs one after another, each to its durable end."""
    times = []
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as database:
        for seed in range(count):
            began = time.perf_counter()
            answer = await client.post(
                f"/api/v1/pipelines/{pipeline}/run",
                json={"symbol": "AAPL", "as_of": AS_OF, "seed": seed},
            )
            run = answer.raise_for_status().json()["execution_id"]
            ended = "select 1 from runs where id = %s and finished_at is not null"
            while not await (await database.execute(ended, [run])).fetchone():  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            times.append((time.perf_counter() - began) * 1000)
    return times


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


if __name__ == "__main__":
    main()
