"""People who may act, in ``operators.toml`` (mode 600): name, role, SHA-256 of their token.

A token is shown once, when it is made, and kept nowhere. Tokens have 256 random bits, so their plain
hash cannot be turned round; passwords of people's own choice would need more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.core.actor import Actor, Role
from twin.core.errors import ConflictError, NotFoundError, SettingsError

OPERATORS_FILE = "operators.toml"
# The house itself acts under this name.
SYSTEM = "system"
_NAME = re.compile(r"[\w.-]{1,32}")
_HEAD = (
    "# People who may act, with the SHA-256 of their tokens. Made by: park-twin operator add. "
    "Keep this file to yourself.\n"
)
_OTHERS = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One person of the file; ``token_sha256`` in hexadecimal digits."""

    name: str
    role: Role
    token_sha256: str

    @property
    def fingerprint(self) -> str:
        """Tells tokens apart in the book of acts without giving even their hash away."""
        return hashlib.sha256(self.token_sha256.encode()).hexdigest()[:16]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def read_operators(path: Path) -> tuple[Operator, ...]:
    """People of the file, by name; none when there is no file.

    Raises SettingsError for a file that cannot be understood or that others than its owner may open.
    """
    try:
        mode = path.stat().st_mode
        rows = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(path, str(error)) from None
    if mode & _OTHERS:
        raise _unusable(path, f"its mode is {mode & 0o777:o}; expected 600 (chmod 600 {path.name})")
    try:
        people = {name: _Row.model_validate(row) for name, row in rows.items()}
    except ValidationError as error:
        raise _unusable(path, str(error.errors(include_url=False, include_input=False)[0])) from None
    return tuple(
        Operator(name=_named(name), role=row.role, token_sha256=row.token_sha256)
        for name, row in sorted(people.items())
    )


def add_operator(path: Path, name: str, role: Role) -> str:
    """Enter a person; the token, which is kept nowhere. Raises ConflictError for a name that is taken."""
    known = read_operators(path)
    if _named(name) == SYSTEM or any(row.name == name for row in known):
        raise ConflictError(
            f"operator {name!r} exists already; remove it first to give it a new token",
            message_zh=f"操作员 {name!r} 已存在；如需新令牌请先删除",
            field="name",
            value=name,
        )
    token = secrets.token_urlsafe(32)
    _write(path, [*known, Operator(name=name, role=role, token_sha256=hash_of(token))])
    return token


def remove_operator(path: Path, name: str) -> None:
    """Strike a person out. Raises NotFoundError."""
    known = read_operators(path)
    rest = [row for row in known if row.name != name]
    if len(rest) == len(known):
        raise NotFoundError(
            f"there is no operator {name!r}", message_zh=f"没有操作员 {name!r}", field="name", value=name
        )
    _write(path, rest)


def hash_of(token: str) -> str:
    """SHA-256 of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find_actor(people: Iterable[Operator], token: str) -> Actor | None:
    """Who has this token; looks at all of them in constant time."""
    told = hash_of(token)
    found = None
    for row in people:
        if hmac.compare_digest(row.token_sha256, told):
            found = Actor(name=row.name, role=row.role)
    return found


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"operator name {name!r}; expected 1 to 32 letters, digits, '.', '_' or '-'",
            message_zh=f"操作员名称 {name!r} 不可用；应为 1 至 32 个文字、数字、“.”、“_” 或 “-”",
            field="name",
            value=name,
        )
    return name


def _write(path: Path, people: Iterable[Operator]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(_HEAD)
        for row in sorted(people, key=lambda row: row.name):
            head = json.dumps(row.name, ensure_ascii=False)
            out.write(f'\n[{head}]\nrole = "{row.role}"\ntoken_sha256 = "{row.token_sha256}"\n')
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"operators file {path} cannot be used: {why}",
        message_zh=f"操作员文件 {path} 无法使用：{why}",
        field="operators_file",
        value=str(path),
        source=str(path),
    )
