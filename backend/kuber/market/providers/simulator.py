"""The seeded market simulator: endless made-up prices that behave like prices.

One minute path per symbol; every other timeframe is resampled from it, so all agree. The path is
made in blocks of four trading weeks, each from its own random stream keyed by seed, symbol and
block, so that any date is reached without the minutes before it. In a block:

1. the block's return: geometric Brownian motion whose drift and volatility follow a Markov chain
   of three regimes (calm, ordinary, turbulent), pulled slowly back to the instrument's level;
2. session returns: log-volatility follows an AR(1) (volatility clusters), pinned at both ends to
   values the neighbouring block shares, and the sum is bridged to the block's return;
3. minutes: an overnight gap, then steps weighted by the time of day, bridged to the session's
   return; ranges and volumes grow with the size of the step.

The arrays are equal, bit for bit, for an equal seed on an equal version of NumPy.
"""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from kuber.kernel.ids import UserId
from kuber.market.calendars import Sessions, TradingCalendar, calendar_for
from kuber.market.instruments import CURRENCIES, Traits, traits_of
from kuber.market.providers.universe import UNIVERSE
from kuber.market.resampling import resample
from kuber.market.series import FrameCache, join, no_bars
from kuber.market.types import (
    Bars,
    FloatArray,
    Instrument,
    Source,
    TimeArray,
    Timeframe,
    to_datetime64,
)

IndexArray = NDArray[np.int64]

FIRST_AT = datetime(2000, 1, 31, tzinfo=UTC)
_BLOCK_WEEKS = 4
_DAYS_A_MONTH = 31
_MINUTE = np.timedelta64(1, "m")
_KEPT_PATHS = 128
_BLOCKS_A_YEAR = 365.25 / (7 * _BLOCK_WEEKS)

_ORDINARY = 1
_DRIFT = np.array([0.6, 0.1, -0.6])
"""By regime: the yearly drift as a multiple of the instrument's yearly volatility."""
_VOLATILITY_FACTOR = np.array([0.75, 1.0, 1.7])
_TRANSITIONS = np.cumsum([[0.86, 0.12, 0.02], [0.14, 0.76, 0.10], [0.04, 0.26, 0.70]], axis=1)
_PULL_A_BLOCK = 0.03
_CLUSTER_MEMORY, _CLUSTER_NOISE = 0.88, 0.16
_OVERNIGHT_GAP = 0.35
_WICK = 0.7
"""How far a minute's wicks reach, in standard deviations of its step."""


class MarketSimulator:
    """Simulated prices behind the provider port, always labelled as simulated."""

    source = Source.SIMULATED

    def __init__(self, seed: int = 7, *, cache_bytes: int = 16 * 2**20) -> None:
        self._seed = seed
        self._frames = FrameCache(cache_bytes)
        self._paths: LRUCache[str, _Path] = LRUCache(_KEPT_PATHS)
        self._making = asyncio.Lock()

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        return self.listed(symbol)

    def listed(self, symbol: str) -> Instrument | None:
        return _instrument(traits_of(symbol)) if symbol in UNIVERSE else None

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        listed = (_instrument(traits_of(one)) for one in sorted(UNIVERSE) if one > after)
        found = (one for one in listed if query in one.symbol or query in one.name.upper())
        return list(islice(found, limit))

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        if symbol not in UNIVERSE:
            return None
        path = await self._path(symbol)
        if timeframe is Timeframe.MO1:  # months lie across the blocks, which are whole weeks
            days = await self.bars(
                user_id, symbol, Timeframe.D1, as_of, (count + 1) * _DAYS_A_MONTH
            )
            assert days is not None
            months = await asyncio.to_thread(resample, days, timeframe, path.calendar)
            return months.closed_by(as_of).last(count)
        last = path.block_at(as_of)
        parts: list[Bars] = []
        missing = count
        for block in range(last, path.first_block - 1, -1):
            if missing <= 0:
                break
            part = await self._block(path, timeframe, block)
            part = part.closed_by(as_of) if block == last else part
            parts.append(part.last(missing))
            missing -= len(part)
        none = no_bars(symbol, timeframe, self.source)
        return join(parts[::-1]) if parts else replace(none, version=path.version)

    async def _path(self, symbol: str) -> "_Path":
        path = self._paths.get(symbol)
        if path is None:
            async with self._making:
                path = self._paths.get(symbol)  # others waited for it as well
                if path is None:
                    path = await asyncio.to_thread(_Path, self._seed, symbol)
                    self._paths[symbol] = path
        return path

    async def _block(self, path: "_Path", timeframe: Timeframe, block: int) -> Bars:
        key = (path.traits.symbol, timeframe, block)
        frame = self._frames.get(key)
        if frame is None:
            if timeframe.span <= Timeframe.H1.span:
                # By a thread: the first look at a symbol takes seconds. One at a time, since a
                # path is made longer while it is looked at.
                async with self._making:
                    frame = self._frames.get(key)
                    if frame is None:
                        frame = await asyncio.to_thread(_made, path, timeframe, block)
                        self._frames.keep(key, frame)
            else:
                hours = await self._block(path, Timeframe.H1, block)
                frame = await asyncio.to_thread(resample, hours, timeframe, path.calendar)
                self._frames.keep(key, frame)
        return frame


