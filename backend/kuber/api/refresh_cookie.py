"""The cookie that holds a browser's refresh token.

A browser keeps one jar for all ports of a host, so the name says which installation it is of: two
of them on one machine do not take each other's.
"""

import hashlib
import hmac
from dataclasses import dataclass

from fastapi import Request, Response

from kuber.api.container import ApiSettings
from kuber.identity.types import IssuedTokens

FORMER_NAME = "kuber_refresh"
"""Of every installation up to 0.1: read while the browser has no other, then taken back."""
_PATH = "/api/v1/auth"


def cookie_name(jwt_secret: str) -> str:
    """Return the name for the installation with this secret, which all its processes have."""
    digest = hmac.new(jwt_secret.encode(), b"name of the refresh cookie", hashlib.sha256)
    return f"{FORMER_NAME}_{digest.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class RefreshCookie:
    """The cookie as a request brings it."""

    name: str
    secure: bool
    own: str | None
    former: str | None
    """A token under the former name; another installation's, maybe."""

    @classmethod
    def of(cls, request: Request, settings: ApiSettings) -> "RefreshCookie":
        name = cookie_name(settings.jwt_secret.get_secret_value())
        cookies = request.cookies
        secure = _is_secure(request, settings)
        return cls(name, secure, cookies.get(name), cookies.get(FORMER_NAME))

    @property
    def token(self) -> str | None:
        """The refresh token of this browser."""
        return self.own or self.former

    @property
    def is_former(self) -> bool:
        """Whether `token` stands under the former name."""
        return not self.own and bool(self.former)

    def put(self, response: Response, tokens: IssuedTokens) -> None:
        """Have the browser keep the new token."""
        response.set_cookie(
            self.name,
            tokens.refresh_token,
            max_age=tokens.refresh_expires_in_s,
            path=_PATH,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def drop(self, response: Response) -> None:
        """Have the browser forget the token."""
        self._delete(response, self.name)

    def drop_former(self, response: Response) -> None:
        """Have the browser forget the one under the former name, which was this installation's."""
        self._delete(response, FORMER_NAME)

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(
            name, path=_PATH, secure=self.secure, httponly=True, samesite="strict"
        )


def _is_secure(request: Request, settings: ApiSettings) -> bool:
    """Say whether the cookie may travel over TLS only: always in production, unless the operator
    has declared a plain http address."""
    if settings.public_url:
        return settings.public_url.startswith("https://")
    return request.url.scheme == "https" or settings.environment == "production"
