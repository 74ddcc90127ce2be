"""T25 and limits: the one way out, against a server that means no good."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from kuber.infra.addresses import IpAddress
from kuber.infra.outbound import (
    AddressRefused,
    AnswerTooLarge,
    BadAnswer,
    NoAnswer,
    OutboundClient,
    OutboundLimits,
)
from kuber.kernel.backoff import Backoff
from tests.fakes.list_server import ListServer, list_server, message, redirect, tls_pair

LOCAL = (ip_network("127.0.0.1/32"),)
QUICK = OutboundLimits(
    connect_s=0.5, read_s=0.3, total_s=2, size_bytes=10_000, attempts=2, backoff=Backoff(0.01, 0.01)
)


class Names:
    """A name server under a stranger's control: each look-up takes the next of its answers."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[IpAddress]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return tuple(map(ip_address, found.split()))


@pytest.fixture
async def server() -> AsyncIterator[ListServer]:
    async with list_server() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(QUICK, trusted_networks=LOCAL)
    yield opened
    await opened.close()


@pytest.fixture
async def strict() -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(QUICK)
    yield opened
    await opened.close()


async def test_an_answer_comes_whole_with_its_type(
    server: ListServer, client: OutboundClient
) -> None:
    server.answer(["AAPL"], Content_Type="application/json")
    got = await client.get(server.url)
    assert (got.content, got.content_type) == (b'["AAPL"]', "application/json")
    assert "accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "tickers",
        "",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com:0/",
        "https://example.com:70000/",
        "https://exa\nmple.com/",
        "https://example.com/" + "a" * 2000,
        "https://localhost/",
        "https://LOCALHOST./",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://100.64.0.1/",
    ],
)
async def test_t25_a_url_that_its_spelling_rules_out_is_refused_with_a_remedy(
    strict: OutboundClient, url: str
) -> None:
    with pytest.raises(AddressRefused) as refused:
        await strict.get(url)
    assert (refused.value.kind, refused.value.code) == ("invalid", "address_refused")
    assert refused.value.problems[0].remedy.startswith("Use ")


@pytest.mark.parametrize(
    "addresses", ["127.0.0.1", "10.1.2.3", "8.8.8.8 192.168.0.1", "::ffff:8.8.8.8", "fd00::1"]
)
async def test_t25_a_name_is_refused_when_one_of_its_addresses_is_private(addresses: str) -> None:
    client = OutboundClient(QUICK, resolver=Names(addresses))
    with pytest.raises(AddressRefused) as refused:
        await client.get("https://lists.example.com/")
    assert addresses.rsplit(maxsplit=1)[-1] not in refused.value.detail, (
        "no map of the inner network"
    )
    await client.close()


async def test_t25_plain_http_stays_refused_outside_the_trusted_networks(
    client: OutboundClient,
) -> None:
    with pytest.raises(AddressRefused, match="Only https"):
        await client.get("http://8.8.8.8/")
    named = OutboundClient(QUICK, resolver=Names("8.8.8.8"), trusted_networks=LOCAL)
    with pytest.raises(AddressRefused, match="Only https"):
        await named.get("http://lists.example.com/")
    await named.close()


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706434/",
        "https://10.0.0.1/",
        "https://localhost/",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
        "//[::1]/",
    ],
)
async def test_t25_a_redirect_is_checked_like_the_first_address(
    server: ListServer, client: OutboundClient, location: str
) -> None:
    server.answers = [redirect(location.format(port=server.port))]
    with pytest.raises(AddressRefused):
        await client.get(server.url)
    assert len(server.requests) == 1


async def test_three_redirects_are_followed_and_a_fourth_is_not(
    server: ListServer, client: OutboundClient
) -> None:
    hops = [redirect("/a"), redirect("b", "307 Temporary Redirect"), redirect(server.url)]
    server.answers = [*hops, message(b"[]")]
    assert (await client.get(server.url)).content == b"[]"
    assert [line.split()[1] for line in server.requests] == ["/tickers", "/a", "/b", "/tickers"]
    server.answers = [redirect("/again")]
    with pytest.raises(BadAnswer, match="more than 3 times"):
        await client.get(server.url)
    assert len(server.requests) == 8


async def test_t25_the_checked_address_is_connected_to_whatever_the_name_says_next(
    server: ListServer,
) -> None:
    names = Names("127.0.0.1", "127.0.0.9")
    client = OutboundClient(QUICK, resolver=names, trusted_networks=LOCAL)
    got = await client.get(f"http://lists.example.com:{server.port}/")
    assert got.content == b'["AAPL","MSFT"]'
    assert names.asked == ["lists.example.com"], "looked up once"
    assert f"host: lists.example.com:{server.port}" in server.requests[0].lower()
    with pytest.raises(AddressRefused):
        await client.get(f"http://lists.example.com:{server.port}/")
    await client.close()


