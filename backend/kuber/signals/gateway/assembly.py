"""Puts the gateway together from the process's connections."""

from dataclasses import dataclass

from redis.asyncio import Redis

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.signals.gateway.guards import Admission
from kuber.signals.gateway.keys import SecretKeeper
from kuber.signals.gateway.messages import KnownTypes
from kuber.signals.gateway.service import StatusOf, WebhookGateway
from kuber.signals.gateway.sources import WebhookSources
from kuber.signals.gateway.store import GatewayStore


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """`secret` is the installation's; `per_user` counts deliveries a minute over all sources of
    one user; `in_flight` those that one process works on at a time."""

    secret: str
    per_user: int
    in_flight: int


def make_gateway(
    pool: RawPool,
    redis: Redis,
    clock: Clock,
    options: GatewayOptions,
    known_types: KnownTypes,
    status_of: StatusOf,
) -> tuple[WebhookGateway, WebhookSources]:
    """Return the gateway and the management of its sources; the caller closes pool and Redis."""
    keeper = SecretKeeper(options.secret)
    gateway = WebhookGateway(
        GatewayStore(pool, keeper),
        Admission(redis, options.per_user),
        clock,
        in_flight=options.in_flight,
        known_types=known_types,
        status_of=status_of,
        fingerprint_key=options.secret,
    )
    return gateway, WebhookSources(keeper, clock)
