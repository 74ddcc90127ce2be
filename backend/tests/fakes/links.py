"""A TCP connection that falls silent without being closed, as behind a firewall that forgot it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Link:
    """Passes bytes between clients and one server while `open` is set; holds them otherwise."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._passing: set[asyncio.Task[None]] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.port = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        for source, target in ((reader, there_writer), (there_reader, writer)):
            passing = asyncio.create_task(self._pass(source, target))
            self._passing.add(passing)
            passing.add_done_callback(self._passing.discard)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(65536):
                await self.open.wait()
                target.write(piece)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    async def close(self) -> None:
        for passing in self._passing:
            passing.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)


@asynccontextmanager
async def link_to(server_port: int) -> AsyncIterator[Link]:
    """Open a link to a server on 127.0.0.1."""
    link = Link(server_port)
    server = await link.serve()
    try:
        yield link
    finally:
        server.close()
        await link.close()