def _made(path: "_Path", timeframe: Timeframe, block: int) -> Bars:
    minutes = path.minutes(block)
    if timeframe is Timeframe.M1:
        return minutes
    return resample(minutes, timeframe, path.calendar)


def _instrument(traits: Traits) -> Instrument:
    return Instrument(
        traits.symbol,
        traits.name,
        Source.SIMULATED,
        traits.calendar,
        traits.currency,
        tuple(Timeframe),
        FIRST_AT,
        None,
    )


class _Path:
    """The price path of one symbol: a cheap chain of block levels, minutes on demand."""

    def __init__(self, seed: int, symbol: str) -> None:
        self.traits = traits_of(symbol)
        self.temper = UNIVERSE[symbol]
        self.calendar: TradingCalendar = calendar_for(self.traits.calendar)
        self._key = f"{seed}/{symbol}"
        self.version = f"simulated-{seed}"
        self.first_block = self.block_at(FIRST_AT) + 1
        self._levels: FloatArray = np.empty(0)
        self._regimes: IndexArray = np.empty(0, dtype=np.int64)

    def block_at(self, instant: datetime) -> int:
        """Return the number of the block whose weeks hold `instant`."""
        day = np.array([to_datetime64(instant)]).astype("datetime64[D]")
        return int(self.calendar.week_of(day)[0]) // _BLOCK_WEEKS

    def minutes(self, block: int) -> Bars:
        """Return every minute bar of a block."""
        weeks = block * _BLOCK_WEEKS
        hours = self.calendar.hours_of_weeks(weeks, weeks + _BLOCK_WEEKS)
        counts = ((hours.closes - hours.opens) // _MINUTE).astype(np.int64)
        first = np.cumsum(counts) - counts
        opened_at: TimeArray = np.repeat(hours.opens, counts) + _MINUTE * (
            np.arange(counts.sum()) - np.repeat(first, counts)
        )
        shares = self._minute_shares(opened_at, counts, first)
        noise = self._stream(f"minutes/{block}")
        returns, deviations = self._session_returns(block, counts)
        gaps = self._gap_sizes(hours) * deviations * noise.standard_normal(len(counts))
        minute_deviations = np.repeat(deviations, counts) * np.sqrt(shares)
        steps = minute_deviations * noise.standard_normal(len(shares))
        steps += np.repeat(returns - gaps - np.add.reduceat(steps, first), counts) * shares
        surprise = np.abs(steps) / minute_deviations
        steps[first] += gaps
        closes: FloatArray = np.exp(self._level(block) + np.cumsum(steps))
        opens = np.concatenate(([np.exp(self._level(block))], closes[:-1]))
        opens[first] *= np.exp(gaps)
        wicks = np.abs(noise.standard_normal((2, len(shares)))) * minute_deviations * _WICK
        activity = np.repeat(counts / counts.max(), counts) * shares * (0.4 + surprise)
        volume: FloatArray = (
            self.temper.volume * activity * np.exp(0.4 * noise.standard_normal(len(shares)))
        )
        digits = self.temper.digits
        return Bars(
            self.traits.symbol,
            Timeframe.M1,
            Source.SIMULATED,
            opened_at,
            opened_at + _MINUTE,
            np.round(opens, digits),
            np.round(np.maximum(opens, closes) * np.exp(wicks[0]), digits),
            np.round(np.minimum(opens, closes) * np.exp(-wicks[1]), digits),
            np.round(closes, digits),
            np.ceil(volume),
            self.version,
        )

    def _session_returns(self, block: int, counts: IndexArray) -> tuple[FloatArray, FloatArray]:
        """Return log-return and standard deviation of each session of a block, shape (n,) each."""
        sessions_a_year = len(counts) * _BLOCKS_A_YEAR
        regime = _VOLATILITY_FACTOR[self._regime(block)]
        usual = self.temper.volatility * regime / np.sqrt(sessions_a_year)
        noise = self._stream(f"sessions/{block}")
        heat = np.empty(len(counts) + 1)
        heat[0] = self._heat(block)
        for at, shock in enumerate(noise.standard_normal(len(counts))):
            heat[at + 1] = _CLUSTER_MEMORY * heat[at] + _CLUSTER_NOISE * shock
        heat += np.linspace(0.0, self._heat(block + 1) - heat[-1], len(heat))
        length = np.sqrt(counts / counts.max())
        deviations: FloatArray = usual * length * np.exp(heat[:-1])
        returns = deviations * noise.standard_normal(len(counts))
        weights = deviations**2 / np.sum(deviations**2)
        target = self._level(block + 1) - self._level(block)
        return returns + (target - returns.sum()) * weights, deviations

    def _heat(self, block: int) -> float:
        """Return the log-volatility at the start of a block, which two blocks share."""
        spread = _CLUSTER_NOISE / np.sqrt(1 - _CLUSTER_MEMORY**2)
        return float(spread * self._stream(f"heat/{block}").standard_normal())

    def _gap_sizes(self, hours: Sessions) -> FloatArray:
        """Return the gap before each session as a share of the session's standard deviation."""
        if not self.calendar.clock_aligned:
            return np.full(len(hours.weeks), _OVERNIGHT_GAP)
        closed_before = np.concatenate(([True], hours.opens[1:] > hours.closes[:-1]))
        return np.where(closed_before & (self.traits.calendar == CURRENCIES), _OVERNIGHT_GAP, 0.0)

    def _minute_shares(
        self, opened_at: TimeArray, counts: IndexArray, first: IndexArray
    ) -> FloatArray:
        """Return each minute's share of its session's variance and volume: they sum to 1."""
        if self.calendar.clock_aligned:  # busiest in the London and New York afternoon
            hour = (opened_at - opened_at.astype("datetime64[D]")) / np.timedelta64(1, "h")
            weights = 0.5 + np.exp(-(((hour - 14.0) / 4.0) ** 2))
        else:  # busy at the open and the close
            within = np.arange(counts.sum()) - np.repeat(first, counts)
            place = 2.0 * within / np.repeat(counts, counts) - 1.0
            weights = 1.0 + 2.0 * place**2
        shares: FloatArray = weights / np.repeat(np.add.reduceat(weights, first), counts)
        return shares

    def _level(self, block: int) -> float:
        """Return the log price at the start of a block."""
        self._extend(block)
        return float(self._levels[block - self.first_block])

    def _regime(self, block: int) -> int:
        self._extend(block)
        return int(self._regimes[block - self.first_block])

    def _extend(self, block: int) -> None:
        """Make the chain of blocks reach past `block`; what it held before stays as it was."""
        needed = block - self.first_block + 1
        if needed <= len(self._levels):
            return
        size = max(512, 2 * needed)
        draws = self._stream("regimes").random(size)
        shocks = self._stream("blocks").standard_normal(size)
        self._regimes, self._levels = np.empty(size, dtype=np.int64), np.empty(size)
        regime, deviation, home = _ORDINARY, 0.0, np.log(self.temper.price)
        for at in range(size):
            regime = int(np.searchsorted(_TRANSITIONS[regime, :-1], draws[at], side="right"))
            self._regimes[at], self._levels[at] = regime, home + deviation
            volatility = self.temper.volatility * _VOLATILITY_FACTOR[regime]
            deviation *= 1.0 - _PULL_A_BLOCK
            deviation += _DRIFT[regime] * self.temper.volatility / _BLOCKS_A_YEAR
            deviation += volatility / np.sqrt(_BLOCKS_A_YEAR) * shocks[at]

    def _stream(self, purpose: str) -> np.random.Generator:
        digest = hashlib.blake2b(f"{self._key}/{purpose}".encode(), digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(digest))
