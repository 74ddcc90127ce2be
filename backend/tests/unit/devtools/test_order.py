"""The slowest files of tests come first."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from devtools import test
from tests.fixtures.order import SLOWEST, TESTS, pytest_collection_modifyitems


@dataclass
class Item:
    """Stands for a test."""

    path: Path
    name: str = ""


def test_every_file_that_is_named_is_there_and_named_once() -> None:
    assert [name for name in SLOWEST if not (TESTS / name).is_file()] == []
    assert len(set(SLOWEST)) == len(SLOWEST)


def test_slow_files_come_first_then_those_with_most_tests_and_each_keeps_its_order() -> None:
    slower, slow = (TESTS / name for name in SLOWEST[:2])
    few, many = TESTS / "a.py", TESTS / "b.py"
    items = [
        Item(few, "1"),
        Item(many, "2"),
        Item(many, "1"),
        Item(slow, "1"),
        Item(slower, "2"),
        Item(slower, "1"),
    ]
    pytest_collection_modifyitems(cast(list[pytest.Item], items))
    assert [(item.path, item.name) for item in items] == [
        (slower, "2"),
        (slower, "1"),
        (slow, "1"),
        (many, "2"),
        (many, "1"),
        (few, "1"),
    ]


def test_the_processes_of_a_layer_take_files_in_that_order() -> None:
    assert "--no-loadscope-reorder" in test._IN_TWO
