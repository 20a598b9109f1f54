"""One password per device, made at the first start and kept in ``passwords.toml`` (mode 600).

HJ 212 sends them in clear text: they tell devices apart, they do not keep anybody out. An empty
password in the file means that any is taken.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import tomllib
from collections.abc import Iterable
from pathlib import Path

from twin.core.errors import SettingsError

# HJ 212-2017, table 3: PW has at most six characters.
PASSWORD_LENGTH = 6
_LETTERS = string.ascii_letters + string.digits
_HEAD = (
    "# Passwords (PW) of the devices, by MN. An empty one means: any is taken. Keep this file to yourself.\n"
)


def read_passwords(path: Path) -> dict[str, str]:
    """Passwords by MN; empty when there is no file. Raises SettingsError for an unreadable one."""
    try:
        rows = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, str(error)) from None
    for mn, password in rows.items():
        if not isinstance(password, str):
            raise _unreadable(path, f"{mn} = {password!r} is not a text")
    return rows


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
    if _publish(path, made, replace=bool(known)):
        return made
    return ensure_passwords(path, wanted)


def _publish(path: Path, rows: dict[str, str], *, replace: bool) -> bool:
    """Put a whole file in place; False when another process was first."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_HEAD)
        file.writelines(
            f"{json.dumps(mn)} = {json.dumps(password)}\n" for mn, password in sorted(rows.items())
        )
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
