"""``park-twin store rebuild``: a fresh ledger from the raw frames of this one."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from web.commands.shell import ConfigOption, SceneOption, open_shell


def rebuild(
    into: Annotated[
        str, typer.Option("--into", help="新台账的地址，如 sqlite:///new.sqlite / URL of the new ledger")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="源台账；默认为当前台账 / Ledger to read; default: the present one"),
    ] = None,
    scene: SceneOption = None,
    config: ConfigOption = None,
) -> None:
    """由原始数据帧重建台账（可中断后继续）。 Build a ledger again from raw frames."""
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from twin.live.gate import Gate
    from twin.live.judge import StreamJudge
    from twin.live.passwords import ensure_passwords, read_sm4_keys
    from twin.live.rebuild import rebuild as build_again
    from twin.live.registry import SceneRegistry
    from twin.store.ledger import Ledger
    from twin.store.reader import LedgerReader

    shell = open_shell(config, scene=scene)
    settings = shell.settings
    park = load_scene(scene_folder(settings.scene)).park
    registry = SceneRegistry(
        park.devices,
        ensure_passwords(settings.passwords_file, [row.mn for row in park.devices]),
        read_sm4_keys(settings.passwords_file),
    )
    target = Ledger(into, judge=StreamJudge(park.book, park.devices), utc_offset_h=park.utc_offset_h)
    reader = LedgerReader(source or settings.ledger, settings.archive if source is None else None)
    with contextlib.closing(target), contextlib.closing(reader):
        target.register(park.devices)
        newest = reader.frames(limit=1)
        total = newest[0].seq if newest else 0
        with shell.progress() as steps:
            done = build_again(
                reader,
                target,
                Gate(registry=registry, utc_offset_h=park.utc_offset_h),
                told=lambda seq: steps.count("rebuild", seq, total),
            )
    shell.out.print(shell.say("rebuilt", frames=done.frames, into=into, last_seq=done.last_seq), markup=False)
