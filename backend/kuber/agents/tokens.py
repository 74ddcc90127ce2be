"""Counting tokens where a provider does not say how many it used."""

from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path

import tiktoken

_VOCABULARY = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_FALLBACK_ENCODING = "o200k_base"
BYTES_PER_TOKEN = 4
"""English prose takes about four bytes of UTF-8 for each token."""
MESSAGE_OVERHEAD = 4
"""Tokens that the chat format adds around each message."""


class TokenCounter:
    """Estimates token counts without any network access.

    Counts with tiktoken where its vocabulary already lies in `vocabulary_dir` (tiktoken's own
    cache folder), else takes four bytes for a token, rounded up.
    """

    def __init__(self, model: str, vocabulary_dir: Path | None = None) -> None:
        self._encoding = _offline_encoding(model, vocabulary_dir)

    def count(self, text: str) -> int:
        """Return the estimated number of tokens in `text`."""
        if self._encoding is not None:
            return len(self._encoding.encode(text, disallowed_special=()))
        return -(-len(text.encode()) // BYTES_PER_TOKEN)

    def count_messages(self, contents: Sequence[str]) -> int:
        """Return the estimated number of tokens of a conversation sent as chat messages."""
        return sum(self.count(content) + MESSAGE_OVERHEAD for content in contents)


def _offline_encoding(model: str, vocabulary_dir: Path | None) -> tiktoken.Encoding | None:
    if vocabulary_dir is None:
        return None
    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        name = _FALLBACK_ENCODING
    # Absent from its cache, tiktoken would download the vocabulary.
    cached = vocabulary_dir / _cache_name(_VOCABULARY.format(name=name))
    return tiktoken.get_encoding(name) if cached.exists() else None


def _cache_name(address: str) -> str:
    """Return the file name under which tiktoken caches a vocabulary."""
    return sha1(address.encode(), usedforsecurity=False).hexdigest()
