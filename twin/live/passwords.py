"""One password per device, made at the first start and kept in ``passwords.toml`` (mode 600).

HJ 212 sends them in clear text: they tell devices apart, they do not keep anybody out. An empty
password in the file means that any is taken.

The same file holds the SM4 keys of devices that encrypt (HJ 212-2025), in the table ``[sm4_keys]``:
``"<MN>" = "<key>"`` or, after a change of key, a list with the present one first (what was stored
before must stay readable). A key has 16 ASCII characters or 32 hexadecimal digits.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from sensors.hj212.sm4 import key_of
from twin.core.errors import SettingsError

# HJ 212-2017, table 3: PW has at most six characters.
PASSWORD_LENGTH = 6
KEYS_TABLE = "sm4_keys"
_LETTERS = string.ascii_letters + string.digits
_HEAD = (
    "# Passwords (PW) of the devices, by MN. An empty one means: any is taken. Keep this file to yourself.\n"
)


def read_passwords(path: Path) -> dict[str, str]:
    """Passwords by MN; empty when there is no file. Raises SettingsError for an unreadable one."""
    rows = _read(path)
    passwords = {mn: password for mn, password in rows.items() if isinstance(password, str)}
    for mn, password in rows.items():
        if mn not in passwords and mn != KEYS_TABLE:
            raise _unreadable(path, f"{mn} = {password!r} is not a text")
    return passwords


def read_sm4_keys(path: Path) -> dict[str, tuple[bytes, ...]]:
    """SM4 keys by MN, the present one first. Raises SettingsError for what is not a key."""
    keys = {}
    for mn, words in _key_words(path).items():
        try:
            keys[mn] = tuple(key_of(word) for word in words)
        except SettingsError as error:
            raise _unreadable(path, f"key of {mn}: {error.message}") from None
    return keys


def set_password(path: Path, mn: str, password: str) -> None:
    """Make ``password`` that of a device, which has taken it. Raises SettingsError. For ``ingest`` alone."""
    rows = read_passwords(path) | {mn: password}
    path.parent.mkdir(parents=True, exist_ok=True)
    _publish(path, rows, _key_words(path), replace=path.exists())


def set_sm4_key(path: Path, mn: str, key: bytes) -> None:
    """Make ``key`` the present key of a device; those that it had stay behind it, for what is stored.

    Raises SettingsError. For ``ingest`` alone.
    """
    passwords, words = read_passwords(path), _key_words(path)
    word = key.hex()
    before = [old for old in words.get(mn, ()) if key_of(old) != key]
    path.parent.mkdir(parents=True, exist_ok=True)
    _publish(path, passwords, words | {mn: (word, *before)}, replace=path.exists())


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, str(error)) from None


def _key_words(path: Path) -> dict[str, tuple[str, ...]]:
    table = _read(path).get(KEYS_TABLE, {})
    if not isinstance(table, dict):
        raise _unreadable(path, f"[{KEYS_TABLE}] is not a table")
    words = {}
    for mn, given in table.items():
        row = [given] if isinstance(given, str) else given
        if not isinstance(row, list) or not all(isinstance(word, str) for word in row):
            raise _unreadable(path, f"[{KEYS_TABLE}] {mn} is neither a text nor a list of texts")
        words[mn] = tuple(row)
    return words


def ensure_passwords(path: Path, mns: Iterable[str]) -> dict[str, str]:
    """Passwords of these devices (and of all others in the file); missing ones are made.

    Two processes may do this at the same time at the first start: the first file wins. Later
    additions are for ``ingest`` alone.
    """
    wanted = sorted(set(mns))
    known = read_passwords(path)
    missing = [mn for mn in wanted if mn not in known]
    if not missing:
        return known
    made = known | {mn: "".join(secrets.choice(_LETTERS) for _ in range(PASSWORD_LENGTH)) for mn in missing}
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = _key_words(path)
    if _publish(path, made, keys, replace=bool(known or keys)):
        return made
    return ensure_passwords(path, wanted)


def _publish(
    path: Path, rows: Mapping[str, str], keys: Mapping[str, tuple[str, ...]], *, replace: bool
) -> bool:
    """Put a whole file in place; False when another process was first."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_HEAD)
        file.writelines(
            f"{json.dumps(mn)} = {json.dumps(password)}\n" for mn, password in sorted(rows.items())
        )
        if keys:
            file.write(f"\n[{KEYS_TABLE}]\n")
            file.writelines(f"{json.dumps(mn)} = {json.dumps(words)}\n" for mn, words in sorted(keys.items()))
    try:
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _unreadable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f'passwords file {path} cannot be used: {why}; expected lines of the form "<MN>" = "<password>"',
        message_zh=f'密码文件 {path} 无法使用：{why}；每行应为 "<MN>" = "<密码>"',
        field="passwords_file",
        value=str(path),
        source=str(path),
    )
