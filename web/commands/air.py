"""``park-twin air``: cases of the air models, their scores, substances, and plumes as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.commands import exits
from web.commands.air_export import export
from web.commands.air_substances import substances
from web.commands.shell import open_shell

if TYPE_CHECKING:
    from models.air.case.load import LoadedCase
    from models.air.case.observed import Pair
    from models.air.case.result import CaseResult

app = typer.Typer(
    no_args_is_help=True, help="大气扩散：案例、评分、物质、导出。 Air: cases, scores, substances, export."
)
app.command()(export)
app.command()(substances)

CasesArgument = Annotated[
    list[Path],
    typer.Argument(help="案例文件或其文件夹 / Case files, or folders of them", show_default=False),
]
ResultsArgument = Annotated[
    list[Path],
    typer.Argument(
        help="结果文件夹，或含 observed、modelled 列的 CSV / Result folders, or CSV with observed, modelled"
    ),
]


@app.command()
def run(
    cases: CasesArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="结果文件夹 / Folder for results", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 / Print JSON")] = False,
) -> None:
    """运行案例文件：羽流、重气、风、反向、源项。 Run case files: plume, dense, wind, backward, source."""
    from models.air.case import run_case
    from models.air.case.load import load_case
    from models.air.case.observed import scores_of
    from models.air.case.write import payload, write_result
    from twin.core.errors import ParkTwinError
    from web.commands.air_print import print_result, print_scores

    shell = open_shell()
    paths = _case_paths(cases)
    pairs: list[Pair] = []
    failed = 0
    payloads = []
    for path in paths:
        try:
            loaded = load_case(path)
            result = run_case(loaded)
        except ParkTwinError as error:
            if len(paths) == 1:
                raise
            failed += 1
            exits.tell(error, shell.speaker.language, shell.err)
            continue
        pairs += _pairs(result)
        if out is not None:
            folder = out if len(paths) == 1 else out / loaded.id
            write_result(result, folder)
            _write_fields(result, loaded, folder)
        if as_json:
            payloads.append(payload(result))
        else:
            print_result(shell, result, loaded.case.output)
    if as_json:
        typer.echo(
            json.dumps(payloads[0] if len(paths) == 1 else payloads, ensure_ascii=False, allow_nan=False)
        )
    elif len(paths) > 1 and pairs:
        shell.out.print(shell.say("air_pooled", count=len(paths) - failed), highlight=False)
        print_scores(shell, scores_of(pairs))
    if failed:
        raise typer.Exit(exits.FAILED)


@app.command()
def check(cases: CasesArgument) -> None:
    """检查案例文件，不运行。 Check case files without running them."""
    from models.air.case.load import load_case
    from twin.core.errors import ParkTwinError

    shell = open_shell()
    failed = False
    for path in _case_paths(cases):
        try:
            loaded = load_case(path)
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
    results: ResultsArgument,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 / Print JSON")] = False,
) -> None:
    """汇总评分：FAC2、FB、NMSE、MG、VG、RMSE。 Pooled statistics of results against observations."""
    from dataclasses import asdict

    from models.air.case.observed import scores_of
    from models.air.case.score_files import pairs_of_paths
    from models.air.case.write import plain_numbers
    from web.commands.air_print import print_scores

    shell = open_shell()
    made = scores_of(pairs_of_paths(results))
    if as_json:
        typer.echo(
            json.dumps([plain_numbers(asdict(row)) for row in made], ensure_ascii=False, allow_nan=False)
        )
    else:
        print_scores(shell, made)


def _pairs(result: CaseResult) -> list[Pair]:
    from models.air.case.observed import pairs_of_table

    return list(pairs_of_table(result))


def _write_fields(result: CaseResult, loaded: LoadedCase, folder: Path) -> None:
    asked = loaded.case.output
    if not result.fields or not asked.files:
        return
    from models.air.case.run import gas_of
    from twin.core.units import ppm_to_kg_m3
    from twin.stage.air.contours import ContourLevel
    from twin.stage.air.files import levels_of, write_fields

    levels = [ContourLevel(name=f"{level:g} mg/m3", value=level * 1e-6) for level in asked.levels_mg_m3]
    gas = gas_of(loaded)
    if gas.molar_mass_kg_mol is not None:
        state = {"temperature_k": gas.temperature_k, "pressure_pa": gas.pressure_pa}
        levels += [
            ContourLevel(name=f"{ppm:g} ppm", value=ppm_to_kg_m3(ppm, gas.molar_mass_kg_mol, **state))
            for ppm in asked.levels_ppm
        ]
    if asked.named_levels:
        levels += levels_of(result.fields[0].substance_id)
    write_fields(result.fields, asked.files, folder, program=_program(), levels=levels)


def _program() -> str:
    from web.release import release

    return f"Park Twin {release()}"


def _case_paths(given: list[Path]) -> list[Path]:
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
