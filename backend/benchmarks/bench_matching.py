"""Matching: the book of the simulated exchange beside a public engine and a bare loop.

The course has 100,000 orders of a thousand users: limits, market orders, stops, every time in
force, reservations, fees, cancels and quotes. The peers (PyPI's `lightmatchingengine`, and a loop
of dicts, deques and heaps) know limit orders alone: they match 100,000 of those, which the book
matches too, for the ratio. Then one instrument with 10,000 resting orders, of which a tenth are
stops, takes 1,000 quotes. Prints figures and ratios; exits 0 whatever they are.
"""

import gc
import random
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from heapq import heappop, heappush

from lightmatchingengine.lightmatchingengine import LightMatchingEngine

from kuber.exchange.behaviour import IDEAL
from kuber.exchange.book import Book
from kuber.exchange.events import Cancel, Filled, In, Quote, Submit
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.types import NewOrder, Spec
from kuber.exchange.units import AMOUNT_ONE, PRICE_ONE, QUANTITY_ONE
from kuber.kernel.orders import OrderType, Side, TimeInForce

ORDERS = 100_000
USERS = 1_000
RESTING = 10_000
QUOTES = 1_000
TICK = PRICE_ONE // 100
MIDDLE = 10_000
SPREAD = 60
"""Ticks around the middle, in which limits lie."""
TARGET_RATIO = 1.0
SPEC = Spec(tick=TICK, lot=QUANTITY_ONE)
PAYING = replace(IDEAL, fees=FeeSchedule(per_share=PRICE_ONE // 200, minimum=AMOUNT_ONE))

Limit = tuple[bool, int, int, int]
"""Whether it buys, its price in ticks, its quantity, its user."""


def limits(seed: int = 7) -> list[Limit]:
    """Return limit orders around one price."""
    dice = random.Random(seed)  # noqa: S311
    return [
        (
            dice.random() < 0.5,
            MIDDLE + dice.randint(-SPREAD, SPREAD),
            dice.randint(1, 100),
            dice.randrange(USERS),
        )
        for _ in range(ORDERS)
    ]


def order(number: int, limit: Limit, at: int) -> NewOrder:
    """Return a limit order for the book; each side of a user has an account, so that none flips."""
    buys, price, quantity, user = limit
    return NewOrder(
        id=f"o{number}",
        account=f"{user}{buys}",
        owner=str(user),
        spec=SPEC,
        behaviour=IDEAL,
        side=Side.BUY if buys else Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=quantity * QUANTITY_ONE,
        at=at,
        effective_at=at,
        draw_key=f"o{number}",
        limit_price=price * TICK,
        crossing=True,
    )


def course() -> list[In]:
    """Return everything that a day brings: 100,000 orders, a cancel and a quote for every tenth."""
    dice = random.Random(11)  # noqa: S311
    events: list[In] = []
    times = [*[TimeInForce.GTC] * 6, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK]
    kinds = [OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.STOP]
    for number, limit in enumerate(limits()):
        at = number * 1_000
        kind = kinds[number % 4]
        events.append(
            Submit(
                (
                    replace(
                        order(number, limit, at),
                        behaviour=PAYING,
                        type=kind,
                        time_in_force=dice.choice(times),
                        limit_price=limit[1] * TICK if kind is OrderType.LIMIT else None,
                        stop_price=limit[1] * TICK if kind is OrderType.STOP else None,
                        expires_at=at + 5_000_000,
                        reserved=dice.randint(50, 20_000) * AMOUNT_ONE,
                        crossing=number % 2 == 0,
                    ),
                )
            )
        )
        if number % 10 == 0:
            events.append(Cancel(f"o{max(number - dice.randint(1, 500), 0)}", at))
            events.append(_quote(at, MIDDLE + dice.randint(-20, 20), 500))
    return events


def _quote(at: int, middle: int, size: int) -> Quote:
    shown = size * QUANTITY_ONE
    return Quote(at, middle * TICK, (middle - 1) * TICK, (middle + 1) * TICK, shown, shown)


def play_course(events: list[In]) -> int:
    """Apply the whole course; return how many fills it had."""
    book = Book()
    return sum(isinstance(one, Filled) for event in events for one in book.apply(event))


def play_limits(orders: list[NewOrder]) -> int:
    """Match plain limits in the book; return the shares that were traded."""
    book, traded = Book(), 0
    for one in orders:
        for answer in book.apply(Submit((one,))):
            if isinstance(answer, Filled) and answer.order == one.id:
                traded += answer.quantity
    return traded // QUANTITY_ONE


def play_peer(orders: list[Limit]) -> int:
    """Match plain limits in the public engine, which lets users trade with themselves."""
    engine, traded = LightMatchingEngine(), 0
    for buys, price, quantity, _ in orders:
        placed, _ = engine.add_order("X", price, quantity, 1 if buys else 2)
        traded += placed.cum_qty
    return traded


def play_bare(orders: list[Limit]) -> int:
    """Match plain limits with as little as it takes: no ids, no users, no answers."""
    levels: tuple[dict[int, deque[int]], dict[int, deque[int]]] = ({}, {})
    heaps: tuple[list[int], list[int]] = ([], [])
    traded = 0
    for buys, price, quantity, _ in orders:
        mine, other = (0, 1) if buys else (1, 0)
        sign = 1 if buys else -1
        left = quantity
        heap, rows = heaps[other], levels[other]
        while left and heap and heap[0] <= sign * price:
            row = rows[heap[0]]
            taken = min(left, row[0])
            left -= taken
            traded += taken
            row[0] -= taken
            if not row[0]:
                row.popleft()
                if not row:
                    del rows[heappop(heap)]
        if left:
            key = -sign * price
            row_of_mine = levels[mine].get(key)
            if row_of_mine is None:
                row_of_mine = levels[mine][key] = deque()
                heappush(heaps[mine], key)
            row_of_mine.append(left)
    return traded


def resting_book() -> Book:
    """Return a book with 10,000 orders far from the price, every tenth a stop."""
    book, dice = Book(), random.Random(3)  # noqa: S311
    book.apply(_quote(0, MIDDLE, 100))
    for number in range(RESTING):
        buys = number % 2 == 0
        away = dice.randint(30, 2_000)
        stop = number % 10 == 0
        price = MIDDLE + (away if buys is stop else -away)
        one = replace(order(number, (buys, price, 10, number), 0), crossing=False)
        if stop:
            one = replace(one, type=OrderType.STOP, stop_price=one.limit_price, limit_price=None)
        book.apply(Submit((one,)))
    return book


def quotes_of_a_second() -> list[Quote]:
    """Return a walk of the price that now and then reaches a resting order."""
    dice = random.Random(5)  # noqa: S311
    middle, found = MIDDLE, []
    for number in range(QUOTES):
        middle += dice.randint(-3, 3)
        found.append(_quote(1 + number * 1_000, middle, 100))
    return found


def play_quotes() -> tuple[list[float], int]:
    """Return the seconds that each quote took, and on how many the book acted."""
    book, taken, acted = resting_book(), [], 0
    for quote in quotes_of_a_second():
        began = time.perf_counter()
        if book.acts_on(quote):
            book.apply(quote)
            acted += 1
        taken.append(time.perf_counter() - began)
    return taken, acted


def timed(*works: Callable[[], int]) -> list[tuple[float, int]]:
    """Return for each work its best time of three in seconds, and what it returned.

    They take turns, so that a slow minute of the machine slows all of them.
    """
    best = [(float("inf"), 0) for _ in works]
    for _ in range(3):
        for number, work in enumerate(works):
            gc.collect()
            began = time.perf_counter()
            answer = work()
            best[number] = (min(best[number][0], time.perf_counter() - began), answer)
    return best


def main() -> None:
    """Measure and print."""
    plain, events = limits(), course()
    orders = [order(number, limit, 0) for number, limit in enumerate(plain)]
    (whole, fills), (own, shares), (peer, peers_shares), (bare, bare_shares) = timed(
        lambda: play_course(events),
        lambda: play_limits(orders),
        lambda: play_peer(plain),
        lambda: play_bare(plain),
    )
    assert peers_shares == bare_shares, "both know the same rules"
    assert 0.9 < shares / bare_shares < 1.1, "users who pass themselves by change little"
    print(f"the whole course, {fills:,} fills     {ORDERS / whole:10,.0f} orders/s")
    print(f"plain limits                        {ORDERS / own:10,.0f} orders/s")
    print(f"peer: lightmatchingengine, the same {ORDERS / peer:10,.0f} orders/s", end="")
    print(f"   book to peer {peer / own:.2f}   target {TARGET_RATIO}")
    print(f"floor: bare loop, the same          {ORDERS / bare:10,.0f} orders/s", end="")
    print(f"   book to floor {bare / own:.3f}")
    print(f"the whole course to plain limits    {own / whole:10.2f}")
    taken, acted = play_quotes()
    share = sum(taken)  # seconds of one second
    middle = statistics.median(taken) * 1e6
    worst = statistics.quantiles(taken, n=100)[-1] * 1e6
    print(f"1,000 quotes a second on {RESTING:,} resting orders, acted on {acted}:")
    print(f"  of one core {share:.1%}, p50 {middle:.1f} us, p99 {worst:.0f} us")


if __name__ == "__main__":
    main()
