"""How much one connection may send, and how long it may take."""

import resource
from dataclasses import dataclass

DESCRIPTORS_KEPT = 200
"""Descriptors that connections may not use: files, databases, children."""


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """Limits of the HTTP server, all of them per connection unless they say otherwise."""

    head_bytes: int = 32_768
    """Request line and headers together."""
    head_s: float = 10.0
    """From the first byte of a request (or from the connection) to the end of its headers."""
    body_gap_s: float = 15.0
    """Between two pieces of a body."""
    body_bytes_per_s: int = 8_192
    """Slowest body, once `body_gap_s` have passed."""
    body_overhead_bytes: int = 65_536
    """Chunk headers, chunk extensions and trailers beyond eight times the body itself."""
    rest_s: float = 5.0
    """How long the rest of a body may come after its request was answered."""
    idle_s: float = 15.0
    """Between the end of an answer and the next request."""
    write_s: float = 30.0
    """How long a client may leave its answer unread."""
    answer_bytes_per_s: int = 8_192
    """Slowest reading of an answer that waits, in each `write_s`."""
    sweep_s: float = 1.0
    """How often times are looked at."""
    pipelined: int = 16
    """Requests sent before the first of them is answered."""
    connections: int = 4096
    """All connections of the process."""
    per_address: int = 256
    """Connections of one client address; trusted proxies and the unix socket are exempt."""


def usable_connections(wanted: int) -> int:
    """Return how many connections the process can hold, having raised its limit of open files.

    Raises the soft limit of descriptors to the hard one, and leaves DESCRIPTORS_KEPT of them (or a
    quarter, where there are few) to everything else.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - min(DESCRIPTORS_KEPT, soft // 4)))
