"""Errors about notices and the ways to send them."""

from kuber.kernel.errors import ErrorKind, KuberError


class NoticeNotFound(KuberError):
    """There is no such notice, or it is somebody else's."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such notice"


class ChannelNotReady(KuberError):
    """The channel cannot send anything to this user yet."""

    kind = ErrorKind.CONFLICT
    code = "channel_not_ready"
    title = "The channel cannot be used yet"
    usual_remedy = "Confirm the channel's address in the notification settings."


class WrongCode(KuberError):
    """The code is not the one that was sent, or it is too old."""

    code = "wrong_code"
    title = "The address was not confirmed"


class TooManyMails(KuberError):
    """The user asked for as many mails as may be in an hour."""

    kind = ErrorKind.RATE_LIMITED
    code = "too_many_mails"
    title = "Too many mails"


class AlwaysInApp(KuberError):
    """An alarm cannot be switched off in the app."""

    code = "always_in_app"
    title = "The kind cannot be switched off"
