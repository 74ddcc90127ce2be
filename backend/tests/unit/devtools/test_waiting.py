"""Tests wait for what is meant, and say what did not come."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.fixtures.waiting import DidNotCome, until, until_async


def results(*found: object) -> Iterator[object]:
    yield from found


def test_what_was_found_at_last_is_returned() -> None:
    looks = results(0, [], "it")
    assert until(lambda: next(looks), "a word") == "it"


def test_what_does_not_come_is_named_with_what_the_last_look_found() -> None:
    with pytest.raises(DidNotCome, match=r"three runs: not within 0.05 s, .* found \[\]"):
        until(list, "three runs", within_s=0.05)


def test_how_things_stand_is_asked_when_it_has_not_come() -> None:
    state = {"runs": 0}

    def look() -> bool:
        state["runs"] += 1
        return False

    with pytest.raises(DidNotCome, match=r"[1-9] runs so far"):
        until(look, lambda: f"{state['runs']} runs so far", within_s=0.05)


async def test_a_task_that_waits_lets_others_go_on() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, done.set)
    assert await until_async(done.is_set, "the event")


async def test_an_answer_may_be_awaited() -> None:
    looks = results(0, 7)

    async def look() -> object:
        return next(looks)

    assert await until_async(look, "seven") == 7


async def test_a_look_that_hangs_is_ended_too() -> None:
    with pytest.raises(DidNotCome, match="an answer: not within"):
        await until_async(asyncio.Event().wait, "an answer", within_s=0.05)
