"""Puts the long-running services together and runs the ones that are asked for."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial

import structlog

from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles
from kuber.bootstrap.parts import Parts, worker_name
from kuber.bootstrap.trading import halt_file_of, quotes_on, switch_service
from kuber.config import Settings
from kuber.identity.api_keys.service import ApiKeys
from kuber.infra.children import ChildPool
from kuber.infra.db import Database, RawConnection, RawPool
from kuber.infra.history_retention import OLD_EVENTS
from kuber.infra.kafka import CONFIRMED_BY, KafkaProducer, ensure_topics
from kuber.infra.kafka_consumer import KafkaConsumer
from kuber.infra.pulse import keep_beating
from kuber.infra.retention import Retention
from kuber.infra.tasks import end_tasks
from kuber.ledger.check import LedgerCheck
from kuber.market.feed.notifying import FOLLOW_CHANNEL
from kuber.market.feed.service import FeedOptions, FeedService
from kuber.market.feed.store import platform_symbols
from kuber.market.feed.types import FeedSource, WantedSymbols
from kuber.market.importing.importer import CHILD_MEMORY_MB, FileImporter
from kuber.market.importing.worker import ImportWorker
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.service import ScannerService, tickers_of
from kuber.market.service import MarketService
from kuber.market.watchlist.service import watched_symbols
from kuber.notifications.channels import Codes
from kuber.notifications.mail import SmtpSender
from kuber.notifications.mailer import Mailer
from kuber.notifications.notifier import Notifier
from kuber.realtime.database_channels import DatabaseChannels
from kuber.runs.scheduling import Scheduler
from kuber.signals.catalog import signal_types
from kuber.signals.dispatcher import Dispatcher
from kuber.signals.followed import followed_symbols
from kuber.signals.gateway.retention import OLD_DELIVERIES
from kuber.signals.generators.runner import GeneratorRunner
from kuber.signals.index import SubscriptionIndex
from kuber.signals.subscriptions import SubscriptionWatch
from kuber.signals.tiers import TierPolicy
from kuber.startup import load_settings, observe, reveal, serve_metrics, take_settings
from kuber.trading.following import held_symbols
from kuber.trading.order_service.service import OrderService
from kuber.trading.order_service.terms_of import TermsOfSymbols
from kuber.trading.outside.taking import IntentTaker
from kuber.trading.reconciliation.service import Reconciler
from kuber.trading.tickets.placing import Tickets
from kuber.workers.audit import AuditService
from kuber.workers.consumer import ConsumerOptions
from kuber.workers.dispatch import DispatchService
from kuber.workers.generators import GeneratorsService
from kuber.workers.intents import IntentsService
from kuber.workers.notifier import NotifierService
from kuber.workers.orders import OrdersService
from kuber.workers.periodic import PeriodicService
from kuber.workers.service import LongRunning, ServiceHost
from kuber.workers.sweep import SweepService

log = structlog.get_logger(__name__)

SERVICES = (
    *("dispatcher", "sweep", "scheduler", "scanners", "generators", "feed", "audit", "notifier"),
    *("orders", "ledger_check", "reconciliation", "imports", "intents"),
)
"""Everything that `./kuber services` can run."""

READY = b"the services are ready"
"""What the host writes once each service has started."""

_SCHEDULER_EVERY_S = 1.0
_SCANNERS_EVERY_S = 5.0
_IMPORTS_EVERY_S = 1.0
_IMPORT_S = 1800.0
"""How long one pass over a file may take."""
_LEDGER_EVERY_S = 60.0
_RECONCILIATION_EVERY_S = 60.0
_LEDGER_WITHIN_S = 7200.0
"""Once a day a round compares all books."""
_SCANNERS_WITHIN_S = 180.0
"""Lists from other people's servers may each take long to come."""


async def run_services(names: Sequence[str], kinds: Collection[str] | None = None) -> None:
    """Run the services `names` in this process until cancelled.

    `kinds` keeps the service `generators` to these kinds of generators; None is all.
    """
    settings = take_settings()
    observe(settings, "-".join(names) if len(names) == 1 else "services")
    serve_metrics(settings)
    async with AsyncExitStack() as stack:
        parts = await _ServiceParts.open(settings, stack, kinds)
        services = [_MAKERS[name](parts) for name in names]
        host = ServiceHost(services, parts.pool, parts.clock)
        pulse = asyncio.create_task(keep_beating(settings.pulse_file))
        stack.push_async_callback(end_tasks, [pulse])
        await host.run(lambda: _say_ready(names))


