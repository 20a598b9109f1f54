"""``park-twin water report``: the risk assessment report as Word or PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from web.commands.shell import ConfigOption, SceneOption, Shell, open_shell

if TYPE_CHECKING:
    from twin.core.text import Text
    from twin.stage.water.report import Format


def report(
    out: Annotated[Path, typer.Option("--out", help="文件，.docx 或 .pdf / File, .docx or .pdf")] = Path(
        "groundwater-report.docx"
    ),
    now: Annotated[
        Path | None,
        typer.Option(
            "--now", help="推演结果 JSON；缺省取结果库中最新 / Now-cast as JSON; the newest stored by default"
        ),
    ] = None,
    compared: Annotated[
        Path | None,
        typer.Option("--comparison", help="措施比较 JSON / Comparison of measures as JSON"),
    ] = None,
    scene: SceneOption = None,
    config: ConfigOption = None,
) -> None:
    """地下水污染风险评估报告。 Risk assessment report of the groundwater."""
    from twin.stage.water.report import write_report
    from twin.stage.water.report_wire import report_of

    shell = open_shell(config, scene=scene)
    form = _form(out)
    cast, other = (_read(now), None) if now is not None else _stored(shell)
    if compared is not None:
        other = _read(compared)
    park, names = _scene_names(shell)
    body = write_report(report_of(cast, other, park=park, names=names), form)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(body)
    text = shell.say("water_report_written", path=out)
    shell.out.print(text, markup=False, highlight=False, soft_wrap=True)


def _form(out: Path) -> Format:
    from twin.core.errors import BadRequestError

    if out.suffix == ".docx":
        return "docx"
    if out.suffix == ".pdf":
        return "pdf"
    raise BadRequestError(
        f"out: {out}; expected a name that ends in .docx or .pdf",
        message_zh=f"out：{out}；文件名应以 .docx 或 .pdf 结尾",
        field="out",
        value=str(out),
    )


def _read(path: Path) -> dict[str, Any]:
    from twin.core.errors import BadRequestError

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequestError(
            f"{path}: no readable JSON ({error}); expected an answer of the API",
            message_zh=f"{path}：不是可读的 JSON（{error}）；应为接口返回的内容",
            field="now",
            value=str(path),
        ) from None
    rows = found.get("nowcasts") or found.get("comparisons") or [found]
    newest: dict[str, Any] = rows[-1]
    return newest


def _stored(shell: Shell) -> tuple[dict[str, Any], dict[str, Any] | None]:
    from twin.core.errors import NotFoundError
    from twin.store.results import ResultReader
    from twin.store.rows import WaterKind

    reader = ResultReader(shell.settings.results, shell.settings.data_dir)
    try:
        row = reader.newest_water(WaterKind.NOW_CAST)
        if row is None:
            msg = "no now-cast of the groundwater is stored; expected one, or --now"
            raise NotFoundError(msg, message_zh="结果库中没有地下水推演；应有一次，或给出 --now", field="now")
        other = reader.newest_water(WaterKind.COMPARISON, row.time_ms)
        return row.payload(), None if other is None else other.payload()
    finally:
        reader.close()


def _scene_names(shell: Shell) -> tuple[Text, dict[str, Text]]:
    from gis.scene.find import scene_folder
    from gis.scene.load import load_scene

    park = load_scene(scene_folder(shell.settings.scene)).park
    water = park.groundwater
    return park.name, {} if water is None else {row.id: row.name for row in water.substances}
