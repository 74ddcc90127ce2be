"""The one way out: HTTP to addresses that a user gave, which may be anything.

Every hop of a request is checked: scheme, port and host by their spelling, then every address that
the host resolves to. The connection goes to the checked address itself, so that a second answer
of the name server cannot lead elsewhere; the host's name stays in `Host`, in SNI and in the check
of the certificate. Redirects are followed here, one checked hop after another.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address

import httpx
import structlog

from kuber.infra.addresses import IpAddress, IpNetwork, is_public, lies_in, literal_address
from kuber.kernel.backoff import Backoff
from kuber.kernel.errors import KuberError, Problem

_log = structlog.get_logger(__name__)

MAX_URL_LENGTH = 2000
_MOST_ADDRESSES = 3
_LOOK_UPS_AT_ONCE = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 502, 503, 504})
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")

Resolver = Callable[[str, int], Awaitable[Sequence[IpAddress]]]
"""Looks a host up; raises OSError when it has no address."""


class OutboundError(KuberError):
    """Base of what can go wrong with a request to an address that a user gave."""

    code = "outbound_failed"
    title = "The address did not give an answer that can be used"

    def __init__(
        self,
        message: str,
        remedy: str,
        *,
        status: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        """`status` is that of the answer, None when there was none."""
        problem = Problem(message, remedy, code=self.code)
        super().__init__(message, [problem], retry_after_s=retry_after_s)
        self.status = status


class AddressRefused(OutboundError):
    """The URL is not one that Kuber fetches, or leads to an address that it does not touch."""

    code = "address_refused"
    title = "This address cannot be used"


class NoAnswer(OutboundError):
    """The other side cannot be found, did not answer in time, or says that it is busy."""

    code = "no_answer"


class BadAnswer(OutboundError):
    """The answer is an error, a redirect too many, or not encoded plainly."""

    code = "bad_answer"


class AnswerTooLarge(OutboundError):
    """The answer is larger than the limit; nothing of it is kept."""

    code = "answer_too_large"


_BACKOFF = Backoff(first_s=0.25, longest_s=20, jitter=0.5)


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """How much one request may take; `total_s` covers look-up, redirects and retries together."""

    connect_s: float = 5.0
    read_s: float = 10.0
    total_s: float = 20.0
    size_bytes: int = 1_000_000
    redirects: int = 3
    attempts: int = 3
    backoff: Backoff = _BACKOFF


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with status 2xx. `url` is where it came from in the end."""

    url: str
    content: bytes
    content_type: str


async def system_resolver(host: str, port: int) -> Sequence[IpAddress]:
    """Return the addresses of a host as the operating system knows them, best first."""
    # Not in the loop's own threads: names that nobody answers for would hold up everything else.
    found = await asyncio.get_running_loop().run_in_executor(
        _look_ups(), partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    )
    return tuple(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


@cache
def _look_ups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="kuber-names")


