"""Addresses are written down without secrets, however they were misspelt."""

import logging

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from kuber.api.app import create_app
from kuber.api.concealment import AddressMask, masked_server_logs

SECRET = "tv_s3cret-of-a-source"
SOURCE = "aa4274ba-1951-4aad-a33e-82a84dcfd687"


@pytest.fixture(scope="module")
def mask() -> AddressMask:
    found: AddressMask = create_app(lambda: pytest.fail("not served")).state.address_mask
    return found


@pytest.mark.parametrize(
    "address",
    [
        f"/api/v1/webhooks/{SOURCE}/{SECRET}",
        f"/api/v1/webhook/{SOURCE}/{SECRET}",
        f"/api/v2/webhooks/{SOURCE}/{SECRET}",
        f"//api//v1//webhooks//{SOURCE}//{SECRET}",
        f"/API/V1/WEBHOOKS/{SOURCE.upper()}/{SECRET}",
        f"/api/v1/webhooks/{SOURCE}%2F{SECRET}",
        f"/api/v1/webhooks%252F{SOURCE}%252F{SECRET}",
        f"/api/v1/webhooks/{SOURCE}{SECRET}",
        f"/api/v1/webhooks{SECRET}/{SOURCE}",
        f"/api/v1/webhooks/{SECRET}/{SOURCE}/",
        f"/api/v1/webhooks/{SOURCE}/" + "".join(f"%{ord(one):02X}" for one in SECRET),
        f"/{SECRET}",
        f"/api/v1/webhooks/{SOURCE}?secret={SECRET}",
        f"/api/v1/webhooks/{SOURCE}?{SECRET}",
        f"/api/v1/webhooks/{SOURCE}/{SECRET}?a=b?c=d",
    ],
)
def test_no_spelling_of_an_address_tells_its_secret(mask: AddressMask, address: str) -> None:
    assert "s3cret" not in mask.address(address).lower()


def test_words_of_routes_and_ids_are_kept(mask: AddressMask) -> None:
    assert mask.path(f"/api/v1/pipelines/{SOURCE}/run") == f"/api/v1/pipelines/{SOURCE}/run"
    assert mask.address(f"/api/v1/webhook/{SOURCE}/{SECRET}?x=1") == f"/api/v1/-/{SOURCE}/-?-"


@pytest.mark.parametrize("name", ["uvicorn.access", "uvicorn.error"])
def test_the_servers_own_lines_are_masked_while_it_serves(
    mask: AddressMask,
    name: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for logger in ("uvicorn", name):  # a server that ran before in this process keeps its lines
        monkeypatch.setattr(logging.getLogger(logger), "propagate", True)
    with masked_server_logs(mask), caplog.at_level(logging.INFO, name):
        logging.getLogger(name).info(
            '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "POST", f"/api/v1/x/{SECRET}?a={SECRET}", "1.1",
            404,
        )  # fmt: skip
    assert '"POST /api/v1/-/-?- HTTP/1.1" 404' in caplog.text
    assert SECRET not in caplog.text


def test_a_trace_tells_no_more_than_a_log(mask: AddressMask) -> None:
    told = {
        "http.target": f"/api/v1/webhook/{SOURCE}/{SECRET}",
        "http.url": f"http://kuber.test/api/v1/webhook/{SOURCE}/{SECRET}?secret={SECRET}",
        "url.query": f"secret={SECRET}",
        "http.method": "POST",
    }
    with TracerProvider().get_tracer("test").start_as_current_span("POST", attributes=told) as span:
        mask.trace(span, {"path": f"/api/v1/webhook/{SOURCE}/{SECRET}"})
        assert isinstance(span, ReadableSpan)
        assert SECRET not in str(span.attributes)
        assert (span.attributes or {})["http.target"] == f"/api/v1/-/{SOURCE}/-"
