"""Entry point of workers and of the scheduler: `celery -A kuber.worker worker`."""

from kuber.bootstrap import RunWorker, load_settings, observe, reveal
from kuber.workers.celery_app import make_celery
from kuber.workers.runs import install

settings = load_settings()
observe(settings, "worker")
celery_app = make_celery(reveal(settings.redis_url), processes=settings.worker_processes)
install(celery_app, lambda: RunWorker(settings))