class OutboundClient:
    """Fetches what users point at, and nothing else. It keeps no cookies and no connections.

    Only `https` and only public addresses. `trusted_networks` are exceptions for tests: addresses
    in them are reached although private, and over plain `http` too.
    """

    def __init__(
        self,
        limits: OutboundLimits | None = None,
        *,
        resolver: Resolver = system_resolver,
        trusted_networks: Sequence[IpNetwork] = (),
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or OutboundLimits()
        self._resolver = resolver
        self._trusted = tuple(trusted_networks)
        self._http = httpx.AsyncClient(
            # An open connection would be used again for another name at the same address.
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=0),
            timeout=httpx.Timeout(self._limits.read_s, connect=self._limits.connect_s),
            verify=ssl_context or ssl.create_default_context(),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"User-Agent": "Kuber", "Accept": "application/json"},
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    def check(self, url: str) -> httpx.URL:
        """Return the parsed URL; raises AddressRefused for what its spelling alone rules out."""
        if len(url) > MAX_URL_LENGTH:
            raise _refused(f"The address is longer than {MAX_URL_LENGTH} characters.")
        try:
            parsed = httpx.URL(url.strip())
            _ = parsed.host, parsed.port  # read here, because some names fail only when they are
        except (httpx.InvalidURL, ValueError) as error:
            raise _refused("This is not a web address.") from error
        if parsed.scheme != "https" and not (self._trusted and parsed.scheme == "http"):
            raise _refused("Only https addresses are fetched.")
        if not parsed.host or (parsed.port is not None and not 0 < parsed.port < 65_536):
            raise _refused("The address has no host, or a port that does not exist.")
        if parsed.userinfo:
            raise _refused("The address carries a user name or a password.")
        name = parsed.host.lower().rstrip(".")
        literal = literal_address(name)
        if literal is not None:
            self._require_open(parsed, (literal,))
        elif name == "localhost" or name.endswith(_LOCAL_NAMES):
            raise _private(parsed)
        return parsed

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET; asks again, after a pause, when there was none.

        `headers` may hold a secret: a redirect to somewhere else does not get them.
        Raises AddressRefused, NoAnswer, BadAnswer, AnswerTooLarge.
        """
        target = self.check(url)
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._persist(target, headers or {})
        except TimeoutError as error:
            raise _too_slow(target) from error

    async def _persist(self, target: httpx.URL, headers: Mapping[str, str]) -> Answer:
        for attempt in range(1, self._limits.attempts):
            try:
                return await self._follow(target, headers)
            except NoAnswer as error:
                _log.info("outbound_retry", host=target.host, attempt=attempt, reason=error.detail)
            await asyncio.sleep(self._limits.backoff.pause_s(attempt))
        return await self._follow(target, headers)

    async def _follow(self, target: httpx.URL, headers: Mapping[str, str]) -> Answer:
        first = target
        for _ in range(self._limits.redirects + 1):
            with _explained(target):
                response = await self._send(target, headers if _same(target, first) else {})
                try:
                    location = response.headers.get("location")
                    if response.status_code not in _REDIRECTS or location is None:
                        return await self._read(target, response)
                finally:
                    await response.aclose()
                target = self._next(target, location)
        raise BadAnswer(
            f"The address redirects more than {self._limits.redirects} times.",
            "Give the address that answers itself.",
        )

    def _next(self, target: httpx.URL, location: str) -> httpx.URL:
        try:
            joined = target.join(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise BadAnswer(
                f"{target.host} redirects to what is no address.",
                "Give the address that answers itself.",
            ) from error
        return self.check(str(joined))

    async def _send(self, target: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Open the answer of one hop from the first of its addresses that can be reached."""
        addresses = await self._look_up(target)
        for address in addresses[:-1]:
            try:
                return await self._send_to(target, address, headers)
            except (httpx.ConnectTimeout, httpx.ConnectError) as error:
                _log.info("outbound_next_address", host=target.host, reason=type(error).__name__)
        return await self._send_to(target, addresses[-1], headers)

    async def _send_to(
        self, target: httpx.URL, address: IpAddress, headers: Mapping[str, str]
    ) -> httpx.Response:
        request = self._http.build_request(
            "GET",
            target.copy_with(host=str(address), fragment=None),
            headers={
                **headers,
                "Host": target.netloc.decode("ascii"),
                # Unpacked, a small answer could be a very large one.
                "Accept-Encoding": "identity",
            },
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )
        return await self._http.send(request, stream=True)

    async def _look_up(self, target: httpx.URL) -> Sequence[IpAddress]:
        literal = literal_address(target.host)
        if literal is not None:
            return (literal,)
        host = target.raw_host.decode("ascii")
        try:
            found = await self._resolver(host, target.port or 443)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(
                f"The host {target.host} cannot be found.", "Check how the address is written."
            ) from error
        self._require_open(target, found)
        return found[:_MOST_ADDRESSES]

    def _require_open(self, target: httpx.URL, addresses: Sequence[IpAddress]) -> None:
        """Raise AddressRefused unless every address may be used with the URL's scheme."""
        for address in addresses:
            if lies_in(address, self._trusted):
                continue
            if target.scheme != "https":
                raise _refused("Only https addresses are fetched.")
            if not is_public(address):
                _log.warning("outbound_refused", host=target.host, address=str(address))
                raise _private(target)
        assert addresses, "a resolver that finds nothing raises"

    async def _read(self, target: httpx.URL, response: httpx.Response) -> Answer:
        if response.status_code in _BUSY:
            raise NoAnswer(
                f"{target.host} answered with status {response.status_code}.",
                "Try again when it is back.",
                status=response.status_code,
                retry_after_s=_retry_after_s(response),
            )
        if not response.is_success:
            raise BadAnswer(
                f"{target.host} answered with status {response.status_code}.",
                "Give an address that answers a GET without a log-in.",
                status=response.status_code,
            )
        if response.headers.get("content-encoding", "identity") != "identity":
            raise BadAnswer(
                f"{target.host} sent a compressed answer.", "Send it plain, as the request asks."
            )
        content = bytearray()
        async for part in response.aiter_raw():
            content += part
            if len(content) > self._limits.size_bytes:
                raise AnswerTooLarge(
                    f"The answer of {target.host} is larger than {self._limits.size_bytes} bytes.",
                    "Send less.",
                )
        return Answer(str(target), bytes(content), response.headers.get("content-type", ""))


@contextmanager
def _explained(target: httpx.URL) -> Iterator[None]:
    """Turn what the HTTP library raises into words about `target`."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise _too_slow(target) from error
    except httpx.TransportError as error:
        if _about_certificate(error):
            raise BadAnswer(
                f"The certificate of {target.host} is not valid for it.",
                "Use a host with a certificate from a public authority.",
            ) from error
        raise NoAnswer(
            f"{target.host} cannot be reached, or broke off its answer.",
            "Check that it runs and can be reached from the Internet.",
        ) from error


def _same(target: httpx.URL, other: httpx.URL) -> bool:
    """Return whether two addresses are of one server."""
    return (target.scheme, target.netloc) == (other.scheme, other.netloc)


def _retry_after_s(response: httpx.Response) -> int | None:
    """Return after how many seconds the server wants to be asked again, if it says a number."""
    said = response.headers.get("retry-after", "").strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 8 else None


def _about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _too_slow(target: httpx.URL) -> NoAnswer:
    return NoAnswer(f"{target.host} did not answer in time.", "Let it answer faster, or with less.")


def _refused(message: str) -> AddressRefused:
    return AddressRefused(message, "Use an address such as https://lists.example.com/tickers.json.")


def _private(target: httpx.URL) -> AddressRefused:
    return AddressRefused(
        f"{target.host} leads to a private or reserved address.",
        "Use a host that everybody on the Internet can reach.",
    )
