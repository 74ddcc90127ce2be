"""Secrets in addresses are taken out before anything can write the address down."""

import re

from starlette.types import Scope

_SECRET_KEY = "kuber.path_secret"  # noqa: S105  a name
_HIDDEN = "-"
_WITH_SECRET = re.compile(r"(/api/v1/webhooks/+[^/]+/+)(.+)", re.DOTALL)


def conceal(scope: Scope) -> None:
    """Put a dash in place of what stands behind the source in the address of a webhook.

    Done in place, so that the server's own access log, traces, our logs and error answers see
    the dash alone.
    """
    if scope["type"] != "http":
        return
    match = _WITH_SECRET.fullmatch(scope["path"])
    if match is not None:
        scope[_SECRET_KEY] = match[2]
        scope["path"] = match[1] + _HIDDEN
        scope["raw_path"] = scope["path"].encode()


def concealed_secret(scope: Scope) -> str | None:
    """Return what `conceal` took out of the address, or None."""
    secret: str | None = scope.get(_SECRET_KEY)
    return secret
