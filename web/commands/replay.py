"""``park-twin replay``: send recorded frames again, from a ledger or from a text log."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.core.clock import SystemClock
from twin.core.errors import NotFoundError, ServiceUnavailableError
from web.commands.shell import ConfigOption, SceneOption, Shell, open_shell

if TYPE_CHECKING:
    from sensors.replay import Recorded
    from sensors.retime import Retimer
    from twin.core.device import CrcMode
    from twin.core.park import Park

_BATCH = 1000
_CONNECT_S = 3.0
_LEDGER_ENDINGS = (".sqlite", ".db")


def replay(
    source: Annotated[
        Path, typer.Argument(help="台账 (.sqlite) 或文本日志 / A ledger (.sqlite) or a text log")
    ],
    scene: SceneOption = None,
    config: ConfigOption = None,
    host: Annotated[
        str | None, typer.Option(help="HJ 212 服务器地址 / Address of the HJ 212 server", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="HJ 212 服务器端口 / Its port", show_default=False)] = None,
    mn: Annotated[
        str | None, typer.Option(help="只重发此设备 / Only this device", show_default=False)
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.0, help="倍速；0 为尽快 / Speed; 0: as fast as answered")
    ] = 1.0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="至多多少帧 / At most so many frames", show_default=False)
    ] = None,
    longest_wait_s: Annotated[
        float,
        typer.Option("--longest-wait-s", min=0.1, help="帧间与轮间最长等待 / Longest pause between frames"),
    ] = 10.0,
    rounds: Annotated[int, typer.Option(min=0, help="重复几轮；0 为一直 / How often; 0: for ever")] = 1,
    retime: Annotated[
        bool,
        typer.Option("--retime", help="演练：时间改为发送时刻 / Exercise: times become those of sending"),
    ] = False,
) -> None:
    """重发已存或日志中的数据帧。 Send stored or logged frames again as an HJ 212 client, unchanged."""
    from sensors.replay import replay as send

    shell = open_shell(config, scene=scene, hj212_host=host, hj212_port=port)
    require_server(shell.settings.hj212_host, shell.settings.hj212_port)
    frames = list(recorded(shell, source, mn=mn, limit=limit))
    moved = retimer(shell) if retime else None
    total = len(frames)
    if moved is not None:
        frames = [row for row in frames if moved.takes(row.frame)]
        shell.err.print(shell.say("retimed", taken=len(frames), total=total), highlight=False, soft_wrap=True)
    if not frames:
        raise nothing_to_send(source, total)
    with shell.progress() as steps:
        stats = asyncio.run(
            send(
                frames,
                shell.settings.hj212_host,
                shell.settings.hj212_port,
                speed=speed,
                longest_wait_s=longest_wait_s,
                rounds=rounds or None,
                restamp=None if moved is None else lambda frame: moved.at(frame, SystemClock().now_ms()),
                on_frame=lambda count: steps.count("replay", (count - 1) % len(frames) + 1, len(frames)),
            )
        )
    shell.out.print(shell.say("replayed", sent=stats.sent, answered=stats.answered), highlight=False)


def retimer(shell: Shell) -> Retimer:
    """What puts recorded frames on the clock of the scene's exercise devices."""
    from sensors.retime import Retimer

    park = _park(shell)
    return Retimer.of(park.devices, park.utc_offset_h)


def nothing_to_send(source: Path, total: int) -> NotFoundError:
    """Error for a source without a frame that may be sent."""
    return NotFoundError(
        f"{source} holds {total} frames and none that can be sent; --retime takes whole frames with a right "
        "check sum and a time, of devices of the scene",
        message_zh=f"{source} 中有 {total} 帧，没有可发送的；--retime 只取场景登记设备的、"
        "校验正确且带时间的完整帧",
        field="source",
        value=str(source),
    )


def require_server(host: str, port: int) -> None:
    """Raise ServiceUnavailableError when nothing listens there: a logger would try for ever."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except OSError as error:
        raise ServiceUnavailableError(
            f"nothing answers on {host}:{port} ({error}); start the park or give --host and --port",
            message_zh=f"{host}:{port} 无应答（{error}）；请先启动园区，或给出 --host 和 --port",
            field="hj212_port",
            value=port,
        ) from None


def recorded(shell: Shell, source: Path, *, mn: str | None, limit: int | None) -> Iterator[Recorded]:
    """Frames of a ledger or a log, oldest first. Raises NotFoundError for a file that is not there."""
    if not source.is_file():
        raise NotFoundError(
            f"there is no file {source}; expected a ledger (.sqlite) or a text log of frames",
            message_zh=f"没有文件 {source}；应为台账 (.sqlite) 或数据帧文本日志",
            field="source",
            value=str(source),
        )
    is_ledger = source.suffix in _LEDGER_ENDINGS
    return islice(_of_ledger(shell, source, mn) if is_ledger else _of_log(source, mn), limit)


def _of_log(path: Path, mn: str | None) -> Iterator[Recorded]:
    from sensors.replay import read_log

    wanted = b"" if mn is None else f"MN={mn};".encode()
    return (row for row in read_log(path) if wanted in row.frame)


def _of_ledger(shell: Shell, path: Path, mn: str | None) -> Iterator[Recorded]:
    from sensors.hj212.frame import frame
    from sensors.replay import Recorded
    from twin.core.device import CrcMode
    from twin.store.reader import LedgerReader

    modes = _crc_modes(shell)
    reader = LedgerReader(f"sqlite:///{path.absolute()}")
    seq = 0
    try:
        while rows := reader.frames_after(seq, _BATCH, mn):
            for row in rows:
                mode = modes.get(row.mn, CrcMode.HJ212)
                yield Recorded(time_ms=row.received_ms, frame=frame(row.segment, mode))
            seq = rows[-1].seq
    finally:
        reader.close()


def _crc_modes(shell: Shell) -> dict[str, CrcMode]:
    """Check sums that the scene's devices compute; the ledger keeps segments, not whole frames."""
    return {row.mn: row.crc_mode for row in _park(shell).devices}


def _park(shell: Shell) -> Park:
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene

    return load_scene(scene_folder(shell.settings.scene)).park
