"""Copies of everything that a park has written, taken while it runs.

A backup is a sealed folder ``<UTC time>`` (mode 700): the ledger, the result ledger with its fields, the
archived months, the park's scene and settings, and every other file of the data folder (passwords,
operators, keys, checkpoints) with its own mode. SQLite files are copied page by page inside one read
transaction, so that the writer goes on and the copy is one moment; PostgreSQL is copied by pg_dump. A
backup has its name only when every byte was read back and the data bases in it were checked.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.core.clock import to_datetime
from twin.core.errors import StoreError
from twin.store import park_copy, pg_tools, water_files
from twin.store.blobs import blob_path
from twin.store.engine import sqlite_path
from twin.store.migrate import HEAD, Kind
from twin.store.reader import LedgerReader
from twin.store.results import (
    AIR_FOLDER,
    PLUME_FOLDER,
    PLUME_SUFFIX,
    WATER_TABLE_FOLDER,
    WATER_TABLE_SUFFIX,
)
from twin.store.sealed import Manifest, problems_of, read_manifest, seal, sync

KIND = "park-twin backup 1"
LEDGER_FILE, LEDGER_DUMP, RESULTS_FILE = "ledger.sqlite", "ledger.pgdump", "results.sqlite"
ARCHIVE_FOLDER = "archive"
_NAME = "%Y%m%dT%H%M%SZ"
# Made again from the scene by whoever needs it, or belonging to running processes.
_LEFT_OUT = frozenset(
    {
        *("bundles", PLUME_FOLDER, WATER_TABLE_FOLDER, AIR_FOLDER, water_files.FOLDER, ARCHIVE_FOLDER),
        *(park_copy.FOLDER, "waterdesk"),
    }
)
_LEFT_OUT_SUFFIXES = (".sock", ".writer", ".log", "-wal", "-shm", "-journal", ".part")
_SPARE_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPlan:
    """What is copied. ``with_secrets`` False leaves out files that only their owner may read.

    Raw frames hold the devices' PW all the same: they are copied byte by byte.
    """

    data_dir: Path
    ledger_url: str
    results_url: str
    to: Path
    with_secrets: bool = True
    scene: Path | None = None
    config: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A finished backup. ``made_ms`` is the moment that it shows."""

    folder: Path
    made_ms: int
    manifest: Manifest


