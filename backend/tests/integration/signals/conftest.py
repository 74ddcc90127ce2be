from collections.abc import Iterator

import pytest

from tests.fakes.kafka import own_broker
from tests.fixtures.workers import Installation, NewInstallation


@pytest.fixture(scope="module")
def signalled(
    new_installation: NewInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation with a broker of its own, a dispatcher, a worker, a relay and the API."""
    with own_broker(tmp_path_factory.mktemp("broker")) as kafka:
        made = new_installation(kafka=kafka)
        api, worker = made.api(), made.worker(wait=False)
        dispatcher = made.services("dispatcher", wait=False)
        made.relay()
        for program in (api, worker, dispatcher):
            program.wait_ready()
        yield made
