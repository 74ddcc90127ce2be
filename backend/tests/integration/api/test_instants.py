"""Digits are not taken for seconds since 1970, wherever a request says a time."""

import httpx
import pytest

from kuber.kernel.ids import new_id


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("market/bars?symbol=AAPL&timeframe=1d&", "start"),
        ("market/bars?symbol=AAPL&timeframe=1d&", "end"),
        ("market/symbols/AAPL?", "as_of"),
        ("costs?", "from"),
        ("events?", "since"),
    ],
)
@pytest.mark.parametrize("digits", ["20260601", "2026"])
async def test_a_query_says_its_times_in_iso_8601(
    ann: httpx.AsyncClient, path: str, name: str, digits: str
) -> None:
    answer = await ann.get(f"/api/v1/{path}{name}={digits}")
    _is_refused(answer, name)


@pytest.mark.parametrize("digits", ["20260915", "2026", 2026, 1789482600.5])
async def test_a_body_says_its_times_in_iso_8601(
    ann: httpx.AsyncClient, digits: str | float
) -> None:
    answer = await ann.post(
        f"/api/v1/pipelines/{new_id()}/run",
        json={"symbol": "AAPL", "as_of": digits},
        headers={"Idempotency-Key": str(new_id())},
    )
    _is_refused(answer, "as_of")


def _is_refused(answer: httpx.Response, name: str) -> None:
    assert answer.status_code == 422, answer.text
    item = answer.json()["errors"][0]
    assert item["field"] == name
    assert item["code"] == "instant_format"
    assert "2026-09-15T14:30:00Z" in item["message"]
    assert item["remedy"]