def make_backup(plan: BackupPlan, now_ms: int) -> Backup:
    """Copy, seal, read back, and give the copy its name.

    Raises StoreError (no room, a damaged ledger, a file that reads back differently),
    ServiceUnavailableError (no ledger yet) and ToolMissingError (no pg_dump).
    """
    plan.to.mkdir(parents=True, exist_ok=True)
    _refuse_without_room(plan)
    final = plan.to / f"{to_datetime(now_ms):{_NAME}}"
    draft = final.with_name(f"{final.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    try:
        about = {"made_ms": now_ms, "ledger": _copy_ledger(plan, draft)}
        _copy_results(plan, draft)
        _copy_archive(plan, draft, newest_backup(plan.to))
        _copy_park(plan, draft)
        _copy_others(plan, draft)
        manifest = seal(draft, KIND, about)
        _refuse_damaged(draft, manifest)
        draft.rename(final)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync(plan.to)
    return Backup(folder=final, made_ms=now_ms, manifest=manifest)


def backups(folder: Path) -> tuple[Backup, ...]:
    """Finished backups below a folder, oldest first; what cannot be read is no backup."""
    return tuple(_finished(folder))


def newest_backup(folder: Path) -> Backup | None:
    """Newest finished backup, None when there is none."""
    found = backups(folder)
    return found[-1] if found else None


def thin_backups(folder: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest ``keep`` backups (at least one stays); what was removed."""
    gone = tuple(row.folder for row in backups(folder)[: -max(1, keep)])
    for path in gone:
        shutil.rmtree(path)
    return gone


def check_backup(folder: Path) -> Manifest:
    """Read a backup in full. Raises StoreError that names everything that is wrong with it."""
    manifest = read_manifest(folder)
    if manifest.kind != KIND:
        raise _bad(folder, f"is a {manifest.kind!r}, expected a {KIND!r}", f"类型为 {manifest.kind!r}")
    _refuse_damaged(folder, manifest)
    return manifest


def copy_sqlite(source: Path, target: Path) -> None:
    """One consistent copy of a living SQLite file, as a single file without a log beside it."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=30.0)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.execute("PRAGMA query_only=ON")
        # All pages in one step: in small steps the copy would begin anew with every commit.
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)


def integrity_problems(path: Path) -> tuple[str, ...]:
    """What SQLite's own check says of a file; nothing when it is sound."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    return () if found == ["ok"] else tuple(f"{path}: {text}" for text in found)


def _copy_ledger(plan: BackupPlan, draft: Path) -> dict[str, Any]:
    path = sqlite_path(plan.ledger_url)
    reader = LedgerReader(plan.ledger_url, archive=plan.data_dir / ARCHIVE_FOLDER)
    try:
        # Before the copy: what is answered by now is in it.
        newest = reader.frames(limit=1)
    finally:
        reader.close()
    if path is None:
        pg_tools.dump(plan.ledger_url, draft / LEDGER_DUMP)
        (draft / LEDGER_DUMP).chmod(0o600)
    else:
        copy_sqlite(path, draft / LEDGER_FILE)
    return {"schema": HEAD[Kind.LEDGER], "at_least_seq": newest[0].seq if newest else 0}


def _copy_results(plan: BackupPlan, draft: Path) -> None:
    path = sqlite_path(plan.results_url)
    if path is None or not path.is_file():
        return
    copy = draft / RESULTS_FILE
    copy_sqlite(path, copy)
    tables = (
        ("plume", PLUME_FOLDER, PLUME_SUFFIX),
        ("water_table", WATER_TABLE_FOLDER, WATER_TABLE_SUFFIX),
        ("air", AIR_FOLDER, PLUME_SUFFIX),
    )
    with closing(sqlite3.connect(copy)) as connection:
        for table, folder, suffix in tables:
            has_file = "size_bytes > 0"  # a now-cast without a map has none
            for run, k in connection.execute(f"SELECT run, k FROM {table} WHERE {has_file}").fetchall():
                source = blob_path(plan.data_dir / folder, run, k, suffix)
                # The worker may have thinned it since: a row never stays without its file.
                if not _copied(source, draft / source.relative_to(plan.data_dir)):
                    connection.execute(f"DELETE FROM {table} WHERE run = ? AND k = ?", (run, k))
        _copy_water(plan, connection, draft)
        connection.commit()


def _copy_water(plan: BackupPlan, connection: sqlite3.Connection, draft: Path) -> None:
    for run, k, files in connection.execute("SELECT run, k, files FROM water").fetchall():
        sources = [water_files.path_of(plan.data_dir, run, k, name) for name in json.loads(files)]
        if not all([_copied(source, draft / source.relative_to(plan.data_dir)) for source in sources]):
            connection.execute("DELETE FROM water WHERE run = ? AND k = ?", (run, k))


def _copied(source: Path, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return False
    return True


def _copy_archive(plan: BackupPlan, draft: Path, before: Backup | None) -> None:
    """Months never change: what the backup before holds already is linked, not copied again."""
    source = plan.data_dir / ARCHIVE_FOLDER
    held = {row.path: row.sha256 for row in before.manifest.files} if before else {}
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        name = path.relative_to(plan.data_dir)
        if path.is_dir() or any(part.endswith(".part") for part in name.parts):
            continue
        target = draft / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if before is None or name.as_posix() not in held or not _linked(before.folder / name, path, target):
            shutil.copy2(path, target)


def _linked(earlier: Path, source: Path, target: Path) -> bool:
    try:
        one, other = earlier.stat(), source.stat()
        if (one.st_size, one.st_mtime_ns) != (other.st_size, other.st_mtime_ns):
            return False
        target.hardlink_to(earlier)
    except OSError:
        return False
    return True


def _copy_park(plan: BackupPlan, draft: Path) -> None:
    """Scene and settings; where they lie elsewhere they would be lost with the machine."""

    def wanted(path: Path) -> bool:
        return plan.with_secrets or bool(path.stat().st_mode & 0o077)

    folder = draft / park_copy.FOLDER
    if plan.scene is not None:
        park_copy.copy_scene(plan.scene, folder / park_copy.SCENE_FOLDER, wanted)
    if plan.config is not None and plan.config.is_file() and wanted(plan.config):
        _copied(plan.config, folder / park_copy.CONFIG_FILE)
    if plan.settings and plan.with_secrets:
        park_copy.write_settings(plan.settings, folder / park_copy.SETTINGS_FILE)


def _copy_others(plan: BackupPlan, draft: Path) -> None:
    """Whatever else lies in the data folder; new kinds of files need no change here."""
    data_bases = {sqlite_path(plan.ledger_url), sqlite_path(plan.results_url)}
    for path in sorted(plan.data_dir.iterdir()):
        if path in data_bases or path.name in _LEFT_OUT or path == plan.to or path.name.startswith("."):
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if _belongs(file, plan):
                _copied(file, draft / "files" / file.relative_to(plan.data_dir))


def _belongs(file: Path, plan: BackupPlan) -> bool:
    if not file.is_file() or file.is_symlink() or file.name.endswith(_LEFT_OUT_SUFFIXES):
        return False
    if plan.to in file.parents:
        return False
    return plan.with_secrets or bool(file.stat().st_mode & 0o077)


def _refuse_damaged(folder: Path, manifest: Manifest) -> None:
    wrong = list(problems_of(folder, manifest))
    for name in (LEDGER_FILE, RESULTS_FILE):
        if not wrong and (folder / name).is_file():
            wrong += integrity_problems(folder / name)
    if not wrong and (folder / LEDGER_DUMP).is_file():
        pg_tools.list_contents(folder / LEDGER_DUMP)
    if wrong:
        text = "; ".join(wrong[:5])
        raise _bad(folder, f"is damaged: {text}", f"已损坏：{text}")


def _refuse_without_room(plan: BackupPlan) -> None:
    files = [sqlite_path(plan.ledger_url), sqlite_path(plan.results_url)]
    wanted = sum(path.stat().st_size for path in files if path is not None and path.is_file())
    free = shutil.disk_usage(plan.to).free
    if free < wanted + _SPARE_BYTES:
        raise _bad(
            plan.to,
            f"has {free / 1e6:.0f} MB free, the ledgers need {wanted / 1e6:.0f} MB",
            f"剩余空间 {free / 1e6:.0f} MB，台账需要 {wanted / 1e6:.0f} MB",
        )


def _finished(folder: Path) -> Iterator[Backup]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            datetime.strptime(path.name, _NAME).replace(tzinfo=UTC)
            manifest = read_manifest(path)
        except (ValueError, StoreError):
            continue
        if manifest.kind == KIND:
            yield Backup(folder=path, made_ms=int(manifest.about["made_ms"]), manifest=manifest)


def _bad(folder: Path, why: str, why_zh: str) -> StoreError:
    return StoreError(
        f"backup {folder} {why}",
        message_zh=f"备份 {folder} {why_zh}",
        field="backup",
        value=str(folder),
        source=os.fspath(folder),
    )
