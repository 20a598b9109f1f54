"""``park-twin store``: backup, restore, verify, retention, archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from web.commands import exits
from web.commands.shell import ConfigOption, Shell, open_shell

if TYPE_CHECKING:
    from twin.store.deed import Deed
    from twin.store.ledger import Ledger

app = typer.Typer(
    help="数据存储：备份、恢复、校验、保存期限、归档。 Backup, restore, verify, retention, archive.",
    no_args_is_help=True,
)
MonthArgument = Annotated[str, typer.Argument(help="月份 YYYY-MM / Month YYYY-MM")]


@app.command()
def backup(
    config: ConfigOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="备份文件夹，例如移动硬盘 / Folder of backups, for example another disk"),
    ] = None,
    without_key_files: Annotated[
        bool,
        typer.Option(
            "--without-key-files",
            help="不含密码和密钥文件；原始报文中仍有 PW / Leave the files of passwords and keys out; "
            "raw frames hold PW all the same",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="不打印结果 / Do not print the result")] = False,
) -> None:
    """备份运行中的园区并逐字节校验。 Copy everything while the park runs, and read it back."""
    from twin.core.clock import SystemClock
    from twin.live.local_notes import note_deed
    from twin.live.settings import DEFAULT_FILE
    from twin.store.backup import BackupPlan, make_backup, thin_backups
    from twin.store.engine import shown

    shell = open_shell(config)
    settings = shell.settings
    plan = BackupPlan(
        data_dir=settings.data_dir.absolute(),
        ledger_url=settings.ledger,
        results_url=settings.results,
        to=to.absolute() if to is not None else settings.backups,
        with_secrets=not without_key_files,
        scene=_scene(settings.scene),
        config=(config or DEFAULT_FILE).absolute(),
        settings={**settings.to_environment(), "PARK_TWIN_LEDGER_URL": shown(settings.ledger)},
    )
    made = make_backup(plan, SystemClock().now_ms())
    body = {"folder": made.folder.name, "files": len(made.manifest.files), "manifest": made.manifest.sha256}
    more = {"made_ms": made.made_ms, "elsewhere": to is not None}
    note_deed(settings.data_dir, "backup_made", {**body, **more})
    if plan.scene is None:
        _print(shell, "backup_without_scene", scene=settings.scene)
    # Elsewhere, say on a disk that is written once, nobody but its owner removes anything.
    gone = thin_backups(plan.to, settings.backup_keep) if to is None else ()
    if not quiet:
        size_mb = made.manifest.size_bytes / 1e6
        _print(shell, "backup_made", folder=made.folder, size_mb=size_mb, count=len(made.manifest.files))
        _print(shell, "backup_holds_pw")
        for folder in gone:
            _print(shell, "backup_removed", folder=folder)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="一个备份 / One backup")],
    into: Annotated[Path, typer.Option("--into", help="空的数据文件夹 / Empty data folder")],
    ledger_url: Annotated[
        str,
        typer.Option("--ledger-url", help="PostgreSQL 台账的空库 / Empty data base of a PostgreSQL ledger"),
    ] = "",
    config: ConfigOption = None,
) -> None:
    """恢复备份；绝不覆盖现有台账。 Bring a backup back; never over a ledger that is there."""
    from twin.store.restore import ledger_url_of
    from twin.store.restore import restore as bring_back
    from twin.store.verify import verify_store

    shell = open_shell(config)
    bring_back(folder, into, ledger_url)
    results = f"sqlite:///{into.absolute() / 'results.sqlite'}"
    found = verify_store(ledger_url_of(into, ledger_url), results, into.absolute() / "archive")
    for problem in found.problems:
        shell.out.print(problem, markup=False, highlight=False, soft_wrap=True)
    if found.problems:
        raise typer.Exit(exits.FAILED)
    _print(shell, "restored", into=into, frames=found.frames)


@app.command()
def verify(
    config: ConfigOption = None,
    backup: Annotated[
        Path | None, typer.Option("--backup", help="改为校验一个备份 / Check a backup instead")
    ] = None,
) -> None:
    """校验数据库、归档和原始帧链。 Check data bases, archived months and the chain of raw frames."""
    from twin.store.backup import check_backup
    from twin.store.verify import verify_store

    shell = open_shell(config)
    if backup is not None:
        manifest = check_backup(backup)
        _print(shell, "backup_good", folder=backup, count=len(manifest.files))
        return
    settings = shell.settings
    with shell.progress() as steps:
        found = verify_store(settings.ledger, settings.results, settings.archive, steps.count)
    for problem in found.problems:
        shell.out.print(problem, markup=False, highlight=False, soft_wrap=True)
    if found.problems:
        raise typer.Exit(exits.FAILED)
    _print(shell, "store_good", frames=found.frames, months=found.months)


@app.command()
def retention(config: ConfigOption = None) -> None:
    """数据保存期限和现状。 What is kept, for how long, by what, and what would go."""
    from twin.core.clock import SystemClock, to_datetime
    from twin.live.keep_times import keep_times
    from twin.store.reader import LedgerReader
    from twin.store.retention import holding, rules

    shell = open_shell(config)
    settings = shell.settings
    keep = keep_times(settings)
    table = Table(title=shell.say("retention_title"))
    for key in ("data", "data_class", "least_days", "kept_days", "setting", "kept_by"):
        table.add_column(shell.say(key), overflow="fold")
    for row in rules(keep, results_h=settings.results_retention_h, backup_keep=settings.backup_keep):
        table.add_row(
            shell.say(f"data_{row.name}"),
            shell.say(f"class_{row.data_class}"),
            str(row.least_d) if row.least_d else "",
            str(row.kept_d) if row.kept_d else shell.say("for_ever"),
            row.setting,
            shell.say(f"kept_{row.kept_by}"),
        )
    shell.out.print(table)
    reader = LedgerReader(settings.ledger, settings.archive)
    try:
        now = holding(reader, keep, settings.backups, settings.backup_keep, SystemClock().now_ms())
    finally:
        reader.close()
    since = "-" if now.first_ms is None else f"{to_datetime(now.first_ms):%Y-%m-%d}"
    _print(shell, "holding_frames", frames=now.frames, since=since)
    _print(shell, "holding_months", months=", ".join(now.archived) or "-")
    _print(shell, "holding_free", months=", ".join(now.free_months) or "-")
    _print(shell, "holding_quarantine", count=now.quarantined)
    _print(shell, "holding_backups", count=now.backups, gone=now.backups_to_go)


@app.command()
def archive(config: ConfigOption = None) -> None:
    """归档已结束的月份（ingest 未运行时）。 Move closed months to files now; ingest does it by itself."""
    from twin.core.clock import SystemClock
    from twin.store.archiver import DropFrames, RecordMonth, closed_months, page_deeds, write_month
    from twin.store.ledger import Ledger
    from twin.store.reader import LedgerReader

    shell = open_shell(config)
    settings = shell.settings
    now_ms = SystemClock().now_ms()
    ledger = Ledger(settings.ledger, process="archive", archive=settings.archive)
    reader = LedgerReader(settings.ledger, settings.archive)
    try:
        months = closed_months(reader, now_ms, settings.live_months)
        for month in months:
            manifest = write_month(settings.ledger, settings.archive, month, now_ms)
            _do(ledger, RecordMonth(manifest=manifest), now_ms)
            for deed in page_deeds(settings.archive, month):
                _do(ledger, deed, now_ms)
            while _do(ledger, DropFrames(), now_ms):
                pass
            _print(shell, "month_moved", month=month, values=manifest.about["observations"])
        if not months:
            _print(shell, "month_none")
    finally:
        reader.close()
        ledger.close()


@app.command(name="write-month", hidden=True)
def write_month_files(month: MonthArgument, config: ConfigOption = None) -> None:
    """写出一个月的归档文件。 Write and seal the files of a month; ingest takes it from there."""
    from twin.core.clock import SystemClock
    from twin.store.archiver import write_month

    settings = open_shell(config).settings
    write_month(settings.ledger, settings.archive, month, SystemClock().now_ms())


def _scene(name: str) -> Path | None:
    """Folder of the scene; a park whose scene cannot be found has its ledgers backed up all the same."""
    from gis.scene.find import scene_folder
    from twin.core.errors import SceneError

    try:
        return scene_folder(name).absolute()
    except SceneError:
        return None


def _do(ledger: Ledger, deed: Deed, now_ms: int) -> object:
    from twin.core.errors import ParkTwinError
    from twin.store.ledger import Batch

    result = ledger.write(Batch(deeds=[deed]), now_ms).deeds[0]
    if isinstance(result, ParkTwinError):
        raise result
    return result


def _print(shell: Shell, key: str, **values: object) -> None:
    shell.out.print(shell.say(key, **values), markup=False, highlight=False, soft_wrap=True)
