"""Files of bars over HTTP: preview, correct, import, undo, and what is refused."""

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fakes.minute_files import LARGE, minutes

IMPORTS = "/api/v1/market/imports"
PREVIEW = f"{IMPORTS}/preview"
HEADER = "symbol,date,open,high,low,close,volume\n"
BARS = (HEADER + "ZZZ,2024-01-02,1,2,1,2,10\nZZZ,2024-01-03,1,2,1,2,10\n").encode()
MARKET = "/api/v1/market/bars"


def file(content: bytes, name: str = "bars.csv") -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, content, "text/csv")}


async def closes(client: httpx.AsyncClient) -> list[str]:
    query = {"symbol": "ZZZ", "timeframe": "1d"}
    return [one["close"] for one in (await client.get(MARKET, params=query)).json()["items"]]


async def test_a_file_is_previewed_corrected_imported_and_undone(ann: httpx.AsyncClient) -> None:
    made = await ann.post(PREVIEW, files=file(BARS), data={"timeframe": "1h"})
    assert made.status_code == 201, made.text
    view = made.json()
    assert (view["status"], view["problems"][0]["code"]) == ("refused", "wrong_timeframe")
    where = f"{IMPORTS}/{view['id']}"
    corrected = await ann.put(where, json={"timeframe": "1d"})
    assert corrected.status_code == 200, corrected.text
    view = corrected.json()
    assert (view["status"], view["checked"], view["bars"], view["symbols"]) == (
        *("previewed", True, 2, ["ZZZ"]),
    )
    assert view["first_bars"][0]["opened_at"] == "2024-01-02T14:30:00Z"
    assert view["understood"]["timeframe"] == {"value": "1d", "how": "said"}
    other = await ann.post(IMPORTS, data={"preview_id": view["id"], "sha256": "0" * 64})
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "other_file")
    chosen = {"preview_id": view["id"], "sha256": view["sha256"]}
    done = await ann.post(IMPORTS, data=chosen)
    assert done.status_code == 201, done.text
    assert (done.json()["status"], done.json()["bars"]) == ("done", 2)
    again = await ann.post(IMPORTS, data=chosen)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "import_state")
    assert (await ann.put(where, json={})).status_code == 409
    assert (await ann.get(where)).json()["status"] == "done"
    listed = (await ann.get(IMPORTS)).json()["items"]
    assert [(one["id"], one["status"]) for one in listed] == [(view["id"], "done")]
    assert (await ann.delete(where)).status_code == 204
    assert (await ann.get(where)).json()["status"] == "undone"
    assert "ZZZ" not in (await ann.get("/api/v1/market/symbols", params={"query": "ZZZ"})).text


async def test_the_order_of_doubtful_dates_is_asked_and_kept(ann: httpx.AsyncClient) -> None:
    doubtful = BARS.replace(b"2024-01-02", b"09/11/2023").replace(b"2024-01-03", b"10/11/2023")
    refused = await ann.post(IMPORTS, files=file(doubtful), data={"timeframe": "1d"})
    assert refused.status_code == 422, refused.text
    [problem] = refused.json()["errors"]
    assert (problem["field"], problem["code"]) == ("date_order", "doubtful_dates")
    said = {"timeframe": "1d", "timezone": "GMT+2"}
    view = (await ann.post(PREVIEW, files=file(doubtful), data=said)).json()
    assert (view["status"], view["problems"][0]["field"]) == ("refused", "date_order")
    assert view["said"]["timezone"] == "UTC+02:00"
    asked = {**view["said"], "date_order": "day_first"}
    view = (await ann.put(f"{IMPORTS}/{view['id']}", json=asked)).json()
    assert (view["status"], view["problems"]) == ("previewed", [])
    assert view["understood"]["date_order"] == {"value": "day_first", "how": "said"}
    chosen = {"preview_id": view["id"], "sha256": view["sha256"]}
    done = (await ann.post(IMPORTS, data=chosen)).json()
    assert done["from"].startswith("2023-11-09")


