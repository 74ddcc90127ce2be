"""Which numbers a node draws: a seed for each node and symbol, from that of the run. Pure."""

import hashlib

SEED_RULE = 2
"""The rule of new runs. An older run, and whatever repeats it, keeps the rule it began with."""


def node_seed(run_seed: int, node_id: str, symbol: str, rule: int = SEED_RULE) -> int:
    """Return the seed of one node for one symbol, 64 bits without a sign.

    Rule 2: the first 8 bytes of SHA-256 over run seed, node id and symbol, NUL between them, which
    neither can hold. Rule 1, of runs before there was a choice: over run seed and node id.
    """
    told = f"{run_seed}:{node_id}" if rule == 1 else f"{run_seed}\0{node_id}\0{symbol}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")
