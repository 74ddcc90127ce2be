"""Entry point of workers: `celery -A kuber.worker worker`."""

from kuber.kernel.clock import SystemClock
from kuber.startup import observe, reveal, take_settings
from kuber.workers import pulses
from kuber.workers.celery_app import QUEUE, make_celery
from kuber.workers.process_watch import ProcessWatch
from kuber.workers.queue_watch import QueueWatch, waiting_in
from kuber.workers.runs import WorkerServices, end_process, install


def make_services() -> WorkerServices:
    """Return the services of one worker process."""
    from kuber.bootstrap.run_worker import RunWorker

    return RunWorker(settings, end_process)


def preload() -> None:
    """Import what all worker processes share, and read the calendars."""
    import kuber.bootstrap.run_worker
    import kuber.runs.engine  # noqa: F401
    from kuber.market.calendars import keep_sessions_in, warm

    keep_sessions_in(settings.calendars_folder)
    warm(SystemClock().now())


settings = take_settings()
observe(settings, "worker")
redis_url = reveal(settings.redis_url)
celery_app = make_celery(redis_url, processes=settings.worker_processes)
pulses.install(
    settings.pulse_file,
    ProcessWatch(settings.node_time_limit_s + settings.run_lease_s),
    QueueWatch(waiting_in(redis_url, QUEUE), pulses.consumption, end_process),
)
install(celery_app, make_services, preload)
