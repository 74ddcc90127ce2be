"""When the body of a request arrives: waited for, or given up."""

import asyncio
from collections import deque

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive


async def arrived(receive: Receive, most_bytes: int) -> Receive:
    """Return `receive` once the body is here, or `most_bytes` of it."""
    messages: deque[Message] = deque()
    size, more = 0, True
    while more and size <= most_bytes:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        more = message.get("more_body", False)

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return again


def within(seconds: float, receive: Receive) -> Receive:
    """Return `receive` with an end for the body: 408 when it has not arrived by then."""
    ends_at = asyncio.get_running_loop().time() + seconds
    arrived = False

    async def timely() -> Message:
        nonlocal arrived
        if arrived:
            return await receive()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        arrived = not message.get("more_body", False)
        return message

    return timely
