"""What a full account is told to delete."""

import pytest

from kuber.identity.storage import Storage


@pytest.mark.parametrize(
    ("storage", "word"),
    [
        (Storage(pipelines=3, bars=2, answers=1, most=5), "pipelines"),
        (Storage(pipelines=2, bars=3, answers=1, most=5), "bars"),
        (Storage(pipelines=1, bars=2, answers=3, most=5), "answers"),
    ],
)
def test_the_remedy_names_what_takes_most_of_the_room(storage: Storage, word: str) -> None:
    assert storage.stored == 6
    assert word in storage.remedy
    assert sum(other in storage.remedy for other in ("pipelines", "bars", "answers")) == 1
