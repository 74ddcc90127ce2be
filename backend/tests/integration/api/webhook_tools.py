"""What the tests of webhooks share: making a source, delivering to it, looking at what came."""

import time
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from prometheus_client import REGISTRY

from tests.fakes.webhook_senders import hmac_headers, standard_headers

ANYWHERE = ["0.0.0.0/0", "::/0"]


@dataclass
class Sender:
    """A system outside that knows the address and the secret of one source."""

    client: httpx.AsyncClient
    source: dict[str, Any]

    @property
    def path(self) -> str:
        return str(httpx.URL(self.source["url"]).path)

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        # As bytes: not every sender keeps to ASCII.
        sent = [
            (name.encode(), value.encode("latin-1"))
            for name, value in {"Authorization": "", **headers}.items()
        ]
        return await self.client.post(self.path, content=body, headers=sent)

    async def deliver(self, body: bytes, nonce: str | None = None, **extra: str) -> httpx.Response:
        """Deliver a body signed as the kind wants it; `nonce` is also the webhook-id."""
        secret, now_s = self.source["secret"], int(time.time())
        match self.source["kind"]:
            case "hmac":
                headers = hmac_headers(secret, body, now_s, nonce)
            case "standard_webhooks":
                headers = standard_headers(secret, body, now_s, nonce)
            case _:
                headers = {"Content-Type": "application/json"}
        return await self.post(body, {**headers, **extra})


async def make_sender(client: httpx.AsyncClient, kind: str = "hmac", **more: Any) -> Sender:
    """Make a source in the name of the person whose client it is."""
    if kind == "tradingview":
        more.setdefault("allowed_networks", ANYWHERE)
    body = {"name": f"My {kind}", "kind": kind, **more}
    made = await client.post("/api/v1/webhook-sources", json=body)
    assert made.status_code == 201, made.text
    return Sender(client, made.json())


async def deliveries_of(sender: Sender) -> list[dict[str, Any]]:
    """Return what is on record of the source, newest first."""
    path = f"/api/v1/webhook-sources/{sender.source['id']}/deliveries"
    answer = await sender.client.get(path, params={"limit": 200})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def outbox(postgres_url: str) -> list[dict[str, Any]]:
    """Return the announced signals that wait for Kafka, oldest first."""
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "select key, payload, headers from outbox where topic = 'signals.raw' order by id"
        ).fetchall()
    return [{"key": row[0], "payload": row[1], "headers": row[2]} for row in rows]


def counted(code: str) -> float:
    """Return how many deliveries the metric has counted under a code."""
    return REGISTRY.get_sample_value("kuber_webhooks_total", {"code": code}) or 0.0
