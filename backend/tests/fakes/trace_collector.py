"""A collector of OpenTelemetry spans: the HTTP protocol, kept in memory."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


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

    def wait_for(
        self, wanted: Callable[[list[tuple[str, Span]]], bool], timeout_s: float = 20
    ) -> list[tuple[str, Span]]:
        """Return all spans once `wanted` is satisfied with them."""
        deadline = time.monotonic() + timeout_s
        while not wanted(self.spans):
            assert time.monotonic() < deadline, [(s, span.name) for s, span in self.spans]
            time.sleep(0.05)
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
