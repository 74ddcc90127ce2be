"""What the API asks of the process that serves it; `bootstrap` provides it."""

from pathlib import Path
from typing import Literal, Protocol

from pydantic import SecretStr
from redis.asyncio import Redis

from kuber.agents.registry import AgentRegistry
from kuber.costs.service import CostService
from kuber.identity.service import IdentityService
from kuber.identity.throttle import Throttle
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe, KafkaProducer
from kuber.kernel.clock import Clock
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService
from kuber.market.service import MarketService
from kuber.pipelines.service import PipelineService
from kuber.realtime.hub import Hub
from kuber.runs.service import RunService
from kuber.signals.gateway.service import WebhookGateway
from kuber.signals.gateway.sources import WebhookSources
from kuber.signals.generators.service import GeneratorService
from kuber.signals.service import SignalService


class ApiSettings(Protocol):
    """The settings that the API reads."""

    @property
    def environment(self) -> Literal["development", "production"]: ...
    @property
    def public_url(self) -> str: ...
    @property
    def frontend_dir(self) -> Path | None: ...
    @property
    def jwt_secret(self) -> SecretStr: ...
    @property
    def demo_password(self) -> SecretStr | None: ...
    @property
    def llm_configured(self) -> bool: ...
    @property
    def llm_base_url(self) -> str: ...
    @property
    def llm_model(self) -> str: ...
    @property
    def alpaca_api_key(self) -> SecretStr | None: ...


class Container(Protocol):
    """The services of one process; each resource's routes use their own."""

    @property
    def settings(self) -> ApiSettings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def database(self) -> Database: ...
    @property
    def redis(self) -> Redis: ...
    @property
    def kafka_probe(self) -> KafkaProbe: ...
    @property
    def identity(self) -> IdentityService: ...
    @property
    def throttle(self) -> Throttle: ...
    @property
    def registry(self) -> AgentRegistry: ...
    @property
    def market(self) -> MarketService: ...
    @property
    def scanners(self) -> ScannerService: ...
    @property
    def scanner_refresher(self) -> ScannerRefresher: ...
    @property
    def costs(self) -> CostService: ...
    @property
    def pipelines(self) -> PipelineService: ...
    @property
    def runs(self) -> RunService: ...
    @property
    def hub(self) -> Hub: ...
    @property
    def webhooks(self) -> WebhookGateway: ...
    @property
    def webhook_sources(self) -> WebhookSources: ...

    @property
    def signals(self) -> SignalService: ...
    @property
    def generators(self) -> GeneratorService: ...

    def kafka_producer(self) -> KafkaProducer:
        """Return the producer of this process, made when it is first needed."""
        ...

    async def wake_workers(self) -> None:
        """Call a worker to the queue of runs; never raises."""
        ...
