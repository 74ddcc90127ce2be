"""Failures of signing up, signing in and staying signed in."""

from uuid import UUID

from kuber.kernel.errors import ErrorKind, KuberError
from kuber.kernel.ids import UserId


class IdentityError(KuberError):
    """Base of this package's errors."""


class InvalidAccount(IdentityError):
    """The e-mail address or the password cannot be used for an account."""

    code = "invalid"
    title = "The account cannot be created"


class EmailTaken(IdentityError):
    """There is an account with this e-mail address."""

    kind = ErrorKind.CONFLICT
    code = "email_taken"
    title = "The e-mail address is taken"


class BadCredentials(IdentityError):
    """The e-mail address and the password do not belong together."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "bad_credentials"
    title = "Signing in failed"
    usual_remedy = "Correct the address or the password."


class NotSignedIn(IdentityError):
    """There is no token, or one that was never good."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "not_signed_in"
    title = "Not signed in"


class TokenExpired(IdentityError):
    """The access token has run out; a refresh gives a new one."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "token_expired"
    title = "The access token has expired"
    usual_remedy = "Refresh the access token."


class SessionEnded(IdentityError):
    """The session was signed out, ran out or was revoked; only a new log-in helps."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "session_ended"
    title = "The session has ended"
    usual_remedy = "Sign in again."


class TokenUsedTwice(SessionEnded):
    """A refresh token was in two hands; its session was revoked."""

    def __init__(self, detail: str, user_id: UserId, session_id: UUID) -> None:
        super().__init__(detail)
        self.user_id = user_id
        self.session_id = session_id


class AccountDisabled(IdentityError):
    """The account was switched off by an administrator."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "account_disabled"
    title = "The account is disabled"
    usual_remedy = "Ask an administrator to enable the account."


class RateLimited(IdentityError):
    """Too many attempts; `retry_after_s` says when the next one is taken."""

    kind = ErrorKind.RATE_LIMITED
    code = "rate_limited"
    title = "Too many attempts"


class AdminOnly(IdentityError):
    """The caller is signed in, but has not the role that this needs."""

    kind = ErrorKind.FORBIDDEN
    code = "admin_only"
    title = "This is for administrators"
    usual_remedy = "Ask an administrator to do it."


class QuotaReached(IdentityError):
    """The account holds as much as it may; `problems` name the limit and what makes room."""

    kind = ErrorKind.CONFLICT
    code = "quota_reached"
    title = "A limit of your account is reached"


class KeyEnded(IdentityError):
    """The API key was revoked or has expired."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "api_key_ended"
    title = "The API key does not work any more"
    usual_remedy = "Make a new API key in the account's settings."


class KeyNotTaken(IdentityError):
    """What was asked for is for signed-in people; no scope opens it."""

    kind = ErrorKind.FORBIDDEN
    code = "api_key_not_taken"
    title = "An API key does not reach this"
    usual_remedy = "Sign in, and send the access token."


class MissingScope(IdentityError):
    """The API key is good, but was not made for this."""

    kind = ErrorKind.FORBIDDEN
    code = "missing_scope"
    title = "The API key does not allow this"


class KeyNotFound(IdentityError):
    """The user has no such API key."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such API key"
    usual_remedy = "Choose an API key of your list."


class BadKeyRequest(IdentityError):
    """An API key as it was asked for would be of no use."""

    code = "invalid"
    title = "The API key cannot be made"
