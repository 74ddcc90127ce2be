"""What tests do with scanners over HTTP, and what dispatchers are told of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg


async def make(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/scanners", json={"name": "Mine", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def get(client: httpx.AsyncClient, scanner: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/scanners/{scanner['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refresh(client: httpx.AsyncClient, scanner: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/scanners/{scanner['id']}/refresh")
    assert answer.status_code == 200, answer.text
    fresh: dict[str, Any] = answer.json()
    return fresh


async def refusal(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/scanners", json={"name": "Mine", **body})
    assert answer.status_code == 422, answer.text
    first: dict[str, Any] = answer.json()["errors"][0]
    assert first["remedy"]
    return first


@asynccontextmanager
async def notices(database_url: str) -> AsyncIterator[Callable[[], list[str]]]:
    """What a dispatcher is told while the block runs."""
    heard: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listening:
        await listening.execute("listen kuber_subscriptions")
        listening.add_notify_handler(lambda notice: heard.append(notice.payload))

        def so_far() -> list[str]:
            return heard

        yield so_far
        await listening.execute("select 1")  # what has arrived is handed over with the answer