async def test_an_import_of_somebody_else_is_unknown(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    view = (await ann.post(PREVIEW, files=file(BARS), data={"timeframe": "1d"})).json()
    where = f"{IMPORTS}/{view['id']}"
    assert (await bob.get(where)).status_code == 404
    assert (await bob.put(where, json={})).status_code == 404
    assert (await bob.delete(where)).status_code == 404
    stolen = await bob.post(IMPORTS, data={"preview_id": view["id"], "sha256": view["sha256"]})
    assert stolen.status_code == 404
    assert (await bob.get(IMPORTS)).json()["items"] == []
    assert (await ann.get(where)).json()["status"] == "previewed"


async def test_a_large_file_is_accepted_and_cannot_be_started_before_it_is_checked(
    ann: httpx.AsyncClient,
) -> None:
    content = minutes(LARGE)
    accepted = await ann.post(IMPORTS, files=file(content), data={"timeframe": "1m"})
    assert (accepted.status_code, accepted.json()["status"]) == (202, "queued")
    assert (await ann.get(f"{IMPORTS}/{accepted.json()['id']}")).json()["progress"] == 0
    view = (await ann.post(PREVIEW, files=file(content))).json()
    assert (view["status"], view["checked"], view["timeframe"]) == ("checking", False, "1m")
    early = await ann.post(IMPORTS, data={"preview_id": view["id"], "sha256": view["sha256"]})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "import_state")
    assert "Wait until it is checked" in early.json()["errors"][0]["remedy"]


async def test_a_large_file_may_come_without_saying_its_length(ann: httpx.AsyncClient) -> None:
    content = minutes(LARGE)
    assert len(content) > 10_500_000
    whole = ann.build_request("POST", IMPORTS, files=file(content), data={"timeframe": "1m"})
    body = whole.read()

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 500_000):
            yield body[at : at + 500_000]

    answer = await ann.post(
        IMPORTS, content=chunks(), headers={"Content-Type": whole.headers["content-type"]}
    )
    assert (answer.status_code, answer.json().get("status")) == (202, "queued"), answer.text


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("bars.csv", BARS)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bars.zip", zipped(), "unknown_format"),
        ("bars.csv", b"PK\x03\x04\0\0", "not_text"),
        ("bars.xlsx", zipped(), "unknown_format"),
        ("bars.parquet", BARS, "unknown_format"),
        ("bars.csv", b"", "empty_file"),
        ("bars.csv", b"\xff\xfe\x00", "not_utf8"),
        ("bars.csv", b"what is this?\n", "missing_column"),
    ],
)
async def test_files_that_hold_no_bars_are_refused_in_words(
    ann: httpx.AsyncClient, name: str, content: bytes, code: str
) -> None:
    sent: dict[str, Any] = {"files": file(content, name), "data": {"timeframe": "1d"}}
    refused = await ann.post(IMPORTS, **sent)
    assert refused.status_code == 422, refused.text
    previewed = await ann.post(PREVIEW, **sent)
    assert (previewed.status_code, previewed.json()["status"]) == (201, "refused")
    for told in (refused.json()["errors"], previewed.json()["problems"]):
        assert code in {one["code"] for one in told}
        assert all(one["message"] and one["remedy"] for one in told)


async def test_nothing_sent_and_nonsense_said_are_refused_by_field(
    ann: httpx.AsyncClient,
) -> None:
    nothing = await ann.post(IMPORTS, data={"timeframe": "1d"})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "file")
    for field, value in (
        *(("timezone", "Mars/Base"), ("market", "MOON"), ("label", "middle")),
        *(("timeframe", "7m"), ("symbol", "no such thing")),
    ):
        refused = await ann.post(
            IMPORTS,
            files=file(BARS.replace(b"symbol", b"x")),
            data={"timeframe": "1d", field: value},
        )
        assert refused.status_code == 422, (field, refused.text)
        assert field in {str(one["field"]).split(".")[-1] for one in refused.json()["errors"]}
    for cursor in ("x", "bm8"):
        assert (await ann.get(IMPORTS, params={"cursor": cursor})).status_code in (400, 422)
