"""How Celery's messages are carried: they only wake workers, none of them has to arrive."""

from kombu.transport.redis import Channel


def never_restore() -> None:
    """Have Celery's Redis transport, in this process, give back no message that was taken and not
    begun: the next sweep says the same.

    Kombu gives them back when it closes a connection, also one that is lost, and ends the worker
    with an AttributeError when it cannot.
    """
    Channel.do_restore = False


def broker_url(redis_url: str) -> str:
    """Return the address of a Redis as Celery writes it: that of a socket has another scheme."""
    scheme, _, rest = redis_url.partition("://")
    return (
        f"redis+socket://{rest.replace('?db=', '?virtual_host=')}"
        if scheme == "unix"
        else redis_url
    )
