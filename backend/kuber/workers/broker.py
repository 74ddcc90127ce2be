"""How Celery's messages are carried: they only wake workers, none has to arrive."""

from kombu.transport import redis


class _WakeChannel(redis.Channel):
    """Gives back no message that was taken and not begun: the next sweep says the same.

    Kombu gives them back when it closes a connection, also one that is lost, and ends the worker
    with an AttributeError when it cannot.
    """

    do_restore = False


class WakeTransport(redis.Transport):
    """Celery's transport over Redis for messages that may get lost."""

    Channel = _WakeChannel
