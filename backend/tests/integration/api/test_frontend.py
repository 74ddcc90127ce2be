"""The browser app is served with the right lifetimes, and nothing beside it."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from kuber.api.app import create_app
from kuber.api.frontend import takes_gzip
from tests.fakes.api_container import AccountsContainer, browser, opener

INDEX = "<!doctype html><title>Kuber</title>" + "<!-- -->" * 300


@pytest.fixture
async def app(accounts: AccountsContainer, tmp_path: Path) -> AsyncIterator[FastAPI]:
    built = tmp_path / "browser"
    (built / "media").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "main-ABCD1234.js").write_text("let x = 1;\n" * 400)
    (built / "favicon.svg").write_text("<svg/>")
    (built / "media" / "roboto-ZXCV5678.woff2").write_bytes(b"font")
    (tmp_path / "secret.txt").write_text("hush")
    (built / "link.txt").symlink_to(tmp_path / "secret.txt")
    accounts.settings.frontend_dir = built
    application = create_app(opener(accounts))
    async with application.router.lifespan_context(application):
        yield application


async def test_every_address_of_the_app_gets_its_page_and_no_cache_keeps_it(
    client: httpx.AsyncClient,
) -> None:
    symbols = ("/symbols/BRK.B", "/symbols/%5EGSPC", "/symbols/ES1!", "/symbols/BTC%2FUSD")
    for path in ("/", "/pipelines", "/executions/0199-abc", "/index.html", "/apiary", *symbols):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, INDEX), path
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"


async def test_files_with_a_hash_are_kept_for_ever_and_others_for_an_hour(
    client: httpx.AsyncClient,
) -> None:
    for path, lifetime, kind in (
        ("/main-ABCD1234.js", "public, max-age=31536000, immutable", "text/javascript"),
        ("/media/roboto-ZXCV5678.woff2", "public, max-age=31536000, immutable", "font/woff2"),
        ("/favicon.svg", "public, max-age=3600", "image/svg+xml"),
    ):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == lifetime
        assert answer.headers["content-type"].split(";")[0] == kind


async def test_text_files_travel_compressed(app: FastAPI) -> None:
    async with browser(app) as client, client.stream("GET", "/main-ABCD1234.js") as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw).startswith(b"let x")
    async with browser(app, **{"accept-encoding": "identity"}) as client:
        plain = await client.get("/main-ABCD1234.js")
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        (["gzip"], True),
        (["br, GZIP;q=0.5"], True),
        (["br", "gzip ; q=1.000"], True),
        (["*"], True),
        (["x-gzip"], True),
        (["identity, *;q=0.1"], True),
        (["gzip;q=0"], False),
        (["br, gzip; q=0.000, *"], False),
        (["*;q=0"], False),
        (["identity"], False),
        (["notgzip"], False),
        (["gzip;q=much"], False),
        (["gzip;q=nan"], False),
        ([""], False),
        ([], False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accepted: list[str], compressed: bool) -> None:
    assert takes_gzip(accepted) is compressed


async def test_the_head_of_a_file_has_no_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_nothing_outside_the_app_can_be_reached(app: FastAPI) -> None:
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/media/..%2f..%2fsecret.txt",
        "//etc/passwd.txt",
        "/link.txt",
        "/a%00.txt",
        "/" + "a" * 5000 + ".txt",
    ):
        async with browser(app) as client:
            answer = await client.send(
                httpx.Request("GET", httpx.URL("http://127.0.0.1", raw_path=path.encode()))
            )
        assert answer.status_code == 404, path
        assert "hush" not in answer.text


async def test_missing_files_and_unknown_api_addresses_are_not_the_app(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/chunk-GONE1234.js", "/api/v1/nothing", "/api", "/api/"):
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.post("/pipelines")).status_code == 404
