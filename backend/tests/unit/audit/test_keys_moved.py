"""The signing key moves to a folder of its own, once, and is never lost on the way."""

from pathlib import Path

import pytest

from kuber.audit.keys import KeyFile, SigningKey


@pytest.fixture
def before(tmp_path: Path) -> KeyFile:
    """Keys beside the checkpoints, as they were kept before."""
    made = KeyFile(tmp_path / "audit")
    made.put(SigningKey.new())
    return made


def test_both_keys_move_and_nobody_finds_them_where_they_were(
    before: KeyFile, tmp_path: Path
) -> None:
    key, following = before.read(), before.ask_for_rotation()
    keys = KeyFile(tmp_path / "keys")
    for _ in range(2):
        keys.take_over(tmp_path / "audit")
        assert (keys.read(), keys.next()) == (key, following)
    assert list((tmp_path / "audit").iterdir()) == []
    assert (tmp_path / "keys" / "signing-key").stat().st_mode & 0o077 == 0


def test_a_move_that_ended_halfway_is_ended(before: KeyFile, tmp_path: Path) -> None:
    key = before.read()
    assert key is not None
    keys = KeyFile(tmp_path / "keys")
    keys.put(key)  # written there, not deleted here
    keys.take_over(tmp_path / "audit")
    assert not before.exists
    assert keys.read() == key


def test_another_key_is_not_written_over(before: KeyFile, tmp_path: Path) -> None:
    own, keys = SigningKey.new(), KeyFile(tmp_path / "keys")
    keys.put(own)
    keys.take_over(tmp_path / "audit")
    assert keys.read() == own
    assert before.exists


def test_one_folder_for_both_stays_as_it_is(before: KeyFile, tmp_path: Path) -> None:
    key = before.read()
    before.take_over(tmp_path / "audit")
    assert before.read() == key


def test_a_folder_that_cannot_be_written_leaves_the_key_where_it_is(
    before: KeyFile, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        KeyFile(tmp_path / "file" / "keys").take_over(tmp_path / "audit")
    assert before.exists
