"""What the API works with; `bootstrap` makes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import SecretStr
from redis.asyncio import Redis

from kuber.agents.registry import AgentRegistry
from kuber.costs.service import CostService
from kuber.identity.api_keys.door import KeyDoor
from kuber.identity.api_keys.service import ApiKeys
from kuber.identity.limits import LimitService
from kuber.identity.service import IdentityService
from kuber.identity.throttle import Throttle
from kuber.identity.tokens import AccessTokens
from kuber.infra.children import ChildPool
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe
from kuber.infra.plugins import PluginProblem
from kuber.infra.slots import AdvisorySlots
from kuber.kernel.clock import Clock
from kuber.market.chart_indicators.service import IndicatorService
from kuber.market.feed.pushed.intake import PushedQuotes
from kuber.market.importing.service import ImportService
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService
from kuber.market.service import MarketService
from kuber.market.terms.service import InstrumentService
from kuber.notifications.channels import Channels
from kuber.notifications.service import NoticeService
from kuber.pipelines.service import PipelineService
from kuber.realtime.hub import Hub
from kuber.realtime.pushes import Pushes
from kuber.realtime.session_watch import SessionWatch
from kuber.realtime.socket_leases import SocketLeases
from kuber.runs.service import RunService
from kuber.runs.what_next.service import WhatNext
from kuber.signals.gateway.service import WebhookGateway
from kuber.signals.gateway.sources import WebhookSources
from kuber.signals.generators.service import GeneratorService
from kuber.signals.service import SignalService
from kuber.trading.accounts.service import AccountService
from kuber.trading.order_service.drill import FireDrill
from kuber.trading.reconciliation.service import Reconciler
from kuber.trading.resetting import Resets
from kuber.trading.switches.service import SwitchService
from kuber.trading.tickets.placing import Tickets
from kuber.workers.celery_app import Waker


class ApiSettings(Protocol):
    """The settings that the API reads."""

    @property
    def environment(self) -> Literal["development", "production"]: ...
    @property
    def public_url(self) -> str: ...
    @property
    def served_names(self) -> frozenset[str] | None: ...
    @property
    def frontend_dir(self) -> Path | None: ...
    @property
    def requests_in_flight(self) -> int: ...
    @property
    def jwt_secret(self) -> SecretStr: ...
    @property
    def audit_folder(self) -> Path: ...
    @property
    def demo_login(self) -> SecretStr | None: ...
    @property
    def llm_configured(self) -> bool: ...
    @property
    def llm_base_url(self) -> str: ...
    @property
    def llm_model(self) -> str: ...
    @property
    def alpaca_api_key(self) -> SecretStr | None: ...
    @property
    def alpaca_api_secret(self) -> SecretStr | None: ...
    @property
    def finnhub_api_key(self) -> SecretStr | None: ...
    @property
    def cmc_api_key(self) -> SecretStr | None: ...


@dataclass(frozen=True)
class Container:
    """The services of one process; each resource's routes use their own."""

    settings: ApiSettings
    clock: Clock
    database: Database
    redis: Redis
    kafka_probe: KafkaProbe
    tokens: AccessTokens
    api_keys: ApiKeys
    key_door: KeyDoor
    limits: LimitService
    audit_pool: ChildPool
    import_slots: AdvisorySlots
    identity: IdentityService
    throttle: Throttle
    registry: AgentRegistry
    market: MarketService
    indicators: IndicatorService
    imports: ImportService
    instruments: InstrumentService
    pushed_quotes: PushedQuotes
    scanners: ScannerService
    scanner_refresher: ScannerRefresher
    costs: CostService
    accounts: AccountService
    resets: Resets
    tickets: Tickets
    switches: SwitchService
    fire_drill: FireDrill
    reconciler: Reconciler
    pipelines: PipelineService
    runs: RunService
    what_next: WhatNext
    notices: NoticeService
    channels: Channels
    hub: Hub
    pushes: Pushes
    session_watch: SessionWatch
    socket_leases: SocketLeases
    webhooks: WebhookGateway
    webhook_sources: WebhookSources
    signals: SignalService
    generators: GeneratorService
    short_pool: ChildPool
    plugin_problems: tuple[PluginProblem, ...]
    waker: Waker

    async def wake_workers(self) -> None:
        """Call a worker to the queue of runs; never raises."""
        await self.waker.wake()
