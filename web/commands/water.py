"""``park-twin water``: cases of the groundwater models, their scores, files, and MODFLOW 6 models."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.commands import exits
from web.commands.shell import Shell, open_shell
from web.commands.water_contaminants import contaminants
from web.commands.water_modflow import modflow
from web.commands.water_report import report

if TYPE_CHECKING:
    from models.water.case.load import LoadedCase
    from models.water.case.result import CaseResult
    from models.water.case.scores import Pair

app = typer.Typer(
    no_args_is_help=True,
    help="地下水：案例、评分、导出、MODFLOW 6。 Groundwater: cases, scores, export, MODFLOW 6.",
)
app.command()(contaminants)
app.command()(modflow)
app.command()(report)

CasesArgument = Annotated[
    list[Path],
    typer.Argument(help="案例文件或其文件夹 / Case files, or folders of them", show_default=False),
]


class WaterFile(StrEnum):
    """Formats of fields."""

    NETCDF = "netcdf"
    ZARR = "zarr"
    VTK = "vtk"
    COG = "cog"
    GPKG = "gpkg"
    NPZ = "npz"
    HDS = "hds"


@app.command()
def run(
    cases: CasesArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="结果文件夹 / Folder for results", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 / Print JSON")] = False,
) -> None:
    """运行案例文件：水流、运移、包气带柱、质点。 Run case files: flow, transport, column, tracks."""
    from models.water.case.scores import scores_of
    from models.water.case.write import payload, write_result
    from twin.core.errors import ParkTwinError
    from web.commands.water_print import print_result, print_scores

    shell = open_shell()
    paths = case_paths(cases)
    pairs: list[Pair] = []
    payloads = []
    failed = 0
    for path in paths:
        try:
            loaded, result = _run(path)
        except ParkTwinError as error:
            if len(paths) == 1:
                raise
            failed += 1
            exits.tell(error, shell.speaker.language, shell.err)
            continue
        pairs += result.pairs
        if out is not None:
            folder = out if len(paths) == 1 else out / loaded.id
            write_result(result, folder)
            _write_files(result, loaded, list(loaded.case.output.files), folder)
        if as_json:
            payloads.append(payload(result))
        else:
            print_result(shell, result, loaded.scale)
    if as_json:
        body = payloads[0] if len(paths) == 1 else payloads
        typer.echo(json.dumps(body, ensure_ascii=False, allow_nan=False))
    elif len(paths) > 1 and pairs:
        shell.out.print(shell.say("air_pooled", count=len(paths) - failed), highlight=False)
        print_scores(shell, scores_of(pairs), None)
    if failed:
        raise typer.Exit(exits.FAILED)


@app.command()
def check(cases: CasesArgument) -> None:
    """检查案例文件，不运行。 Check case files without running them."""
    from models.water.case import check_case, load_case
    from twin.core.errors import ParkTwinError

    shell = open_shell()
    failed = False
    for path in case_paths(cases):
        try:
            loaded = load_case(path)
            check_case(loaded)
        except ParkTwinError as error:
            failed = True
            exits.tell(error, shell.speaker.language, shell.err)
            continue
        text = shell.say("air_case_good", case=loaded.id, kind=loaded.case.kind)
        shell.out.print(text, markup=False, highlight=False, soft_wrap=True)
    if failed:
        raise typer.Exit(exits.FAILED)


@app.command()
def score(
    results: Annotated[
        list[Path], typer.Argument(help="结果文件夹 / Folders of results", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 / Print JSON")] = False,
) -> None:
    """汇总评分：偏差、RMSE、L1、最大误差、容差内个数。 Pooled errors of results against observations."""
    from models.water.case.scores import scores_of
    from models.water.case.write import plain_numbers, read_pairs
    from web.commands.water_print import print_scores

    shell = open_shell()
    made = scores_of(read_pairs(results))
    if as_json:
        rows = [plain_numbers(asdict(row)) for row in made]
        typer.echo(json.dumps(rows, ensure_ascii=False, allow_nan=False))
    else:
        print_scores(shell, made, None)


@app.command()
def export(
    case: Annotated[Path, typer.Argument(help="案例文件 / Case file", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="文件夹 / Folder")] = Path("water"),
    kinds: Annotated[
        list[WaterFile] | None,
        typer.Option("--format", help="格式，可多次给出 / Format, several times", show_default="netcdf"),
    ] = None,
) -> None:
    """运行案例并写出其场。 Run a case and write its fields as files of other programs."""
    shell = open_shell()
    loaded, result = _run(case)
    names = [kind.value for kind in kinds or [WaterFile.NETCDF]]
    _tell_written(shell, _write_files(result, loaded, names, out), out)


def case_paths(given: list[Path]) -> list[Path]:
    """Case files, and those of folders. Raises BadRequestError for a folder without any."""
    from twin.core.errors import BadRequestError

    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(path.rglob("*.toml"))
        if not inside:
            raise BadRequestError(
                f"folder {path} holds no case; expected files named *.toml",
                message_zh=f"文件夹 {path} 中没有案例；应有 *.toml 文件",
                field="cases",
                value=str(path),
            )
        found += inside
    return found


def _run(path: Path) -> tuple[LoadedCase, CaseResult]:
    from models.water.case import load_case, run_case

    loaded = load_case(path)
    return loaded, run_case(loaded)


def _write_files(result: CaseResult, loaded: LoadedCase, kinds: list[str], folder: Path) -> int:
    """Write fields; how many files."""
    if not kinds:
        return 0
    from models.water.case.write import write_npz
    from models.water.modflow.fields import write_result_fields
    from twin.stage.water.fields import fields_of_case
    from twin.stage.water.files import FORMATS, write_fields
    from web.release import release

    fields = fields_of_case(result)
    folder.mkdir(parents=True, exist_ok=True)
    levels = [level * loaded.scale.conc_kg_m3 for level in loaded.case.output.levels]
    known = [kind for kind in kinds if kind in FORMATS]
    count = len(write_fields(fields, known, folder, program=f"Park Twin {release()}", levels_kg_m3=levels))
    if "npz" in kinds:
        write_npz(result, folder / f"{result.id}.npz")
        count += 1
    if "hds" in kinds and result.run is not None:
        count += len(write_result_fields(result.run, tuple(fields.concs_kg_m3), folder))
    return count


def _tell_written(shell: Shell, count: int, folder: Path) -> None:
    text = shell.say("air_written", count=count, folder=folder)
    shell.out.print(text, markup=False, highlight=False, soft_wrap=True)
