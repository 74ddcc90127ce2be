"""Checks what the product is built from: licences and known advisories, without a network.

Run as `python -m devtools.dependencies`.
"""

import sys
from datetime import UTC, datetime

from devtools import advisories, licences
from devtools.locks import all_locked


def main() -> int:
    """Print how old the data is and what is wrong; return the exit code."""
    packages = all_locked()
    known = advisories.read_advisories()
    state = advisories.read_state(advisories.STATE.read_text())
    found = [
        *licences.problems(
            packages,
            licences.installed_licences(),
            licences.read_lists(licences.LISTS.read_text()),
        ),
        *advisories.problems(packages, known, state),
    ]
    print(advisories.age_in_words(state, datetime.now(UTC).date(), len(known)))
    for (advisory, package), reason in state.accepted.items():
        print(f"Accepted: {advisory} in {package}: {reason}")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
