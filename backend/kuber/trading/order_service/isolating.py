"""Which of many makes a round fail: found by trying some of them at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence


async def culprits(
    names: Sequence[str],
    failure_with: Callable[[frozenset[str]], Awaitable[Exception | None]],
) -> Mapping[str, Exception] | None:
    """Return those with which a round fails that succeeds with all the others, each with its
    error; None when a round fails without any of them.

    failure_with: tries a round in which only these take part. About 2 log2(n) trials for each.
    """
    if await failure_with(frozenset()) is not None:
        return None
    good: set[str] = set()
    bad: dict[str, Exception] = {}
    groups = [list(names)] if names else []
    while groups:
        group = groups.pop()
        failure = await failure_with(frozenset(good.union(group)))
        if failure is None:
            good.update(group)
        elif len(group) == 1:
            bad[group[0]] = failure
        else:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
    return bad
