"""The processes of a park, each by itself: ``serve``, ``ingest``, ``worker``, ``simulate``."""

from __future__ import annotations

from typing import Annotated

import typer

from web.commands.shell import ConfigOption, SceneOption, open_shell


def serve(
    scene: SceneOption = None,
    config: ConfigOption = None,
    simple: Annotated[
        bool,
        typer.Option(
            "--simple", help="不用 gunicorn，改用内置服务器 / Werkzeug's server instead of gunicorn"
        ),
    ] = False,
) -> None:
    """启动网页服务器。 Serve the API, the live stream and the viewer."""
    from twin.live.logs import configure_logging
    from web.server import serve_forever

    shell = open_shell(config, scene=scene)
    configure_logging(shell.settings.log_level)
    serve_forever(shell.settings, simple=simple)


def ingest(scene: SceneOption = None, config: ConfigOption = None) -> None:
    """接收 HJ 212 数据并入库。 Receive HJ 212 frames and store them."""
    from twin.live.ingest import run_ingest

    run_ingest(open_shell(config, scene=scene).settings)


def worker(scene: SceneOption = None, config: ConfigOption = None) -> None:
    """运行模型。 Compute plumes and water tables."""
    from twin.live.worker import run_worker

    run_worker(open_shell(config, scene=scene).settings)
