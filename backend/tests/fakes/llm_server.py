"""A real HTTP server that speaks OpenAI's chat completions and does as a test tells it.

    with LlmServer() as server:
        server.script(text("Rising."), fenced({"direction": "BULLISH"}), status(429, retry_after=7))
        ... call the model at server.base_url ...
        assert len(server.requests) == 3

Each request takes the next scripted reply; when the script is used up, `server.otherwise` answers
(a 500 unless a test sets it). Tokens are words, so that a test can count them by hand.
"""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One request that the server received."""

    model: str
    messages: tuple[tuple[str, str], ...]
    body: dict[str, Any]
    authorization: str

    @property
    def prompt(self) -> str:
        return "\n".join(content for _, content in self.messages)

    @property
    def tokens(self) -> int:
        return count_tokens(self.prompt)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    usage: bool = True
    refusal: str | None = None
    finish_reason: str = "stop"
    hang_s: float = 0
    drop: bool = False
    raw: bytes | None = None


Responder = Callable[[LlmRequest], Reply]


def count_tokens(text: str) -> int:
    """Return the tokens this server charges: one for each word."""
    return len(text.split())


def text(content: str) -> Reply:
    return Reply(text=content)


def good(answer: dict[str, Any]) -> Reply:
    return Reply(text=json.dumps(answer))


def fenced(answer: dict[str, Any]) -> Reply:
    return Reply(text=f"```json\n{json.dumps(answer, indent=2)}\n```")


def in_prose(answer: dict[str, Any]) -> Reply:
    return Reply(text=f"Having weighed it all, {json.dumps(answer)} is what I would say.")


def garbage() -> Reply:
    return Reply(text="Lorem ipsum, {not json at all")


def status(code: int, retry_after: int | None = None) -> Reply:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Reply(status=code, headers=headers)


def hangs(seconds: float) -> Reply:
    return Reply(text="too late", hang_s=seconds)


def dropped() -> Reply:
    return Reply(drop=True)


def refusal() -> Reply:
    return Reply(refusal="I cannot help with that.")


def filtered() -> Reply:
    return Reply(text="", finish_reason="content_filter")


def cut_off(content: str) -> Reply:
    return Reply(text=content, finish_reason="length")


def without_usage(answer: dict[str, Any] | str) -> Reply:
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return Reply(text=content, usage=False)


def not_json() -> Reply:
    return Reply(raw=b"<html>It works!</html>")


class LlmServer:
    """The server; listens on a free port of 127.0.0.1 from `start` to `stop`."""

    def __init__(self) -> None:
        self.requests: list[LlmRequest] = []
        self.replies: list[Reply] = []
        self.otherwise: Responder = lambda request: Reply(status=500)
        self.asked = threading.Event()
        """Set when the first request has come in."""
        self.hung = threading.Event()
        """Set when a reply that hangs has hung for its time."""
        self._script: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def input_tokens(self) -> int:
        """Tokens of all prompts that got an answer."""
        answered = zip(self.requests, self.replies, strict=True)
        return sum(request.tokens for request, reply in answered if _charged(reply))

    @property
    def output_tokens(self) -> int:
        return sum(count_tokens(reply.text) for reply in self.replies if _charged(reply))

    def script(self, *replies: Reply) -> None:
        """Append replies to the script, one for each request to come."""
        with self._lock:
            self._script.extend(replies)

    def take(self, request: LlmRequest) -> Reply:
        """Record the request and return its reply."""
        with self._lock:
            reply = self._script.popleft() if self._script else self.otherwise(request)
            self.requests.append(request)
            self.replies.append(reply)
        self.asked.set()
        return reply

    def hang(self, seconds: float) -> None:
        """Wait, at most until the server stops."""
        if not self._closing.wait(seconds):
            self.hung.set()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _charged(reply: Reply) -> bool:
    return reply.status == 200 and not (reply.hang_s or reply.drop or reply.raw)


def _handler_for(server: LlmServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.endswith("/chat/completions"):
                self._send(404, b'{"error": {"message": "no such path"}}', {})
                return
            request = LlmRequest(
                body["model"],
                tuple((turn["role"], turn["content"]) for turn in body["messages"]),
                body,
                self.headers.get("Authorization", ""),
            )
            reply = server.take(request)
            if reply.hang_s:
                server.hang(reply.hang_s)
            if reply.drop:
                self.close_connection = True
                self.connection.close()
                return
            if reply.raw is not None:
                self._send(200, reply.raw, {"Content-Type": "text/html"})
                return
            self._send(reply.status, _body(request, reply), reply.headers)

        def _send(self, code: int, payload: bytes, headers: dict[str, str]) -> None:
            try:
                self.send_response(code)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            return None

    return Handler


def _body(request: LlmRequest, reply: Reply) -> bytes:
    if reply.status != 200:
        return json.dumps({"error": {"message": "rate limit or failure", "code": None}}).encode()
    completion: dict[str, Any] = {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1,
        "model": request.model,
        "choices": [
            {
                "index": 0,
                "finish_reason": reply.finish_reason,
                "message": {
                    "role": "assistant",
                    "content": None if reply.refusal else reply.text,
                    "refusal": reply.refusal,
                },
            }
        ],
    }
    if reply.usage:
        prompt, answer = request.tokens, count_tokens(reply.text)
        completion["usage"] = {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
        }
    return json.dumps(completion).encode()
