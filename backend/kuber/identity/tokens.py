"""Access tokens (signed, short-lived) and refresh tokens (random, kept as hashes)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from kuber.identity.errors import NotSignedIn, TokenExpired
from kuber.identity.types import SessionId
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId, new_id

_ALGORITHM = "HS256"
_ISSUER = "kuber"
_AUDIENCE = "kuber-api"
_CLAIMS = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a good access token says."""

    user_id: UserId
    session_id: SessionId
    expires_at: datetime


class AccessTokens:
    """Signs and reads access tokens: JWT, HS256, claims iss, aud, sub, sid, jti, iat, exp."""

    def __init__(self, secret: str, lifetime_s: int, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self.lifetime_s = lifetime_s

    def issue(self, user_id: UserId, session_id: SessionId) -> str:
        """Return a token that speaks for the user through this session from now on."""
        now = self._clock.now()
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(new_id()),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self.lifetime_s)).timestamp()),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> AccessClaims:
        """Return the claims of a token of ours; raises TokenExpired or NotSignedIn."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                # The library would ask the machine's clock; ours decides below.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
            user_id, session_id = UUID(claims["sub"]), UUID(claims["sid"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise NotSignedIn("The access token is not one of ours.") from error
        if self._clock.now() >= expires_at:
            raise TokenExpired("The access token has expired; refresh it.")
        return AccessClaims(UserId(user_id), SessionId(session_id), expires_at)


def new_refresh_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def refresh_token_hash(token: str) -> bytes:
    """Return what is stored of a refresh token; it is random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()