class _ServiceParts(Parts):
    """What the services of one process share."""

    database: Database
    pool: RawPool
    market: MarketService
    generator_kinds: Collection[str] | None

    @classmethod
    async def open(
        cls, settings: Settings, stack: AsyncExitStack, generator_kinds: Collection[str] | None
    ) -> "_ServiceParts":
        parts = cls(settings, stack, "kuber-services")
        parts.database = parts.open_database(pool_size=4)
        parts.pool = await parts.open_pool(6)
        parts.market = parts.market_on(parts.pool)
        parts.generator_kinds = generator_kinds
        await parts.read_calendars()
        return parts


def _dispatcher(parts: _ServiceParts) -> LongRunning:
    settings = parts.settings
    dispatcher = Dispatcher(
        parts.pool,
        parts.market,
        parts.costs,
        TierPolicy(settings.enforce_subscription_limits),
        parts.clock,
        signal_types(),
        parts.waker.wake,
    )

    def use(index: SubscriptionIndex) -> None:
        dispatcher.index = index

    def consumer() -> KafkaConsumer:
        return KafkaConsumer(
            settings.kafka_bootstrap, group=CONFIRMED_BY["signals.raw"], topics=["signals.raw"]
        )

    watch = SubscriptionWatch(parts.database, tickers_of, use)
    options = ConsumerOptions("dispatcher", in_flight=settings.dispatcher_in_flight)
    return DispatchService(consumer, dispatcher, watch, parts.pool, parts.clock, options)


def _sweep(parts: _ServiceParts) -> LongRunning:
    return SweepService(parts.waker.call_sweep)


def _scheduler(parts: _ServiceParts) -> LongRunning:
    scheduler = Scheduler(parts.pool, parts.market, parts.costs, parts.clock, parts.waker.wake)
    retentions = [Retention(parts.pool, parts.clock, what) for what in (OLD_DELIVERIES, OLD_EVENTS)]

    async def work() -> int:
        started = await scheduler.run_once()
        for retention in retentions:
            await retention.run_once()
        return started

    return PeriodicService("scheduler", work, _SCHEDULER_EVERY_S)


def _scanners(parts: _ServiceParts) -> LongRunning:
    scanners = ScannerService(parts.market, parts.outbound, parts.clock)
    refresher = ScannerRefresher(parts.database, scanners, parts.outbound, parts.clock)
    return PeriodicService(
        "scanners", refresher.refresh_due, _SCANNERS_EVERY_S, within_s=_SCANNERS_WITHIN_S
    )


def _generators(parts: _ServiceParts) -> LongRunning:
    return GeneratorsService(
        GeneratorRunner(
            parts.database,
            parts.market,
            parts.generators,
            parts.clock,
            worker_name(),
            kinds=parts.generator_kinds,
        )
    )


def _feed(parts: _ServiceParts) -> LongRunning:
    settings = parts.settings
    source, clock = parts.quotes(parts.pool)
    options = FeedOptions()

    async def wanted() -> WantedSymbols:
        async with parts.database.transaction() as session:
            return WantedSymbols(
                first=await held_symbols(session),
                others=frozenset().union(
                    await followed_symbols(session),
                    await watched_symbols(session),
                    await platform_symbols(session),
                ),
            )

    def producer() -> KafkaProducer:
        return KafkaProducer(settings.kafka_bootstrap, client_id="kuber-feed")

    if source.source is FeedSource.REPLAY:
        options = options.at_speed(settings.replay_speed)
    feed = FeedService(source, wanted, producer, parts.database_url, clock, options)
    channels = DatabaseChannels(parts.database_url)
    channels.take(FOLLOW_CHANNEL, lambda _: feed.look_again(), feed.look_again)
    channels.start()
    parts.stack.push_async_callback(channels.close)
    return feed


