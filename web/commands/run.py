"""``park-twin run``: the whole park with one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web.commands.prepare import has_simulated_devices, is_prepared, prepare_in_child, shown_scene
from web.commands.shell import ConfigOption, SceneOption, Shell, open_shell


def run(
    scene: SceneOption = None,
    config: ConfigOption = None,
    web_port: Annotated[
        int | None, typer.Option("--web-port", help="网页端口 / Port of the web server", show_default=False)
    ] = None,
    hj212_port: Annotated[
        int | None,
        typer.Option("--hj212-port", help="HJ 212 端口 / Port of the HJ 212 server", show_default=False),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="数据文件夹 / Folder for data", show_default=False)
    ] = None,
    simulate: Annotated[
        bool | None,
        typer.Option(
            "--simulate/--no-simulate", help="是否启动模拟园区 / Start the simulated park", show_default=False
        ),
    ] = None,
) -> None:
    """启动整个园区并打印网址。 Prepare the scene, start all processes and print one address."""
    from twin.live.supervise import run_all

    shell = open_shell(
        config, scene=scene, web_port=web_port, hj212_port=hj212_port, data_dir=data_dir, simulate=simulate
    )
    if not is_prepared(shell) and (code := prepare_in_child(shell)):
        raise typer.Exit(code)
    run_all(
        shell.settings,
        simulate=wants_simulator(shell),
        on_ready=lambda address: shell.out.print(
            shell.say("ready", address=address), highlight=False, soft_wrap=True
        ),
        on_line=lambda name, line: shell.err.print(
            f"{name:>8} | {line}", markup=False, highlight=False, soft_wrap=True
        ),
    )
    shell.err.print(shell.say("stopped"))


def wants_simulator(shell: Shell) -> bool:
    """Whether the simulator belongs to this park's processes: the same rule as ``simulates``."""
    if shell.settings.simulate is not None:
        return shell.settings.simulate
    scene = shown_scene(shell)
    return bool(scene["terrain_is_demonstration"]) and has_simulated_devices(scene)
