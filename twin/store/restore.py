"""Bringing a backup back. Never over something that is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from twin.core.errors import ServiceUnavailableError, StoreError
from twin.store import pg_tools
from twin.store.backup import LEDGER_DUMP, LEDGER_FILE, check_backup
from twin.store.engine import shown, sqlite_path, sqlite_url
from twin.store.sealed import Manifest, file_sha256, sync

_FILES = "files/"
# In place of these nothing is put: whoever wants to go back moves them away first.
_LIVING = (LEDGER_FILE, "results.sqlite", "archive", "passwords.toml")


def restore(backup: Path, into: Path, ledger_url: str = "") -> Manifest:
    """Put a backup's files into a data folder and its ledger into a data base.

    ``ledger_url`` names the data base of a ledger that lay in PostgreSQL; it must be empty. Every
    file is compared with its seal after it was written. Raises StoreError when the backup is damaged
    or when there is a ledger (or an archive, results, passwords) at the place already.
    """
    _refuse_living(into, ledger_url)
    manifest = check_backup(backup)
    dumped = (backup / LEDGER_DUMP).is_file()
    if dumped != (bool(ledger_url) and sqlite_path(ledger_url) is None):
        raise _wrong_kind(backup, ledger_url)
    into.mkdir(parents=True, exist_ok=True)
    draft = into / ".restore.part"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for row in manifest.files:
            if row.path == LEDGER_DUMP:
                continue
            target = draft / row.path.removeprefix(_FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(backup / row.path, target)
            sync(target)
            if file_sha256(target) != row.sha256:
                raise _refusal(target, "reads back differently from what was written", "写入后读回不一致")
        if dumped:
            pg_tools.load(ledger_url, backup / LEDGER_DUMP)
        _move_in(draft, into)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def ledger_url_of(into: Path, ledger_url: str) -> str:
    """URL of the ledger of a restored data folder."""
    return ledger_url or sqlite_url(into / LEDGER_FILE)


def _move_in(draft: Path, into: Path) -> None:
    """The ledger comes last: as long as it is missing, nothing takes the folder for a whole one."""
    for path in sorted(draft.iterdir() if draft.is_dir() else (), key=lambda row: row.name == LEDGER_FILE):
        target = into / path.name
        if path.is_dir() and target.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            path.rename(target)
    sync(into)


def _refuse_living(into: Path, ledger_url: str) -> None:
    for name in _LIVING:
        if (into / name).exists():
            raise _refusal(into / name, "is there already; choose an empty folder", "已存在；请选择空文件夹")
    if not ledger_url or sqlite_path(ledger_url) is not None:
        return
    engine = sa.create_engine(ledger_url)
    try:
        tables = sa.inspect(engine).get_table_names()
    except sa.exc.OperationalError as error:
        raise ServiceUnavailableError(
            f"data base {shown(ledger_url)} cannot be reached: {error.orig}",
            message_zh=f"数据库 {shown(ledger_url)} 无法连接",
            field="ledger_url",
            value=shown(ledger_url),
        ) from None
    finally:
        engine.dispose()
    if tables:
        raise _refusal(
            shown(ledger_url), "holds tables already; name an empty data base", "已有数据表；请指定空库"
        )


def _wrong_kind(backup: Path, ledger_url: str) -> StoreError:
    if (backup / LEDGER_DUMP).is_file():
        return _refusal(
            backup, "holds a PostgreSQL ledger; name an empty data base", "为 PostgreSQL 台账；请指定空库"
        )
    return _refusal(
        backup, "holds an SQLite ledger; leave the data base out", "为 SQLite 台账；请勿指定数据库"
    )


def _refusal(place: Path | str, why: str, why_zh: str) -> StoreError:
    return StoreError(
        f"{place} {why}", message_zh=f"{place} {why_zh}", field="into", value=str(place), source=str(place)
    )
