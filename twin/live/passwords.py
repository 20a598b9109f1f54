"""One password per device, made at the first start and kept in ``passwords.toml`` (mode 600).

HJ 212 sends them in clear text: they tell devices apart, they do not keep anybody out. An empty
password in the file means that any is taken.

The same file holds the SM4 keys of devices that encrypt (HJ 212-2025), in the table ``[sm4_keys]``:
``"<MN>" = "<key>"`` or, after a change of key, a list with the present one first (what was stored
before must stay readable). A key has 16 ASCII characters or 32 hexadecimal digits.

The table ``[changes]`` holds what a station may have taken already (1072, 1014) and no frame has shown
yet: it is written before the command goes out (``twin.live.secret_changes``).
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sensors.hj212.sm4 import key_of
from twin.core.errors import SettingsError

# HJ 212-2017, table 3: PW has at most six characters.
PASSWORD_LENGTH = 6
KEYS_TABLE = "sm4_keys"
CHANGES_TABLE = "changes"
_LETTERS = string.ascii_letters + string.digits
_HEAD = (
    "# Passwords (PW) of the devices, by MN. An empty one means: any is taken. Keep this file to yourself.\n"
)


What = Literal["password", "sm4_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A password, or a key in hexadecimal digits, that a device may be using.

    ``drop_after_ms``: from then on a frame under an older one means that this one was not taken.
    """

    what: What
    text: str
    drop_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsFile:
    """The whole file, by MN. ``keys``: present one first. ``changes``: oldest candidate first."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)


def read_secrets(path: Path) -> SecretsFile:
    """What the file holds; nothing when there is none. Raises SettingsError for an unreadable one."""
    rows = _read(path)
    passwords = {mn: password for mn, password in rows.items() if isinstance(password, str)}
    odd = [mn for mn in rows if mn not in passwords and mn not in (KEYS_TABLE, CHANGES_TABLE)]
    if odd:
        raise _unreadable(path, f"what stands behind {odd[0]} is not a text")
    return SecretsFile(passwords=passwords, keys=_key_words(path, rows), changes=_changes(path, rows))


def write_secrets(path: Path, secrets_file: SecretsFile) -> None:
    """Put a whole file in place, durable when this returns. Raises SettingsError. For ``ingest`` alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _publish(path, secrets_file, replace=True)
    except OSError as error:
        raise SettingsError(
            f"passwords file {path} cannot be written: {error.strerror}",
            message_zh=f"密码文件 {path} 无法写入：{error.strerror}",
            field="passwords_file",
            value=str(path),
        ) from None


def read_passwords(path: Path) -> dict[str, str]:
    """Passwords by MN; empty when there is no file. Raises SettingsError for an unreadable one."""
    return dict(read_secrets(path).passwords)


def read_sm4_keys(path: Path) -> dict[str, tuple[bytes, ...]]:
    """SM4 keys by MN, the present one first, candidates and old ones behind it.

    Raises SettingsError for what is not a key.
    """
    known = read_secrets(path)
    words = dict(known.keys)
    for mn, rows in known.changes.items():
        tried = [row.text for row in rows if row.what == "sm4_key" and row.text]
        words[mn] = tuple(dict.fromkeys((*words.get(mn, ())[:1], *tried, *words.get(mn, ())[1:])))
    keys = {}
    for mn, texts in words.items():
        try:
            keys[mn] = tuple(key_of(word) for word in texts)
        except SettingsError as error:
            raise _unreadable(path, f"key of {mn}: {error.message}") from None
    return {mn: row for mn, row in keys.items() if row}


def set_password(path: Path, mn: str, password: str) -> None:
    """Make ``password`` that of a device, which has taken it. Raises SettingsError. For ``ingest`` alone."""
    known = read_secrets(path)
    write_secrets(path, dataclasses.replace(known, passwords={**known.passwords, mn: password}))


def set_sm4_key(path: Path, mn: str, key: bytes) -> None:
    """Make ``key`` the present key of a device; those that it had stay behind it, for what is stored.

    Raises SettingsError. For ``ingest`` alone.
    """
    known = read_secrets(path)
    write_secrets(
        path, dataclasses.replace(known, keys={**known.keys, mn: with_key(known.keys.get(mn, ()), key)})
    )


