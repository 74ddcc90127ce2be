"""The gateway: takes deliveries of strangers, believes only what is proven, raises signals."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import orjson
import psycopg
import structlog
from prometheus_client import Counter

from kuber.kernel.clock import Clock
from kuber.kernel.errors import ErrorKind, KuberError
from kuber.kernel.ids import new_id
from kuber.signals.events import SignalRaised
from kuber.signals.gateway.errors import (
    BodyTooLarge,
    ExternalIdReused,
    GatewayBusy,
    NameReused,
    NetworkNotAllowed,
    NotAuthentic,
    ReplayGuardAway,
    TooManyDeliveries,
    WebhookNotFound,
    one_problem,
)
from kuber.signals.gateway.guards import Admission, InFlight, replayed
from kuber.signals.gateway.messages import KnownTypes, metadata_of, parse_body
from kuber.signals.gateway.networks import check_network, network_of
from kuber.signals.gateway.sample import sample_delivery
from kuber.signals.gateway.store import Earlier, GatewayStore
from kuber.signals.gateway.types import (
    MAX_BODY_BYTES,
    Delivery,
    Incoming,
    Proof,
    Receipt,
    Source,
    SourceId,
    SourceKind,
)
from kuber.signals.gateway.verification import verify
from kuber.signals.types import SignalMessage, TickerSignal

_log = structlog.get_logger(__name__)

WEBHOOKS = Counter(
    "kuber_webhooks_total", "Deliveries to the gateway by what came of them", ["code"]
)
ACCEPTED = "accepted"
REPEATED = "repeated"

_NAMES_OF_MEANINGS = ("id:", "webhook:")
"""How the names begin under which a sender sends one signal again."""
_OF_MEANING = b"\x01"
"""Begins the fingerprint of what a signal means; it is a byte longer than one of a body."""

StatusOf = Callable[[ErrorKind], int]
"""Tells with which HTTP status a kind of failure is answered."""


@dataclass(slots=True)
class _Progress:
    """How far one delivery came; what its record says.

    `external_id` is there once it was verified and counted. `may_record` says whether an unverified
    one may still be stored, None while it has not been counted.
    """

    delivery_id: UUID
    received_at: datetime
    network: str
    size_bytes: int = 0
    body: bytes = b""
    external_id: str | None = None
    may_record: bool | None = None


class WebhookGateway:
    """Checks each delivery in a fixed order, the cheap and the anonymous first.

    Source, size, sender's network, signature and time, nonce and rate, content, schema; then the
    delivery and the announcement of its signal are written at once. Whatever is refused is
    counted, put on record for the owner, and enqueues nothing. What is not proven to be the
    source's own takes nothing from what the source may send, nor from its places in flight.
    """

    def __init__(
        self,
        store: GatewayStore,
        admission: Admission,
        clock: Clock,
        *,
        in_flight: int,
        known_types: KnownTypes,
        status_of: StatusOf,
        fingerprint_key: str,
    ) -> None:
        self._store = store
        self._admission = admission
        self._in_flight = InFlight(in_flight)
        self._unverified = InFlight(max(1, in_flight // 2))
        self._clock = clock
        self._known_types = known_types
        self._status_of = status_of
        self._fingerprint_key = hashlib.sha256(fingerprint_key.encode()).digest()

    async def receive(self, source_id: SourceId, incoming: Incoming) -> Receipt:
        """Take one delivery; raises a KuberError that says why it is refused."""
        delivery, repeated = await self._receive(source_id, incoming, self._begin(incoming))
        assert delivery.signal_id is not None, "an accepted delivery has a signal"
        return Receipt(delivery.signal_id, repeated)

    async def send_test(
        self, source_id: SourceId, sample: TickerSignal, correlation_id: str
    ) -> Delivery:
        """Sign a delivery that says `sample`, take it as any other, return what is on record of it.

        The same `correlation_id` makes the same delivery.
        """
        source = await self._store.fresh_source(source_id, self._clock.now())
        if source is None:
            raise _not_found()
        incoming = sample_delivery(source, sample, self._clock.now(), correlation_id)
        progress = self._begin(incoming)
        try:
            delivery, _ = await self._receive(source_id, incoming, progress)
        except KuberError as error:
            return self._refusal(progress, error)
        return delivery

    def _begin(self, incoming: Incoming) -> _Progress:
        return _Progress(new_id(), self._clock.now(), network_of(incoming.client_ip))

    async def _receive(
        self, source_id: SourceId, incoming: Incoming, progress: _Progress
    ) -> tuple[Delivery, bool]:
        source: Source | None = None
        try:
            source = await self._find(source_id, incoming, progress)
            delivery, repeated = await self._take(source, incoming, progress)
        except KuberError as error:
            WEBHOOKS.labels(error.code).inc()
            if source is not None:
                await self._record(source, progress, error)
            raise
        except Exception:
            WEBHOOKS.labels("failed").inc()
            raise
        WEBHOOKS.labels(REPEATED if repeated else ACCEPTED).inc()
        return delivery, repeated

    async def _find(self, source_id: SourceId, incoming: Incoming, progress: _Progress) -> Source:
        try:
            found = await self._store.source(source_id, self._clock.now())
            return _require_enabled(found, incoming)
        except WebhookNotFound:
            await self._admission.count_lost(progress.network)
            raise

    async def _take(
        self, source: Source, incoming: Incoming, progress: _Progress
    ) -> tuple[Delivery, bool]:
        progress.body = await _read(incoming, progress)
        try:
            return await self._attempt(source, incoming, progress)
        except (NotAuthentic, NetworkNotAllowed, WebhookNotFound):
            # The source may have been changed since it was read.
            fresh = _require_enabled(await self._read_anew(source, progress), incoming)
            if fresh.version == source.version:
                raise
            return await self._attempt(fresh, incoming, progress)

    async def _read_anew(self, source: Source, progress: _Progress) -> Source | None:
        async with self._unverified.one():
            if progress.external_id is None:
                count = self._admission.count_unverified
                progress.may_record = await count(source.id, progress.network)
            return await self._store.fresh_source(source.id, self._clock.now())

    async def _attempt(
        self, source: Source, incoming: Incoming, progress: _Progress
    ) -> tuple[Delivery, bool]:
        check_network(source, incoming.client_ip)
        # The time is taken anew: the body may have been long in coming.
        now = self._clock.now()
        proof = verify(source, incoming, progress.body, now)
        async with self._in_flight.one():
            return await self._accept_verified(source, incoming, proof, progress, now)

    async def _accept_verified(
        self,
        source: Source,
        incoming: Incoming,
        proof: Proof,
        progress: _Progress,
        now: datetime,
    ) -> tuple[Delivery, bool]:
        if progress.external_id is None:
            progress.external_id = await self._admission.admit(source, proof)
        proof = replace(proof, external_id=progress.external_id)
        body = progress.body
        message = parse_body(source, incoming.headers, body, now, self._known_types)
        try:
            return await self._keep(source, incoming, message, _named(proof, message), progress)
        except (psycopg.Error, OSError):
            if proof.nonce is not None:
                await self._admission.release(source.id, proof.nonce)
            raise

    async def _keep(
        self,
        source: Source,
        incoming: Incoming,
        message: SignalMessage,
        proof: Proof,
        progress: _Progress,
    ) -> tuple[Delivery, bool]:
        fingerprint = self._fingerprint(proof, message, progress.body)
        event = _event(source, message, message.correlation_id or incoming.correlation_id, progress)
        delivery = Delivery(
            id=progress.delivery_id,
            received_at=progress.received_at,
            status=HTTPStatus.ACCEPTED,
            code=ACCEPTED,
            detail=_summary(message),
            size_bytes=len(progress.body),
            client_network=progress.network,
            signal_id=event.signal_id,
        )
        if await self._store.accept(source, delivery, proof, fingerprint, event):
            return delivery, False
        return await self._repeat(source, delivery, proof, fingerprint), True

    def _fingerprint(self, proof: Proof, message: SignalMessage, body: bytes) -> bytes:
        """Return the keyed hash of what another delivery of this name must say, too.

        Under a key these are the bytes. Under a correlation id it is what the signal means: sent
        again, it may be written at another time.
        """
        if not proof.external_id.startswith(_NAMES_OF_MEANINGS):
            return hmac.digest(self._fingerprint_key, body, hashlib.sha256)
        meaning = {
            "signal_type": message.signal_type,
            "tickers": [item.model_dump(mode="json") for item in message.tickers],
            "metadata": metadata_of(message),
        }
        text = orjson.dumps(meaning, option=orjson.OPT_SORT_KEYS)
        return _OF_MEANING + hmac.digest(self._fingerprint_key, text, hashlib.sha256)

    async def _repeat(
        self, source: Source, delivery: Delivery, proof: Proof, fingerprint: bytes
    ) -> Delivery:
        """Return the delivery that had the name before; its nonce is used up all the same."""
        earlier = await self._store.earlier(source.id, proof.external_id)
        if earlier is None:
            if proof.nonce and await self._store.knows_nonce(source.id, proof.nonce):
                raise replayed()  # Redis had forgotten it
            raise _not_found()
        _check_same(proof, earlier, fingerprint)
        if proof.nonce is not None and proof.nonce != earlier.nonce:
            again = replace(delivery, code=REPEATED, signal_id=earlier.delivery.signal_id)
            if not await self._store.repeat(source.id, again, proof.nonce):
                raise replayed()
        return earlier.delivery

    async def _record(self, source: Source, progress: _Progress, error: KuberError) -> None:
        """Record a refusal for the owner, within the limits of the source and of the unverified."""
        if isinstance(error, TooManyDeliveries):
            recorded = error.first_of_window
        elif isinstance(error, ReplayGuardAway | GatewayBusy):
            recorded = False
        else:
            recorded = progress.external_id is not None or await self._has_room(source, progress)
        if not recorded:
            return
        try:
            await self._store.refuse(source.id, self._refusal(progress, error))
        except (psycopg.Error, OSError) as failure:
            _log.warning("webhook_refusal_not_recorded", error=type(failure).__name__)

    async def _has_room(self, source: Source, progress: _Progress) -> bool:
        if progress.may_record is not None:
            return progress.may_record
        try:
            return await self._admission.count_unverified(source.id, progress.network)
        except (TooManyDeliveries, ReplayGuardAway):
            return False

    def _refusal(self, progress: _Progress, error: KuberError) -> Delivery:
        return Delivery(
            id=progress.delivery_id,
            received_at=progress.received_at,
            status=int(self._status_of(error.kind)),
            code=error.code,
            detail=error.detail,
            size_bytes=progress.size_bytes,
            client_network=progress.network,
            signal_id=None,
        )


def _require_enabled(source: Source | None, incoming: Incoming) -> Source:
    """Return the source if it takes deliveries at the address that was called."""
    if source is None or not source.enabled:
        raise _not_found()
    if incoming.path_secret is not None and source.kind is not SourceKind.TRADINGVIEW:
        raise _not_found()
    return source


async def _read(incoming: Incoming, progress: _Progress) -> bytes:
    """Return the body; stops reading at the limit and raises BodyTooLarge."""
    declared = incoming.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20:
        progress.size_bytes = min(int(declared), 2**31 - 1)
        if progress.size_bytes > MAX_BODY_BYTES:
            raise _too_large()
    body = bytearray()
    async for chunk in incoming.body:
        body += chunk
        progress.size_bytes = len(body)
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _check_same(proof: Proof, earlier: Earlier, fingerprint: bytes) -> None:
    strict = proof.external_id.startswith("key:")
    if strict and not hmac.compare_digest(earlier.fingerprint, fingerprint):
        raise ExternalIdReused(
            "This Idempotency-Key was sent with another body before.",
            one_problem("The key is in use.", "Make a new key for each signal.", "Idempotency-Key"),
        )
    if not earlier.fingerprint.startswith(_OF_MEANING) or len(earlier.fingerprint) != len(
        fingerprint
    ):
        return  # nothing is known of what it meant
    if not hmac.compare_digest(earlier.fingerprint, fingerprint):
        raise NameReused(
            "A delivery with this correlation id or webhook-id was another signal: its type, "
            "tickers or metadata differ.",
            one_problem(
                "The id is in use.",
                "Make a new id for each signal; send the same signal again under the same one.",
                "webhook-id" if proof.external_id.startswith("webhook:") else "X-Correlation-Id",
            ),
        )


def _named(proof: Proof, message: SignalMessage) -> Proof:
    """Let the correlation id within a signed message name the delivery when no header does."""
    if proof.external_id.startswith("nonce:") and message.correlation_id:
        return replace(proof, external_id=f"id:{message.correlation_id}")
    return proof


def _event(
    source: Source, message: SignalMessage, correlation_id: str, progress: _Progress
) -> SignalRaised:
    return SignalRaised(
        occurred_at=progress.received_at,
        correlation_id=correlation_id,
        signal_id=new_id(),
        timestamp=message.timestamp.timestamp(),
        source=source.name,
        signal_type=message.signal_type,
        tickers=tuple(item.model_dump(mode="json") for item in message.tickers),
        metadata=metadata_of(message),
        user_id=source.user_id,
    )


def _summary(message: SignalMessage) -> str:
    names = ", ".join(item.ticker for item in message.tickers[:3])
    more = len(message.tickers) - 3
    return f"{message.signal_type}: {names}" + (f" and {more} more" if more > 0 else "")


def _not_found() -> WebhookNotFound:
    return WebhookNotFound(
        "No webhook source takes deliveries at this address.",
        one_problem(
            "The address is not known or switched off.",
            "Copy the address of the source from Kuber, and see that the source is switched on.",
        ),
    )


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(
        f"A delivery may have {MAX_BODY_BYTES:,} bytes.",
        one_problem("The body is too large.", "Send fewer tickers or less metadata at a time."),
    )
