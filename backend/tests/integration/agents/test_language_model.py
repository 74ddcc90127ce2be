from decimal import Decimal
from hashlib import sha1
from pathlib import Path

import pytest
import structlog

from kuber.agents import llm
from kuber.agents.base import AgentFailure, NodeUsage
from kuber.agents.chat import Message
from kuber.agents.llm import LanguageModel, ModelSettings
from kuber.agents.tokens import TokenCounter
from kuber.kernel.clock import FixedClock
from tests.fakes.agents import AS_OF
from tests.fakes.llm_server import (
    LlmServer,
    Reply,
    cut_off,
    dropped,
    filtered,
    hangs,
    not_json,
    refusal,
    status,
    text,
    without_usage,
)
from tests.integration.agents.conftest import Prices

HELLO: list[Message] = [
    {"role": "system", "content": "You are brief."},
    {"role": "user", "content": "Say something to me."},
]


async def test_a_call_is_metered_to_the_token_and_priced(
    server: LlmServer, model: LanguageModel
) -> None:
    server.script(text("one two three"))
    usage = NodeUsage()
    completion = await model.complete(HELLO, usage)
    assert completion.text == "one two three"
    assert (usage.input_tokens, usage.output_tokens) == (7, 3)
    assert usage.token_cost == Decimal("0.00004750")  # 7 x 2.50 + 3 x 10.00 per million
    assert not usage.tokens_estimated
    assert server.requests[0].authorization == "Bearer secret-key"


async def test_several_calls_add_up(server: LlmServer, model: LanguageModel) -> None:
    server.script(text("a b"), text("c"))
    usage = NodeUsage()
    await model.complete(HELLO, usage)
    await model.complete(HELLO, usage)
    assert (usage.input_tokens, usage.output_tokens) == (14, 3)


async def test_missing_usage_is_estimated_and_marked(
    server: LlmServer, model: LanguageModel
) -> None:
    server.script(without_usage("x" * 41))
    usage = NodeUsage()
    await model.complete(HELLO, usage)
    # 14 and 20 bytes in four-byte tokens, four more for each message; 41 bytes out
    assert (usage.input_tokens, usage.output_tokens) == (4 + 4 + 5 + 4, 11)
    assert usage.tokens_estimated


async def test_a_model_without_a_price_is_marked_and_costs_nothing_known(
    server: LlmServer,
) -> None:
    settings = ModelSettings("my-own-model", server.base_url)
    unpriced = LanguageModel(settings, Prices(), FixedClock(AS_OF))
    server.script(text("hello"))
    usage = NodeUsage()
    completion = await unpriced.complete(HELLO, usage)
    await unpriced.close()
    assert completion.cost is None
    assert usage.price_unknown
    assert usage.token_cost == 0


@pytest.mark.parametrize(
    ("reply", "code", "retryable"),
    [
        (status(429), "llm_rate_limited", True),
        (status(500), "llm_unavailable", True),
        (status(503), "llm_unavailable", True),
        (dropped(), "llm_unavailable", True),
        (refusal(), "llm_refused", True),
        (filtered(), "llm_refused", True),
        (cut_off("half an ans"), "llm_bad_answer", True),
        (text("  "), "llm_bad_answer", True),
        (not_json(), "llm_bad_answer", True),
        (status(401), "llm_auth", False),
        (status(403), "llm_auth", False),
        (status(404), "llm_bad_request", False),
        (status(400), "llm_bad_request", False),
    ],
    ids=lambda value: str(value) if not isinstance(value, Reply) else "",
)
async def test_each_failure_has_its_code_and_makes_exactly_one_request(
    server: LlmServer, model: LanguageModel, reply: Reply, code: str, retryable: bool
) -> None:
    server.script(reply)
    with pytest.raises(AgentFailure) as failure:
        await model.complete(HELLO, NodeUsage())
    assert (failure.value.code, failure.value.retryable) == (code, retryable)
    assert len(server.requests) == 1


async def test_a_server_that_hangs_is_given_up_on_after_the_time_limit(
    server: LlmServer, impatient: LanguageModel
) -> None:
    server.script(hangs(10))
    with pytest.raises(AgentFailure, match="within 1 s") as failure:
        await impatient.complete(HELLO, NodeUsage())
    assert (failure.value.code, failure.value.retryable) == ("llm_timeout", True)
    assert len(server.requests) == 1


async def test_retry_after_is_handed_on(server: LlmServer, model: LanguageModel) -> None:
    server.script(status(429, retry_after=17))
    with pytest.raises(AgentFailure, match="wait 17 s") as failure:
        await model.complete(HELLO, NodeUsage())
    assert failure.value.retry_after_s == 17


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    nobody = LanguageModel(ModelSettings("m", "http://127.0.0.1:9/v1"), Prices(), FixedClock(AS_OF))
    with pytest.raises(AgentFailure) as failure:
        await nobody.complete(HELLO, NodeUsage())
    await nobody.close()
    assert failure.value.code == "llm_unavailable"


async def test_tokens_of_a_refused_answer_are_counted(
    server: LlmServer, model: LanguageModel
) -> None:
    server.script(cut_off("half an answer"))
    usage = NodeUsage()
    with pytest.raises(AgentFailure):
        await model.complete(HELLO, usage)
    assert (usage.input_tokens, usage.output_tokens) == (7, 3)


async def test_neither_prompt_nor_answer_nor_key_is_logged(
    server: LlmServer, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that was used before logs were configured anew keeps the old configuration.
    monkeypatch.setattr(llm, "log", structlog.get_logger())
    server.script(text("a confidential answer"))
    with structlog.testing.capture_logs() as lines:
        await model.complete(HELLO, NodeUsage())
    logged = str(lines)
    assert "llm_call" in logged
    for secret in ("confidential", "Say something", "secret-key"):
        assert secret not in logged


async def test_options_are_sent_only_when_they_are_set(
    server: LlmServer, model: LanguageModel
) -> None:
    warm = LanguageModel(
        ModelSettings("m", server.base_url, temperature=0.2, send_seed=True),
        Prices(),
        FixedClock(AS_OF),
    )
    server.script(text("a"), text("b"))
    await model.complete(HELLO, NodeUsage(), seed=5)
    await warm.complete(HELLO, NodeUsage(), seed=5)
    await warm.close()
    assert not {"temperature", "seed"} & server.requests[0].body.keys()
    assert (server.requests[1].body["temperature"], server.requests[1].body["seed"]) == (0.2, 5)


def test_a_vocabulary_is_used_only_when_it_is_already_there(tmp_path: Path) -> None:
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    assert not (tmp_path / sha1(address.encode(), usedforsecurity=False).hexdigest()).exists()
    assert TokenCounter("gpt-4o", tmp_path).count("four byte tokens") == 4
    assert TokenCounter("unheard-of").count("äöü") == 2