def with_key(words: tuple[str, ...], key: bytes) -> tuple[str, ...]:
    """Keys of a device with another present one."""
    return (key.hex(), *(old for old in words if key_of(old) != key))


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, str(error)) from None


def _key_words(path: Path, rows: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    table = rows.get(KEYS_TABLE, {})
    if not isinstance(table, dict):
        raise _unreadable(path, f"[{KEYS_TABLE}] is not a table")
    words = {}
    for mn, given in table.items():
        row = [given] if isinstance(given, str) else given
        if not isinstance(row, list) or not all(isinstance(word, str) for word in row):
            raise _unreadable(path, f"[{KEYS_TABLE}] {mn} is neither a text nor a list of texts")
        words[mn] = tuple(row)
    return words


def _changes(path: Path, rows: Mapping[str, object]) -> dict[str, tuple[Candidate, ...]]:
    table = rows.get(CHANGES_TABLE, {})
    try:
        if not isinstance(table, dict):
            raise TypeError
        return {mn: tuple(_candidate(row) for row in given) for mn, given in table.items()}
    except (TypeError, ValueError, KeyError):
        raise _unreadable(
            path, f"[{CHANGES_TABLE}] does not hold lists of what, text, drop_after_ms"
        ) from None


def _candidate(row: Mapping[str, object]) -> Candidate:
    what, text, drop_after_ms = row["what"], row["text"], row["drop_after_ms"]
    if not isinstance(text, str) or not isinstance(drop_after_ms, int):
        raise TypeError
    if what == "password":
        return Candidate(what="password", text=text, drop_after_ms=drop_after_ms)
    if what == "sm4_key":
        return Candidate(what="sm4_key", text=text, drop_after_ms=drop_after_ms)
    raise ValueError


def ensure_passwords(path: Path, mns: Iterable[str]) -> dict[str, str]:
    """Passwords of these devices (and of all others in the file); missing ones are made.

    Two processes may do this at the same time at the first start: the first file wins. Later
    additions are for ``ingest`` alone.
    """
    wanted = sorted(set(mns))
    file = read_secrets(path)
    known = dict(file.passwords)
    missing = [mn for mn in wanted if mn not in known]
    if not missing:
        return known
    made = known | {mn: "".join(secrets.choice(_LETTERS) for _ in range(PASSWORD_LENGTH)) for mn in missing}
    path.parent.mkdir(parents=True, exist_ok=True)
    if _publish(path, dataclasses.replace(file, passwords=made), replace=bool(known or file.keys)):
        return made
    return ensure_passwords(path, wanted)


def _publish(path: Path, file: SecretsFile, *, replace: bool) -> bool:
    """Put a whole file in place, synced to the disk; False when another process was first."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.writelines(_lines(file))
        out.flush()
        os.fsync(out.fileno())
    try:
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _lines(file: SecretsFile) -> Iterator[str]:
    yield _HEAD
    for mn, password in sorted(file.passwords.items()):
        yield f"{_quoted(mn)} = {_quoted(password)}\n"
    if file.keys:
        yield f"\n[{KEYS_TABLE}]\n"
    for mn, words in sorted(file.keys.items()):
        yield f"{_quoted(mn)} = [{', '.join(map(_quoted, words))}]\n"
    if file.changes:
        yield f"\n# Sent to a device; whether it took them is not known yet.\n[{CHANGES_TABLE}]\n"
    for mn, rows in sorted(file.changes.items()):
        yield f"{_quoted(mn)} = [{', '.join(map(_table, rows))}]\n"


def _table(row: Candidate) -> str:
    what, text = _quoted(row.what), _quoted(row.text)
    return f"{{ what = {what}, text = {text}, drop_after_ms = {row.drop_after_ms} }}"


def _quoted(text: str) -> str:
    """A text of JSON is one of TOML, but for DEL."""
    return json.dumps(text).replace("\x7f", "\\u007f")


def _unreadable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f'passwords file {path} cannot be used: {why}; expected lines of the form "<MN>" = "<password>"',
        message_zh=f'密码文件 {path} 无法使用：{why}；每行应为 "<MN>" = "<密码>"',
        field="passwords_file",
        value=str(path),
        source=str(path),
    )
