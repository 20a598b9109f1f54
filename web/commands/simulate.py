"""``park-twin simulate``: the hidden-truth park, whose loggers speak HJ 212 over TCP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.commands.shell import ConfigOption, SceneOption, Shell, open_shell

if TYPE_CHECKING:
    from sensors.simulated.plan import SimulationPlan
    from sensors.simulated.run import SimulationStatus

HOUR_MS = 3_600_000
SECOND_MS = 1_000


def simulate(
    scene: SceneOption = None,
    config: ConfigOption = None,
    host: Annotated[
        str | None, typer.Option(help="HJ 212 服务器地址 / Address of the HJ 212 server", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="HJ 212 服务器端口 / Its port", show_default=False)] = None,
    speed: Annotated[
        float | None, typer.Option(help="时间倍速，1 至 600 / Speed, 1 to 600", show_default=False)
    ] = None,
    back_h: Annotated[
        float | None,
        typer.Option("--back-h", help="从多少小时前开始 / Start so many hours ago", show_default=False),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(help="模拟多少小时后结束 / End after so many simulated hours", show_default=False),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="随机种子 / Seed", show_default=False)] = None,
    truth: Annotated[
        Path | None, typer.Option(help="真值输出文件夹 / Folder for the hidden truth", show_default=False)
    ] = None,
) -> None:
    """启动模拟园区，数据以 HJ 212 发送。 Run the simulated park; its loggers are real HJ 212 clients."""
    from sensors.simulated.run import simulate as live
    from twin.live.logs import configure_logging

    shell = open_shell(
        config,
        scene=scene,
        hj212_host=host,
        hj212_port=port,
        simulate_speed=speed,
        simulate_back_h=back_h,
        simulate_seed=seed,
    )
    configure_logging(shell.settings.log_level)
    plan = plan_of(shell, hours=hours, truth=truth)
    with shell.progress() as steps:
        end = live(plan, lambda status: steps.part("simulate", part_of(plan, status)))
    if end is not None:
        shell.out.print(shell.say("simulated", frames=end.frames, answered=end.answered), highlight=False)


def plan_of(shell: Shell, *, hours: float | None, truth: Path | None) -> SimulationPlan:
    """What the settings ask to simulate. Raises SceneError and SettingsError."""
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene
    from sensors.simulated.plan import SimulationPlan, start_of
    from twin.core.clock import SystemClock
    from twin.live.passwords import ensure_passwords

    settings = shell.settings
    loaded = load_scene(scene_folder(settings.scene))
    now_ms = SystemClock().now_ms()
    start_ms, speed = start_of(now_ms, speed=settings.simulate_speed, back_h=settings.simulate_back_h)
    start_ms = max(start_ms, _told_until_ms(settings.ledger))
    return SimulationPlan(
        park=loaded.park,
        ground=loaded.terrain(),
        host=settings.hj212_host,
        port=settings.hj212_port,
        passwords=ensure_passwords(settings.passwords_file, [row.mn for row in loaded.park.devices]),
        start_ms=start_ms,
        end_ms=None if hours is None else start_ms + round(hours * HOUR_MS),
        seed=settings.simulate_seed,
        speed=speed,
        event_every_h=settings.simulate_event_every_h,
        truth_dir=truth,
    )


def _told_until_ms(ledger_url: str) -> int:
    """After the newest observation of the ledger: a past that was told is not told again, differently."""
    from twin.core.errors import ServiceUnavailableError
    from twin.store.reader import LedgerReader

    reader = LedgerReader(ledger_url)
    try:
        span = reader.span()
    except ServiceUnavailableError:  # ingest has not made it yet
        return 0
    finally:
        reader.close()
    return 0 if span is None else span.to_ms + SECOND_MS


def part_of(plan: SimulationPlan, status: SimulationStatus) -> float:
    """Part of the run that is done; of catching up where it has no end."""
    if plan.end_ms is not None:
        whole_ms, done_ms = plan.end_ms - plan.start_ms, status.time_ms - plan.start_ms
    else:
        whole_ms = status.time_ms - plan.start_ms + max(0, status.lag_ms)
        done_ms = status.time_ms - plan.start_ms
    return min(1.0, done_ms / whole_ms) if whole_ms > 0 else 1.0
