"""Talking to a language model: any server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import structlog
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
)
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from kuber.agents.base import AgentFailure, HostUnavailable, NodeUsage, ServiceFailure
from kuber.agents.chat import Completion, Message
from kuber.agents.ports import PriceList
from kuber.agents.tokens import TokenCounter
from kuber.infra.breakers import Breaker, BreakerLimits, BreakerOpen, host_of
from kuber.kernel.clock import Clock

OPENAI_URL = "https://api.openai.com/v1"
_DOWN = frozenset({"llm_timeout", "llm_rate_limited", "llm_unavailable"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model to call, where, and how long to wait for it.

    `base_url` empty means OpenAI itself. `timeout_s` limits one whole call. `temperature` and
    `seed` are sent only when set: some models refuse them.
    """

    model: str
    base_url: str = ""
    api_key: str = ""
    timeout_s: float = 60.0
    temperature: float | None = None
    send_seed: bool = False
    vocabulary_dir: Path | None = None
    """tiktoken's cache folder; used only with a vocabulary that is already there."""


class LanguageModel:
    """One configured model. Safe to share between runs on one event loop.

    Makes exactly one HTTP request for each call: retries belong to the orchestrator.
    Never logs prompts, answers or keys.
    """

    def __init__(
        self,
        settings: ModelSettings,
        prices: PriceList,
        clock: Clock,
        limits: BreakerLimits | None = None,
    ) -> None:
        self._settings = settings
        self._breaker = Breaker(host_of(settings.base_url or OPENAI_URL), clock, limits)
        self._prices = prices
        self._clock = clock
        self._counter = TokenCounter(settings.model, settings.vocabulary_dir)
        self._client = AsyncOpenAI(
            base_url=settings.base_url or OPENAI_URL,
            api_key=settings.api_key or "none-needed",
            timeout=settings.timeout_s,
            max_retries=0,
        )

    @property
    def model(self) -> str:
        return self._settings.model

    async def complete(
        self, messages: Sequence[Message], usage: NodeUsage, *, seed: int | None = None
    ) -> Completion:
        """Return the model's answer and add what it consumed to `usage`.

        Raises AgentFailure with one of the codes llm_timeout, llm_rate_limited,
        llm_unavailable, llm_refused, llm_bad_answer, llm_auth, llm_bad_request, or HostUnavailable
        while the provider's breaker is open. Tokens of an answer that is then refused are still
        counted: the provider charges for them.
        """
        try:
            with self._breaker.call(_is_down):
                response = await self._request(messages, seed)
        except BreakerOpen as refused:
            raise HostUnavailable(refused.host, refused.until) from refused
        completion = self._metered(response, messages)
        _add(usage, completion)
        log.info(
            "llm_call",
            model=self.model,
            input_tokens=completion.input_tokens,
            output_tokens=completion.output_tokens,
            estimated=completion.estimated,
        )
        _refuse_unusable(response)
        return completion

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._client.close()

    async def _request(self, messages: Sequence[Message], seed: int | None) -> ChatCompletion:
        options: dict[str, Any] = {}
        if self._settings.temperature is not None:
            options["temperature"] = self._settings.temperature
        if self._settings.send_seed and seed is not None:
            options["seed"] = seed % 2**31
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await self._client.chat.completions.create(
                    model=self.model,
                    messages=cast("list[ChatCompletionMessageParam]", list(messages)),
                    **options,
                )
        except TimeoutError as error:
            raise self._timed_out() from error
        except APIError as error:
            raise self._failure(error) from error
        except ValueError as error:  # a body that is no JSON
            raise _bad_answer("its reply is not JSON") from error
        if not isinstance(response, ChatCompletion) or not response.choices:
            raise _bad_answer("its reply holds no answer")
        return response

    def _metered(self, response: ChatCompletion, messages: Sequence[Message]) -> Completion:
        text = response.choices[0].message.content or ""
        reported = response.usage
        if reported is not None:
            counts = (reported.prompt_tokens or 0, reported.completion_tokens or 0)
        else:
            counts = (
                self._counter.count_messages([message["content"] for message in messages]),
                self._counter.count(text),
            )
        return Completion(text, *counts, reported is None, self._cost(*counts))

    def _cost(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        price = self._prices.price(self.model, self._clock.now())
        if price is None:
            return None
        return price.cost(input_tokens, output_tokens)

    def _timed_out(self) -> AgentFailure:
        return ServiceFailure(
            "llm_timeout",
            f"The language model {self.model} did not answer within"
            f" {self._settings.timeout_s:g} s.",
            retryable=True,
            remedy="Run again later, or raise the time limit for model calls.",
        )

    def _failure(self, error: APIError) -> AgentFailure:
        """Return what an error of the SDK means for the run."""
        if isinstance(error, APITimeoutError):
            return self._timed_out()
        if isinstance(error, APIConnectionError):
            return _unavailable(f"The connection to the language model {self.model} broke.")
        if isinstance(error, APIStatusError):
            return self._status_failure(error)
        return _bad_answer("its reply cannot be read")

    def _status_failure(self, error: APIStatusError) -> AgentFailure:
        status = error.status_code
        who = f"The language model {self.model}"
        if status == 408:
            return self._timed_out()
        if status == 429:
            wait_s = _retry_after(error)
            hint = f" It asks to wait {wait_s:g} s." if wait_s is not None else ""
            return ServiceFailure(
                "llm_rate_limited",
                f"{who} takes no more calls at the moment (429).{hint}",
                retryable=True,
                retry_after_s=wait_s,
                remedy="Wait, or raise the limits of your account with the provider.",
            )
        if status in (401, 403):
            return ServiceFailure(
                "llm_auth",
                f"{who} refused the key ({status}).",
                remedy="Check KUBER_LLM_API_KEY and that the account may use this model.",
            )
        if status >= 500 or status == 409:
            return _unavailable(f"{who} failed with an error of its own ({status}).")
        return ServiceFailure(
            "llm_bad_request",
            f"{who} did not accept the request ({status}).",
            remedy="Check KUBER_LLM_MODEL and KUBER_LLM_BASE_URL.",
        )


def _is_down(error: Exception) -> bool:
    """Return whether an error speaks against the provider, not against one request."""
    return isinstance(error, ServiceFailure) and error.code in _DOWN


def _add(usage: NodeUsage, completion: Completion) -> None:
    usage.input_tokens += completion.input_tokens
    usage.output_tokens += completion.output_tokens
    usage.tokens_estimated = usage.tokens_estimated or completion.estimated
    if completion.cost is None:
        usage.price_unknown = True
    else:
        usage.token_cost += completion.cost


def _refuse_unusable(response: ChatCompletion) -> None:
    """Raise AgentFailure for an answer that is a refusal, cut off or empty."""
    choice = response.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ServiceFailure(
            "llm_refused",
            "The language model refused to answer.",
            retryable=True,
            remedy="Run again, choose another model, or use the rule engine.",
        )
    if choice.finish_reason == "length":
        raise _bad_answer("its answer was cut off")
    if not (choice.message.content or "").strip():
        raise _bad_answer("its answer is empty")


def _bad_answer(why: str) -> AgentFailure:
    return ServiceFailure(
        "llm_bad_answer", f"The language model's answer cannot be used: {why}.", retryable=True
    )


def _unavailable(message: str) -> AgentFailure:
    return ServiceFailure(
        "llm_unavailable", message, retryable=True, remedy="Check the model server, run again."
    )


def _retry_after(error: APIStatusError) -> float | None:
    """Return the seconds of a Retry-After header; None when there is none in seconds."""
    try:
        wait_s = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return wait_s if 0 <= wait_s <= 3600 else None
