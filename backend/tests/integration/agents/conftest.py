"""A language model over the scripted server, with prices a test can check by hand."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from kuber.agents.llm import LanguageModel, ModelSettings
from kuber.costs.types import ModelPrice
from kuber.kernel.clock import FixedClock
from tests.fakes.agents import AS_OF
from tests.fakes.llm_server import LlmServer
from tests.fixtures.waiting import LIMIT_S

PATIENCE_S, IMPATIENCE_S = float(LIMIT_S), 1.0


class Prices:
    """$2.50 and $10.00 for a million tokens of `model-a`; nothing else is known."""

    def price(self, model: str, at: datetime) -> ModelPrice | None:
        assert at == AS_OF
        if model != "model-a":
            return None
        return ModelPrice(model, AS_OF.date(), Decimal("2.50"), Decimal("10.00"))


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer() as running:
        yield running


@pytest.fixture
async def model(server: LlmServer) -> AsyncIterator[LanguageModel]:
    client = _client(server, PATIENCE_S)
    yield client
    await client.close()


@pytest.fixture
async def impatient(server: LlmServer) -> AsyncIterator[LanguageModel]:
    """The same model, given up on after a second; for replies that hang."""
    client = _client(server, IMPATIENCE_S)
    yield client
    await client.close()


def _client(server: LlmServer, timeout_s: float) -> LanguageModel:
    settings = ModelSettings("model-a", server.base_url, "secret-key", timeout_s=timeout_s)
    return LanguageModel(settings, Prices(), FixedClock(AS_OF))
