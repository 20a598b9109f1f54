"""Passwords: made once, kept, for the owner's eyes only."""

from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from twin.core.errors import SettingsError
from twin.live.passwords import PASSWORD_LENGTH, ensure_passwords, read_passwords
from twin.live.registry import SceneRegistry

MNS = ["A1", "88888880000001", "odd_name-1"]


def test_each_device_gets_its_own_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "var" / "passwords.toml"
    made = ensure_passwords(path, MNS)
    assert set(made) == set(MNS)
    assert len(set(made.values())) == len(MNS)
    assert all(len(word) == PASSWORD_LENGTH and word.isalnum() for word in made.values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_passwords(path, MNS) == read_passwords(path) == made
    assert [row.name for row in path.parent.iterdir()] == ["passwords.toml"]


def test_a_new_device_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "passwords.toml"
    made = ensure_passwords(path, MNS)
    more = ensure_passwords(path, ["NEW"])
    assert {mn: more[mn] for mn in MNS} == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "NEW" in read_passwords(path)


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    path = tmp_path / "passwords.toml"
    with ProcessPoolExecutor(4) as pool:
        answers = list(pool.map(ensure_passwords, [path] * 12, [MNS] * 12))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("text", ["A1 = 5", "not toml", "[A1]\nx = 'y'"])
def test_a_broken_file_is_told_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwords.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="passwords file"):
        ensure_passwords(path, MNS)
    assert path.read_text() == text


def test_an_empty_password_takes_any() -> None:
    registry = SceneRegistry((), {"A1": "", "B1": "secret"})
    assert registry.password("A1") is None
    assert registry.password("B1") == "secret"
    assert registry.password("C1") is None
    assert registry.device("A1") is None
