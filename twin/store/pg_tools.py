"""PostgreSQL's own programs for copying a data base: pg_dump and pg_restore.

Looked for on the path, then where Debian keeps them, newest version first. The password travels in the
environment of the child, never on its command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from twin.core.errors import StoreError, ToolMissingError

_DEBIAN = Path("/usr/lib/postgresql")


def dump(url: str, target: Path) -> None:
    """Write one consistent copy of a data base in pg_dump's own format. Raises StoreError."""
    _run(_tool("pg_dump"), ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], url)


def load(url: str, source: Path) -> None:
    """Fill an empty data base from such a copy, in one transaction. Raises StoreError."""
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    name = sa.make_url(url).database or ""
    _run(_tool("pg_restore"), [*arguments, f"--dbname={name}", str(source)], url, names_data_base=True)


def list_contents(source: Path) -> int:
    """Number of entries in such a copy; raises StoreError where it cannot be read."""
    program = _tool("pg_restore")
    done = subprocess.run([program, "--list", source], capture_output=True, check=False)
    if done.returncode:
        raise _failed(Path(program).name, done.stderr)
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith(b";"))


def _run(program: str, arguments: list[str], url: str, *, names_data_base: bool = False) -> None:
    parsed = sa.make_url(url)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    places = {
        "PGHOST": parsed.host or parsed.query.get("host"),
        "PGPORT": parsed.port,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": None if names_data_base else parsed.database,
    }
    environment |= {key: str(value) for key, value in places.items() if value is not None}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, check=False)
    if done.returncode:
        raise _failed(Path(program).name, done.stderr)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        versions = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
        found = str(versions[-1]) if versions else None
    if found is None:
        raise ToolMissingError(
            f"{name} is not installed; it comes with PostgreSQL's client (Debian: postgresql-client)",
            message_zh=f"未安装 {name}；请安装 PostgreSQL 客户端（Debian：postgresql-client）",
            field="program",
            value=name,
        )
    return found


def _failed(name: str, output: bytes) -> StoreError:
    text = output.decode("utf-8", "replace").strip()[-500:]
    return StoreError(
        f"{name} failed: {text}", message_zh=f"{name} 执行失败：{text}", field="program", value=name
    )
