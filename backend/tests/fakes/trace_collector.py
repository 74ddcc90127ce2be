"""A collector of OpenTelemetry spans: the HTTP protocol, kept in memory."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fixtures.waiting import until


class TraceCollector:
    """Listens on a free port; `spans` is what arrived, with the name of the service."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for(self, wanted: Callable[[list[tuple[str, Span]]], bool]) -> list[tuple[str, Span]]:
        """Return all spans once `wanted` is satisfied with them."""
        until(
            lambda: wanted(self.spans),
            lambda: f"more spans than {[(s, span.name) for s, span in self.spans]}",
        )
        return list(self.spans)

    def _take(self, request: ExportTraceServiceRequest) -> None:
        for group in request.resource_spans:
            attributes = {item.key: item.value.string_value for item in group.resource.attributes}
            for scope in group.scope_spans:
                self.spans += [(attributes["service.name"], span) for span in scope.spans]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
