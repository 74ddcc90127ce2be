"""One host of a market data provider: asked through the guarded client, behind one breaker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import orjson
from cachetools import TTLCache

from kuber.infra.breakers import Breaker, BreakerLimits, BreakerOpen, host_of
from kuber.infra.outbound import OutboundClient, OutboundError, OutboundLimits
from kuber.kernel.clock import Clock
from kuber.market.errors import ProviderUnavailable

LIMITS = OutboundLimits(connect_s=3.0, read_s=10.0, total_s=20.0, size_bytes=32_000_000, attempts=1)
_RATE_PAUSE_S = 60
_LONGEST_PAUSE_S = 3600
_NOT_OFFERED_FOR_S = 600.0
_MOST_PATHS = 100
_UNKNOWN = frozenset({400, 404, 422})


@dataclass(frozen=True, slots=True)
class HostNames:
    """What a provider is called, which setting holds its key, and what its plan may lack."""

    provider: str
    setting: str
    not_offered: Mapping[str, str]
    """A sentence for each path that only some plans offer."""


class NotOffered(ProviderUnavailable):
    """The account's plan does not cover what was asked for."""


class ProviderHost:
    """Gives JSON. After 429 it asks nothing until the host's Retry-After is over; what the plan
    does not offer is not asked for again for ten minutes."""

    def __init__(
        self,
        names: HostNames,
        url: str,
        headers: Mapping[str, str],
        clock: Clock,
        *,
        limits: BreakerLimits | None = None,
        client: OutboundClient | None = None,
    ) -> None:
        self._names = names
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._clock = clock
        self._client = client or OutboundClient(LIMITS)
        self._breaker = Breaker(host_of(url), clock, limits)
        self._quiet_until: datetime | None = None
        self._refused: TTLCache[str, None] = TTLCache(
            _MOST_PATHS, _NOT_OFFERED_FOR_S, lambda: clock.now().timestamp()
        )

    async def get(self, path: str, parameters: Mapping[str, object]) -> object | None:
        """Return the JSON of an answer, None when the host does not take what is asked for.

        Raises ProviderUnavailable, NotOffered.
        """
        self._require_open(path)
        url = f"{self._url}{path}?{urlencode(parameters)}"
        try:
            with self._breaker.call(_is_down):
                answer = await self._client.get(url, self._headers)
        except BreakerOpen as refused:
            raise ProviderUnavailable(
                f"{self._names.provider} is not asked for now: its last calls failed.",
                retry_after_s=refused.retry_after_s,
            ) from refused
        except OutboundError as error:
            if error.status in _UNKNOWN:
                return None
            raise self._refusal(path, error) from error
        try:
            found: object = orjson.loads(answer.content)
        except ValueError as error:
            raise self.bad_answer() from error
        return found

    def bad_answer(self) -> ProviderUnavailable:
        """Return the failure of an answer that is not as it should be."""
        return ProviderUnavailable(
            f"{self._names.provider} did not answer as expected: try again later.",
            retry_after_s=30,
        )

    def _require_open(self, path: str) -> None:
        if path in self._refused:
            raise NotOffered(self._not_offered(path))
        if self._quiet_until is not None:
            left_s = (self._quiet_until - self._clock.now()).total_seconds()
            if left_s > 0:
                raise self._too_many(max(1, round(left_s)))

    def _refusal(self, path: str, error: OutboundError) -> ProviderUnavailable:
        name = self._names.provider
        if error.status == 401:
            return ProviderUnavailable(
                f"{name} refused the key: check {self._names.setting}.", retry_after_s=60
            )
        if error.status in (402, 403):
            self._refused[path] = None
            return NotOffered(self._not_offered(path))
        if error.status == 429:
            wait_s = min(_LONGEST_PAUSE_S, max(1, error.retry_after_s or _RATE_PAUSE_S))
            self._quiet_until = self._clock.now() + timedelta(seconds=wait_s)
            return self._too_many(wait_s)
        if error.status is not None:
            return ProviderUnavailable(
                f"{name} answered with an error (HTTP {error.status}).", retry_after_s=30
            )
        return ProviderUnavailable(
            f"{name} did not answer as expected: check the network, or try again later.",
            retry_after_s=30,
        )

    def _too_many(self, wait_s: int) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"{self._names.provider}'s rate limit is reached: try again in {wait_s} seconds.",
            retry_after_s=wait_s,
        )

    def _not_offered(self, path: str) -> str:
        name = self._names.provider
        missing = self._names.not_offered.get(path, f"does not offer {path}")
        return f"The plan of your {name} key {missing}. Choose a plan that does, or import bars."


def _is_down(error: Exception) -> bool:
    """Return whether an error speaks against the host; it answers whoever it refuses."""
    if not isinstance(error, OutboundError):
        return False
    return error.status is None or error.status >= 500
