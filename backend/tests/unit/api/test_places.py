"""Places and shares: bounded, in order, and given back whatever happens."""

import asyncio

import pytest

from kuber.api.places import Places, Shares

LONG_S = 60.0


async def test_who_finds_no_place_within_the_wait_is_turned_away() -> None:
    places = Places(1, patience_s=0)
    assert await places.take()
    assert not await places.take()
    places.give()
    assert await places.take()


async def test_a_place_given_back_goes_to_who_waits_longest() -> None:
    places = Places(2, LONG_S)
    assert [await places.take() for _ in range(2)] == [True, True]
    first, second = asyncio.create_task(places.take()), asyncio.create_task(places.take())
    await asyncio.sleep(0)
    places.give()
    assert await first
    assert not second.done()
    places.give()
    assert await second
    third = asyncio.create_task(places.take())
    await asyncio.sleep(0)
    assert not third.done()
    third.cancel()


async def test_no_more_wait_than_there_are_places() -> None:
    places = Places(2, LONG_S)
    assert [await places.take() for _ in range(2)] == [True, True]
    waiting = [asyncio.create_task(places.take()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not await places.take()
    for task in waiting:
        task.cancel()


async def test_who_leaves_while_waiting_takes_no_place_along() -> None:
    places = Places(1, LONG_S)
    await places.take()
    leaving = asyncio.create_task(places.take())
    await asyncio.sleep(0)
    places.give()  # it is theirs now, but they leave before they notice
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await places.take()


def test_each_one_has_a_share_of_their_own() -> None:
    shares = Shares()
    assert shares.take("ann", 2, most=3)
    assert not shares.take("ann", 2, most=3)
    assert shares.take("bob", 3, most=3)
    assert (shares.held("ann"), shares.total) == (2, 5)
    shares.give("ann", 2)
    assert shares.take("ann", 3, most=3)
