"""A language model as agents see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol, TypedDict

from kuber.agents.usage import NodeUsage


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer and what it consumed; `cost` is in USD, None when the price is not known."""

    text: str
    input_tokens: int
    output_tokens: int
    estimated: bool
    cost: Decimal | None


class ChatModel(Protocol):
    """One configured language model; `kuber.agents.llm.LanguageModel` is the real one."""

    @property
    def model(self) -> str:
        """The model's name with its provider."""
        ...

    async def complete(
        self, messages: Sequence[Message], usage: NodeUsage, *, seed: int | None = None
    ) -> Completion:
        """Return the model's answer and add what it consumed to `usage`; raises AgentFailure."""
        ...
