"""``park-twin scene``: build, check, import, lines of sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from web.commands import exits
from web.commands.prepare import prepare
from web.commands.scene_import import import_
from web.commands.shell import ConfigOption, SceneArgument, Shell, open_shell

if TYPE_CHECKING:
    from gis.sight import SightRow

app = typer.Typer(
    help="场景：生成、检查、导入、视线。 Build, check and import scenes; lines of sight.",
    no_args_is_help=True,
)


@app.command()
def build(
    scene: SceneArgument = None,
    config: ConfigOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="不打印结果 / Do not print the result")] = False,
) -> None:
    """生成地形和场景包。 Make what a scene generates itself, and its bundle for the browser."""
    shell = open_shell(config, scene=scene)
    info = prepare(shell)
    if not quiet:
        text = shell.say("scene_built", scene=shell.settings.scene, hash=info.hash)
        shell.out.print(text, markup=False, highlight=False)


@app.command()
def check(scene: SceneArgument = None, config: ConfigOption = None) -> None:
    """检查场景文件，列出全部问题。 Check a scene's files and list every problem."""
    from gis.scene.check import check_scene
    from gis.scene.find import scene_folder

    shell = open_shell(config, scene=scene)
    problems = check_scene(scene_folder(shell.settings.scene))
    chinese = shell.speaker.language == "zh"
    for problem in problems:
        text = problem.message_zh if chinese else problem.message
        shell.out.print(text, markup=False, highlight=False, soft_wrap=True)
    if problems:
        shell.err.print(shell.say("scene_problems", scene=shell.settings.scene, count=len(problems)))
        raise typer.Exit(exits.FAILED)
    shell.out.print(shell.say("scene_good", scene=shell.settings.scene))


@app.command()
def sight(scene: SceneArgument = None, config: ConfigOption = None) -> None:
    """打印光束视线表。 Print the line-of-sight table of the beams."""
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from gis.sight import sight_table

    shell = open_shell(config, scene=scene)
    loaded = load_scene(scene_folder(shell.settings.scene))
    rows = sight_table(loaded.park, loaded.terrain())
    heights_m = {
        beam.id: station.tower.platform_height_m
        for beam in loaded.park.beams
        for station in loaded.park.stations
        if station.id == beam.station_id
    }
    shell.out.print(sight_as_table(shell, rows, heights_m))


def sight_as_table(shell: Shell, rows: tuple[SightRow, ...], platform_height_m: dict[str, float]) -> Table:
    """Line-of-sight rows as a table for the terminal."""
    table = Table(title=shell.say("sight_title", scene=shell.settings.scene))
    table.add_column(shell.say("beam"), no_wrap=True)
    table.add_column(shell.say("clear"))
    for key in ("clearance_m", "blocker_at_m", "platform_m", "needed_m"):
        table.add_column(shell.say(key), justify="right")
    table.add_column(shell.say("blocker"))
    for row in rows:
        table.add_row(
            row.beam_id,
            shell.say("yes" if row.clear else "no"),
            _metres(row.clearance_m),
            _metres(row.blocker_at_m),
            _metres(platform_height_m.get(row.beam_id)),
            _metres(row.needed_platform_height_m),
            f"{row.blocker_kind} {row.blocker_id}".strip(),
            style=None if row.clear else "yellow",
        )
    return table


def _metres(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


app.command("import")(import_)
