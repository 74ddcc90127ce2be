"""Secrets that have to be read again: encrypted before they reach a table."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_KEY_BYTES = 32


class CannotOpen(Exception):
    """The box was sealed with another key, for something else, or was changed."""


class SealedBox:
    """AES-256-GCM with a key of its own, derived from the installation's secret by HKDF-SHA256.

    `purpose` keeps the keys of different uses apart. Each box is bound to `context`, such as the
    id of its row, so that it cannot be moved to another one.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        derive = HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"kuber {purpose}".encode())
        self._cipher = AESGCM(derive.derive(secret.encode()))

    def seal(self, content: bytes, context: bytes) -> bytes:
        """Return `content` encrypted; twice the same content gives two different boxes."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, context)

    def open(self, box: bytes, context: bytes) -> bytes:
        """Return what was sealed; raises CannotOpen."""
        try:
            return self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("the box cannot be opened with this key") from error
