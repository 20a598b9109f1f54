"""``park-twin doctor``: what this machine offers and what it lacks."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from twin.core.errors import ParkTwinError
from web.commands import exits
from web.commands.shell import ConfigOption, SceneOption, Shell, open_shell

Verdict = Literal["good", "warning", "bad"]
DISK_WANTED_GB = 5.0
LIBRARIES = ("numpy", "scipy", "rasterio", "pyproj", "sqlalchemy", "flask", "gunicorn", "pyvista", "vtk")
_STYLES = {"good": "green", "warning": "yellow", "bad": "red"}
_VIEWER = Path(__file__).resolve().parents[1] / "static" / "viewer" / "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check. ``name`` is a key of the texts."""

    name: str
    verdict: Verdict
    detail: str


def doctor(
    scene: SceneOption = None,
    config: ConfigOption = None,
    no_render: Annotated[
        bool, typer.Option("--no-render", help="不检查渲染 / Leave the rendering probe out")
    ] = False,
) -> None:
    """检查版本、渲染、端口和磁盘。 Check versions, rendering, ports and disk; exit code 1 if one is bad."""
    shell = open_shell(config, scene=scene)
    table = Table(title=shell.say("doctor_title"))
    for key in ("check", "result", "detail"):
        table.add_column(shell.say(key), overflow="fold")
    worst_is_bad = False
    for row in findings(shell, render=not no_render):
        table.add_row(
            shell.say(f"check_{row.name}"), shell.say(row.verdict), row.detail, style=_STYLES[row.verdict]
        )
        worst_is_bad |= row.verdict == "bad"
    shell.out.print(table)
    if worst_is_bad:
        raise typer.Exit(exits.FAILED)


def findings(shell: Shell, *, render: bool) -> Iterator[Finding]:
    """All checks, one after the other."""
    yield Finding(name="python", verdict="good", detail=platform.python_version())
    yield _libraries()
    yield _sqlite()
    yield _scene(shell)
    yield _viewer(shell)
    for field in ("web", "hj212"):
        yield _port(shell, field)
    yield _data_dir(shell)
    yield _disk(shell)
    yield _backup(shell)
    yield _forwarding(shell)
    yield _wind_library(shell)
    if render:
        yield _rendering(shell)


def _libraries() -> Finding:
    found, missing = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version_of(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(name="libraries", verdict="bad", detail="- " + ", ".join(missing))
    return Finding(name="libraries", verdict="good", detail=", ".join(found))


def _sqlite() -> Finding:
    # 3.35 brought RETURNING; WAL has been there for longer.
    good = sqlite3.sqlite_version_info >= (3, 35)
    return Finding(name="sqlite", verdict="good" if good else "bad", detail=sqlite3.sqlite_version)


def _scene(shell: Shell) -> Finding:
    from gis.scene.check import check_scene
    from gis.scene.find import scene_folder

    try:
        folder = scene_folder(shell.settings.scene)
        count = len(check_scene(folder))
    except ParkTwinError as error:
        return Finding(name="scene", verdict="bad", detail=_message(shell, error))
    if count:
        return Finding(name="scene", verdict="bad", detail=shell.say("problems", count=count))
    return Finding(name="scene", verdict="good", detail=str(folder))


def _viewer(shell: Shell) -> Finding:
    if _VIEWER.is_file():
        return Finding(name="viewer", verdict="good", detail=str(_VIEWER.parent))
    return Finding(name="viewer", verdict="bad", detail=shell.say("viewer_missing"))


def _port(shell: Shell, field: str) -> Finding:
    from twin.live.supervise import check_port

    host = getattr(shell.settings, f"{field}_host")
    port = getattr(shell.settings, f"{field}_port")
    name = f"{field}_port"
    try:
        check_port(host, port, name)
    except ParkTwinError as error:
        return Finding(name=name, verdict="warning", detail=_message(shell, error))
    return Finding(name=name, verdict="good", detail=shell.say("port_free", host=host, port=port))


def _data_dir(shell: Shell) -> Finding:
    folder = shell.settings.data_dir.absolute()
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return Finding(name="data_dir", verdict="bad", detail=shell.say("not_writable", folder=folder))
    return Finding(name="data_dir", verdict="good", detail=str(folder))


def _disk(shell: Shell) -> Finding:
    folder = shell.settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    verdict: Verdict = "good" if free_gb >= DISK_WANTED_GB else "warning"
    return Finding(
        name="disk",
        verdict=verdict,
        detail=shell.say("disk_detail", free_gb=free_gb, wanted_gb=DISK_WANTED_GB),
    )


def _backup(shell: Shell) -> Finding:
    from twin.core.clock import SystemClock
    from twin.store.backup import newest_backup

    newest = newest_backup(shell.settings.backups)
    if newest is None:
        return Finding(name="backup", verdict="warning", detail=shell.say("backup_none"))
    age_h = (SystemClock().now_ms() - newest.made_ms) / 3_600_000
    # A day of grace: the next one may be under way.
    verdict: Verdict = "good" if age_h <= shell.settings.backup_interval_h + 24.0 else "warning"
    detail = shell.say("backup_age", folder=newest.folder, age_h=age_h)
    return Finding(name="backup", verdict=verdict, detail=detail)


def _forwarding(shell: Shell) -> Finding:
    from twin.live.forward_targets import read_targets
    from twin.live.passwords import read_passwords

    try:
        names = [row.name for row in read_targets(shell.settings.forward_targets)]
        checked = any(read_passwords(shell.settings.passwords_file).values())
    except ParkTwinError as error:
        return Finding(name="forwarding", verdict="bad", detail=_message(shell, error))
    if not names or not checked:
        return Finding(
            name="forwarding", verdict="good", detail=", ".join(names) or shell.say("forwarding_none")
        )
    # Packets go on byte for byte: a platform that gets them learns what ours believes a device by.
    detail = shell.say("forwarding_pw", names=", ".join(names))
    return Finding(name="forwarding", verdict="warning", detail=detail)


def _wind_library(shell: Shell) -> Finding:
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.live.ground import site_of
    from twin.live.windbook import library_of

    name = "wind_library"
    if shell.settings.wind_library == "off":
        return Finding(name=name, verdict="good", detail=shell.say("wind_library_off"))
    try:
        loaded = load_scene(scene_folder(shell.settings.scene))
        path = library_of(shell.settings.data_dir, site_of(loaded.park, loaded.terrain()))
    except ParkTwinError as error:
        return Finding(name=name, verdict="warning", detail=_message(shell, error))
    if path.is_file():
        return Finding(name=name, verdict="good", detail=str(path))
    return Finding(name=name, verdict="warning", detail=shell.say("wind_library_missing"))


def _rendering(shell: Shell) -> Finding:
    from twin.stage.probe import probe_rendering

    with shell.err.status(shell.say("rendering_running")):
        found = probe_rendering()
    # Pictures for reports need it, the live park does not: browsers draw for themselves.
    return Finding(name="rendering", verdict="good" if found.works else "warning", detail=found.detail)


def _message(shell: Shell, error: ParkTwinError) -> str:
    return error.message_zh if shell.speaker.language == "zh" else error.message
