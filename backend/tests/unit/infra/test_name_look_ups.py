"""Names that nobody answers for hold up nothing but other names."""

import asyncio
import socket
import threading
from ipaddress import ip_address

import pytest

from kuber.infra.outbound import system_resolver
from tests.fixtures.waiting import LIMIT_S


async def test_a_look_up_uses_no_thread_that_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    names, answered = list[str](), threading.Event()
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))

    def slow(host: str, port: int, **_: object) -> list[object]:
        names.append(threading.current_thread().name)
        answered.wait(2 * LIMIT_S)
        return [entry]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    look_ups = [asyncio.create_task(system_resolver("slow.example.com", 443)) for _ in range(50)]
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), timeout=LIMIT_S) == "done"
    answered.set()
    assert await look_ups[0] == (ip_address("93.184.216.34"),)
    await asyncio.gather(*look_ups)
    assert len(set(names)) <= 4
    assert all(name.startswith("kuber-names") for name in names)
