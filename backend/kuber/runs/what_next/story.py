"""What happened to a trade, in plain sentences. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from kuber.exchange.units import from_amount, from_instant, from_price, from_quantity
from kuber.kernel.money import quantize
from kuber.market.actions.types import ratio_text
from kuber.market.types import Timeframe
from kuber.runs.summary import plain, price
from kuber.runs.what_next.following import Following
from kuber.trading.management.outcome import Outcome, PlayedFill

_MOMENT = timedelta(microseconds=1)
"""A day that ends at midnight is the day before."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Fills of one kind of exit at one time and price."""

    leg: str
    at: int
    price: int
    quantity: int
    splits: int
    """How many splits there had been."""


def story_of(following: Following, timeframe: Timeframe, currency: str) -> list[str]:
    """Return the course of a trade as sentences, oldest first."""
    outcome = following.outcome
    if not following.bars:
        return ["No data after: no bar followed in these prices."]
    lines = [*_exits(following, timeframe)]
    if outcome.ambiguities:
        times = "one bar" if outcome.ambiguities == 1 else f"{outcome.ambiguities} bars"
        lines.append(f"Stop and target may both have been reached within {times}: the stop counts.")
    lines.append(_end(following, timeframe, currency))
    return lines


def exits_of(outcome: Outcome, following: Following) -> list[Exit]:
    """Return the exits, fills of the same kind, time and price together."""
    found: dict[tuple[str, int, int], Exit] = {}
    for fill in outcome.fills:
        leg = kind_of(fill)
        before = found.get((leg, fill.at, fill.price))
        quantity = fill.quantity + (before.quantity if before else 0)
        splits = sum(split.at <= fill.at for split in following.splits)
        found[leg, fill.at, fill.price] = Exit(leg, fill.at, fill.price, quantity, splits)
    return list(found.values())


def kind_of(fill: PlayedFill) -> str:
    """Return the leg of a fill as people know it: the stop of either part is the stop."""
    role, _, number = fill.leg.partition("_")
    if role == "target":
        return f"target_{number}"
    return "stop" if role == "stop" else "close"


def _exits(following: Following, timeframe: Timeframe) -> Iterator[str]:
    outcome = following.outcome
    plan, exits = outcome.position.plan, exits_of(outcome, following)
    events: list[tuple[int, str]] = [
        (
            split.at,
            f"A split of {ratio_text(split.ratio)} took effect on {_day(split.at, timeframe)}.",
        )
        for split in following.splits
    ]
    left = following.quantity
    splits, trimmed = 0, False
    for one in exits:
        for split in following.splits[splits : one.splits]:
            left = left * split.ratio.numerator // split.ratio.denominator
        splits = one.splits
        done = "sold" if plan.long else "bought back"
        what = _share(one.quantity, left, first=not trimmed and one is exits[0])
        line = f"{_why(one.leg, trimmed=trimmed)} on {_day(one.at, timeframe)}: {what} {done} at"
        line += f" {price(from_price(one.price))}"
        left -= one.quantity
        trimmed = trimmed or (one.leg == "target_1" and left > 0)
        if one.leg == "target_1" and left > 0:
            line += ", stop moved to break-even"
        events.append((one.at, f"{line}."))
    for _, line in sorted(events, key=lambda event: event[0]):
        yield line


def _why(leg: str, *, trimmed: bool) -> str:
    match leg:
        case "target_1" | "target_2":
            return f"Target {leg[-1]} was reached"
        case "stop":
            return f"The stop{' at break-even' if trimmed else ''} was reached"
    return f"The price stood beyond the stop{' at break-even' if trimmed else ''}"


def _share(quantity: int, left: int, *, first: bool) -> str:
    if quantity >= left:
        return "all" if first else "the rest"
    if quantity * 2 == left and first:
        return "half"
    return f"{plain(from_quantity(quantity))} of {plain(from_quantity(left))}"


def _end(following: Following, timeframe: Timeframe, currency: str) -> str:
    outcome = following.outcome
    profit = quantize(from_amount(outcome.profit), 2)
    result = f"{'Profit' if profit >= 0 else 'Loss'} {abs(profit):,f} {currency}"
    result += f" after commissions, {outcome.r:.2f} R."
    if outcome.ended_at is not None:
        return result
    assert following.last_at is not None, "there were bars"
    assert following.last is not None, "there were bars"
    held = plain(from_quantity(outcome.position.held))
    line = (
        f"Still open at the end of the data on {_day(following.last_at, timeframe)}: {held} held,"
        f" last price {price(from_price(following.last))}."
    )
    return f"{line} Closed so far: {result[0].lower()}{result[1:]}" if outcome.fills else line


def _day(at: int, timeframe: Timeframe) -> str:
    moment = from_instant(at)
    if timeframe.intraday:
        return f"{moment:%-d %B %Y} at {moment:%H:%M} UTC"
    return f"{moment - _MOMENT:%-d %B %Y}"
