"""T27: no content type makes an upload read a file, no path reaches another's pipeline."""

from typing import Any
from uuid import UUID

import httpx

IMPORTS = "/api/v1/market/imports"
VICTIM = "/etc/passwd"
BARS = b"symbol,date,open,high,low,close,volume\nZZZ,2024-01-02,1,2,1,2,10\n"


async def test_t27_an_upload_that_is_no_file_reads_no_file(ann: httpx.AsyncClient) -> None:
    attempts: dict[str, dict[str, Any]] = {
        "json": {"json": {"file": VICTIM, "timeframe": "1d"}},
        "form": {"data": {"file": VICTIM, "timeframe": "1d"}},
        "text part": {"files": {"file": (None, VICTIM), "timeframe": (None, "1d")}},
        "file address": {"files": {"file": (None, f"file://{VICTIM}"), "timeframe": (None, "1d")}},
        "no type": {"content": VICTIM.encode()},
        "broken form": {
            "content": b"--x\r\n",
            "headers": {"Content-Type": "multipart/form-data"},
        },
        "odd case": {
            "content": VICTIM.encode(),
            "headers": {"Content-Type": "MULTIPART/form-data; boundary="},
        },
    }
    for name, request in attempts.items():
        answer = await ann.post(IMPORTS, **request)
        assert answer.status_code in (400, 422), (name, answer.text)
        assert "root:" not in answer.text, name
    assert "ZZZ" not in (await ann.get("/api/v1/market/symbols")).text


async def test_t27_the_name_of_an_uploaded_file_is_not_a_path(ann: httpx.AsyncClient) -> None:
    for name in ("../../../../etc/passwd", "/etc/passwd.csv", "a\x00.csv", "..\\..\\x.csv"):
        answer = await ann.post(
            IMPORTS, files={"file": (name, b"not bars", "text/csv")}, data={"timeframe": "1d"}
        )
        assert answer.status_code == 422, name
        assert "root:" not in answer.text
    good = await ann.post(
        IMPORTS, files={"file": ("../bars.csv", BARS, "text/html")}, data={"timeframe": "1d"}
    )
    assert good.status_code == 201, "the content decides, not the declared type"


async def test_t27_odd_paths_do_not_reach_another_persons_pipeline(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    hers = (await ann.post("/api/v1/pipelines", json={"name": "hers-alone"})).json()["id"]
    his = (await bob.post("/api/v1/pipelines", json={"name": "his"})).json()["id"]
    base = "/api/v1/pipelines"
    for path in (
        f"{base}/{his}/../{hers}",
        f"{base}/{his}%2f..%2f{hers}",
        f"{base}/{his}/..;/{hers}",
        f"{base}//{hers}",
        f"/{base}/{hers}",
        f"{base}/{hers}/",
        f"{base}/{hers}%00",
        f"{base}/{hers.upper()}",
        f"{base}/urn:uuid:{hers}",
        f"{base}/{{{hers}}}",
        f"{base}/{UUID(hers).int}",
    ):
        url = httpx.URL("http://127.0.0.1", raw_path=path.encode())
        answer = await bob.send(httpx.Request("GET", url, headers=dict(bob.headers)))
        assert answer.status_code in (404, 405), path
        assert "hers-alone" not in answer.text