def _audit(parts: _ServiceParts) -> LongRunning:
    settings = parts.settings
    folder, keys = settings.audit_folder, KeyFile(settings.audit_key_folder)
    try:
        keys.take_over(folder)
    except OSError as error:
        log.error("audit_key_not_moved", reason=str(error))
        keys = keys if keys.exists else KeyFile(folder)
    linker = Linker(keys, partial(OutsideFiles, folder), parts.clock)

    def producer() -> KafkaProducer:
        return KafkaProducer(settings.kafka_bootstrap, client_id="kuber-audit")

    return AuditService(parts.database_url, linker, producer)


def _notifier(parts: _ServiceParts) -> LongRunning:
    settings = parts.settings
    notifier = Notifier(parts.pool, parts.clock, mails=settings.smtp_url is not None)
    if settings.smtp_url is None:
        return NotifierService(notifier, None)
    sender = SmtpSender(reveal(settings.smtp_url), settings.mail_from)
    codes = Codes(parts.secret)
    mailer = Mailer(parts.pool, parts.clock, sender, codes, settings.public_address)
    return NotifierService(notifier, mailer)


def _order_service(parts: _ServiceParts) -> LongRunning:
    terms, halt_file = TermsOfSymbols(parts.pool), halt_file_of(parts.settings)

    def make(connection: RawConnection) -> OrderService:
        return OrderService(connection, parts.clock, terms, halt_file)

    return OrdersService(parts.database_url, make, quotes_on(parts.database), halt_file)


def _ledger_check(parts: _ServiceParts) -> LongRunning:
    check = LedgerCheck(parts.pool, parts.database_url, parts.clock)
    return PeriodicService(
        "ledger_check", check.run_once, _LEDGER_EVERY_S, within_s=_LEDGER_WITHIN_S
    )


def _reconciliation(parts: _ServiceParts) -> LongRunning:
    reconciler = Reconciler(parts.pool, parts.clock)
    return PeriodicService(
        "reconciliation",
        reconciler.run_once,
        _RECONCILIATION_EVERY_S,
        within_s=_LEDGER_WITHIN_S,
    )


def _imports(parts: _ServiceParts) -> LongRunning:
    children = ChildPool(
        "imports",
        processes=1,
        waiting=1,
        time_limit_s=_IMPORT_S,
        memory_mb=CHILD_MEMORY_MB,
        keep_warm=False,
        background=True,
    )
    parts.stack.push_async_callback(children.close)
    worker = ImportWorker(
        parts.database,
        parts.pool,
        FileImporter(children, parts.settings.calendars_folder),
        parts.uploads,
        parts.clock,
    )
    return PeriodicService("imports", worker.run_once, _IMPORTS_EVERY_S, within_s=2 * _IMPORT_S)


def _intents(parts: _ServiceParts) -> LongRunning:
    settings, clock = parts.settings, parts.clock
    tickets = Tickets(
        parts.database,
        parts.pool,
        clock,
        TermsOfSymbols(parts.pool),
        switch_service(settings, clock),
    )
    taker = IntentTaker(parts.database, parts.pool, clock, ApiKeys(clock), tickets)

    def consumer() -> KafkaConsumer:
        return KafkaConsumer(
            settings.kafka_bootstrap, group="kuber-intents", topics=["decisions.order_intent"]
        )

    return IntentsService(consumer, taker.handle, parts.pool, clock)


_MAKERS: dict[str, Callable[[_ServiceParts], LongRunning]] = {
    "dispatcher": _dispatcher,
    "sweep": _sweep,
    "scheduler": _scheduler,
    "scanners": _scanners,
    "generators": _generators,
    "feed": _feed,
    "audit": _audit,
    "notifier": _notifier,
    "orders": _order_service,
    "ledger_check": _ledger_check,
    "reconciliation": _reconciliation,
    "imports": _imports,
    "intents": _intents,
}


def _say_ready(names: Sequence[str]) -> None:
    # Past the log, whose level may be too high for it.
    os.write(1, READY + b"\n")
    log.info("services_ready", services=list(names))


async def create_topics() -> None:
    """Create the topics that the cluster of the settings lacks."""
    settings = load_settings()
    await ensure_topics(settings.kafka_bootstrap, settings.kafka_replicas)
