"""What a request brings to say who sends it: an access token or an API key."""

from dataclasses import dataclass

from starlette.types import Scope

from kuber.identity.api_keys.types import KEY_START
from kuber.identity.tokens import AccessClaims

KEY_HEADER = "X-API-Key"
_STATE = "credentials"


@dataclass(slots=True)
class Credentials:
    """A token or a key as it was sent; a token whose signature was checked has `claims`."""

    token: str
    is_key: bool
    claims: AccessClaims | None = None


def credentials_of(scope: Scope) -> Credentials | None:
    """Return what a request presents, read once: all who ask get the same object.

    `Authorization: Bearer` comes before `X-API-Key`; of a header that comes twice the first counts.
    """
    state = scope.setdefault("state", {})
    if _STATE not in state:
        state[_STATE] = _read(scope)
    found: Credentials | None = state[_STATE]
    return found


def _read(scope: Scope) -> Credentials | None:
    token = key = ""
    for name, value in scope["headers"]:
        if name == b"authorization" and not token:
            scheme, _, written = value.decode("latin-1").partition(" ")
            token = written.strip() if scheme.lower() == "bearer" else ""
        elif name == b"x-api-key" and not key:
            key = value.decode("latin-1").strip()
    if token:
        return Credentials(token, is_key=token.startswith(KEY_START))
    return Credentials(key, is_key=True) if key else None