async def test_t25_a_name_that_turns_private_between_two_hops_is_refused(
    server: ListServer,
) -> None:
    client = OutboundClient(QUICK, resolver=Names("127.0.0.1", "127.0.0.9"), trusted_networks=LOCAL)
    server.answers = [redirect("/again")]
    with pytest.raises(AddressRefused):
        await client.get(f"http://lists.example.com:{server.port}/")
    assert len(server.requests) == 1
    await client.close()


async def test_the_next_address_is_tried_when_one_does_not_answer(server: ListServer) -> None:
    networks = (ip_network("127.0.0.0/8"),)
    client = OutboundClient(
        QUICK, resolver=Names("127.0.0.77 127.0.0.1"), trusted_networks=networks
    )
    assert (await client.get(f"http://lists.example.com:{server.port}/")).content
    await client.close()


async def test_t25_the_certificate_is_checked_for_the_name_and_not_for_the_address(
    tmp_path: Path,
) -> None:
    serving, trusting = tls_pair(tmp_path, "lists.example.com")
    client = OutboundClient(
        QUICK, resolver=Names("127.0.0.1"), trusted_networks=LOCAL, ssl_context=trusting
    )
    async with list_server(serving) as server:
        got = await client.get(f"https://lists.example.com:{server.port}/")
        assert got.content == b'["AAPL","MSFT"]'
        assert server.server_names == ["lists.example.com"]
        with pytest.raises(BadAnswer, match="certificate"):
            await client.get(f"https://other.example.com:{server.port}/")
        assert len(server.requests) == 1
    await client.close()


@pytest.mark.parametrize("announced", [True, False])
async def test_an_oversized_answer_is_dropped_while_it_comes(
    server: ListServer, client: OutboundClient, announced: bool
) -> None:
    if announced:
        server.answers = [message(b"x" * 10_001)]
    else:
        server.answers = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"]
        server.endless = b"x" * 4096
    with pytest.raises(AnswerTooLarge) as refused:
        await client.get(server.url)
    assert refused.value.code == "answer_too_large"
    assert len(server.requests) == 1, "a large answer is not asked for again"


async def test_an_answer_in_drops_ends_at_the_total_time(server: ListServer) -> None:
    limits = OutboundLimits(read_s=0.3, total_s=0.4)
    client = OutboundClient(limits, trusted_networks=LOCAL)
    server.answers, server.endless = [b"HTTP/1.1 200 OK\r\n\r\n"], b"x"
    with pytest.raises(NoAnswer, match="in time"):
        await client.get(server.url)
    await client.close()


async def test_a_silent_server_is_asked_again_and_then_given_up(
    server: ListServer, client: OutboundClient
) -> None:
    server.before_s = 5
    with pytest.raises(NoAnswer, match="in time") as refused:
        await client.get(server.url)
    assert refused.value.code == "no_answer"
    assert len(server.requests) == QUICK.attempts


async def test_a_busy_server_is_asked_again(server: ListServer, client: OutboundClient) -> None:
    server.answers = [message(b"", "503 Service Unavailable"), message(b'["AAPL"]')]
    assert (await client.get(server.url)).content == b'["AAPL"]'


@pytest.mark.parametrize(
    "answer",
    [
        message(b"", "404 Not Found"),
        message(b"", "401 Unauthorized"),
        message(b"", "304 Not Modified"),
        message(b"\x1f\x8b", Content_Encoding="gzip"),
    ],
)
async def test_an_answer_that_says_no_is_not_asked_for_again(
    server: ListServer, client: OutboundClient, answer: bytes
) -> None:
    server.answers = [answer]
    with pytest.raises(BadAnswer):
        await client.get(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_broken_answer_is_none(
    server: ListServer, client: OutboundClient, answer: bytes
) -> None:
    server.answers = [answer]
    with pytest.raises(NoAnswer):
        await client.get(server.url)


async def test_a_host_that_nobody_knows_is_named(client: OutboundClient) -> None:
    async def nobody(_host: str, _port: int) -> Sequence[IpAddress]:
        raise OSError

    lost = OutboundClient(QUICK, resolver=nobody)
    with pytest.raises(NoAnswer, match=r"lists\.example\.com cannot be found"):
        await lost.get("https://lists.example.com/")
    await lost.close()


async def test_no_cookie_is_kept(server: ListServer, client: OutboundClient) -> None:
    server.answers = [message(b"[]", Set_Cookie="who=you; Path=/")]
    await asyncio.gather(client.get(server.url))
    await client.get(server.url)
    assert "cookie" not in server.requests[1].lower()
