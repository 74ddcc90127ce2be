"""Commands that are a customer of the running stack: they speak HTTP, as the browser does."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import httpx
from pydantic import BaseModel

from kuber.commands import say

_FINISHED = ("succeeded", "failed", "cancelled")
_AT_WORK = ("checking", "queued", "loading")
_POLL_S = 0.2
_UPLOAD_S = 600.0


class Refused(Exception):
    """The API said no; the message tells why and what to do about it."""


class NodeRow(BaseModel):
    """What the table of a run shows of a node."""

    node_id: str
    agent_type: str
    status: str
    runtime_ms: float | None
    cost: str
    error: str | None


class RunResult(BaseModel):
    """What the command prints of a run."""

    id: str
    symbol: str | None
    status: str
    cost: str
    outcome: str | None
    nodes: list[NodeRow]


class ImportNote(BaseModel):
    """A guess that an import made."""

    message: str


class Understood(BaseModel):
    """One thing about a file, and how it is known."""

    value: str
    how: str


class ImportProblem(BaseModel):
    """Why a file is refused."""

    message: str
    remedy: str
    field: str | None
    line: int | None


class SplitFound(BaseModel):
    """A split, and what becomes of it."""

    ratio: str
    origin: str
    use: str


class DividendsFound(BaseModel):
    """How many dividends a file tells of."""

    count: int
    first: str
    last: str


class SymbolFound(BaseModel):
    """What a file tells of one symbol besides its bars."""

    symbol: str
    splits: list[SplitFound]
    dividends: DividendsFound | None


class ImportState(BaseModel):
    """An import or a preview as it stands."""

    id: str
    status: str
    sha256: str
    progress: float
    symbols: list[str]
    bars: int
    notes: list[ImportNote]
    understood: dict[str, Understood]
    found: list[SymbolFound]
    problems: list[ImportProblem]


class ApiClient:
    """A logged-in customer of the API at `url`. Raises Refused when the log-in fails."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
        token = self._send("POST", "/auth/login", json={"email": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def preview_import(
        self, file: Path, said: Mapping[str, str | None], heard: Callable[[ImportState], None]
    ) -> ImportState:
        """Upload a file of bars, with the form's fields that are `said`, and have it checked."""
        fields = {name: value for name, value in said.items() if value}
        with file.open("rb") as content:
            answer = self._send(
                "POST",
                "/market/imports/preview",
                data=fields,
                files={"file": (file.name, content)},
                timeout=_UPLOAD_S,
            )
        return self._waited(ImportState.model_validate(answer.json()), heard)

    def start_import(
        self, preview: ImportState, heard: Callable[[ImportState], None]
    ) -> ImportState:
        """Import a previewed file, and wait until it is done."""
        said = {"preview_id": preview.id, "sha256": preview.sha256}
        self._send("POST", "/market/imports", data=said, timeout=_UPLOAD_S)
        return self._waited(self._import(preview.id), heard)

    def undo_import(self, import_id: str) -> None:
        """Take an import back."""
        self._send("DELETE", f"/market/imports/{import_id}")

    def _import(self, import_id: str) -> ImportState:
        return ImportState.model_validate(self._send("GET", f"/market/imports/{import_id}").json())

    def _waited(self, state: ImportState, heard: Callable[[ImportState], None]) -> ImportState:
        """Wait while somebody works on the import."""
        while state.status in _AT_WORK:
            heard(state)
            time.sleep(_POLL_S)
            state = self._import(state.id)
        return state

    def create_from_template(self, slug: str) -> str:
        """Make a pipeline from the template `slug`; return its id."""
        body = {"name": f"{slug} (command line)", "template": slug}
        return str(self._send("POST", "/pipelines", json=body).json()["id"])

    def run(self, pipeline_id: str, inputs: Mapping[str, str | int]) -> RunResult:
        """Run a pipeline and wait until it has finished."""
        accepted = self._send("POST", f"/pipelines/{pipeline_id}/run", json=dict(inputs))
        path = f"/executions/{accepted.json()['execution_id']}"
        while True:
            result = RunResult.model_validate(self._send("GET", path).json())
            if result.status in _FINISHED:
                return result
            time.sleep(_POLL_S)

    def _send(self, method: str, path: str, **content: object) -> httpx.Response:
        request = self._http.build_request(method, path, **content)  # type: ignore[arg-type]
        try:
            answer = self._http.send(request)
        except httpx.HTTPError as error:
            raise Refused(f"Kuber does not answer: {error}") from error
        if answer.is_error:
            raise Refused(_explain(answer))
        return answer


def show_run(result: RunResult) -> None:
    """Print the nodes of a run and its outcome."""
    say.table(
        ("node", "agent", "status", "time", "cost", "note"),
        [
            (
                node.node_id,
                node.agent_type,
                node.status,
                "-" if node.runtime_ms is None else f"{node.runtime_ms:.1f} ms",
                node.cost,
                node.error or "",
            )
            for node in result.nodes
        ],
    )
    say.line(f"\n{result.status}: {result.outcome or 'no outcome'}")
    say.line(f"cost {result.cost}, execution {result.id}")


def _explain(answer: httpx.Response) -> str:
    if "problem+json" not in answer.headers.get("content-type", ""):
        return f"{answer.request.url.path} answered {answer.status_code}"
    problem = answer.json()
    lines = [problem.get("detail") or problem.get("title", "refused")]
    for item in problem.get("errors", []):
        where = next(
            (f"{key} {item[key]}: " for key in ("line", "node_id", "field") if item.get(key)), ""
        )
        lines.append(f"  {where}{item['message']} {item['remedy']}")
    return "\n".join(lines)
