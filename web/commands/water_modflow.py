"""``park-twin water modflow``: a case as a MODFLOW 6 model, a MODFLOW 6 model run here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web.commands.shell import Shell, open_shell


def modflow(
    given: Annotated[
        Path,
        typer.Argument(
            help="案例文件或模型文件夹 / A case file to write, or the folder of a model to run",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="文件夹 / Folder")] = Path("modflow"),
    length_unit: Annotated[
        str | None, typer.Option("--length-unit", help="模型未写明时的长度单位 / meters, feet, centimeters")
    ] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", help="模型未写明时的时间单位 / seconds, days, ...")
    ] = None,
    mass_unit: Annotated[str, typer.Option("--mass-unit", help="浓度的质量单位 / kg, g, mg")] = "kg",
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="明知而略去的包或选项 / Left out knowingly")
    ] = None,
) -> None:
    """案例写为 MODFLOW 6 模型，或读入并运行 MODFLOW 6 模型。 Write a case as MODFLOW 6, or run a model."""
    shell = open_shell()
    if given.is_dir():
        _read_and_run(shell, given, out, length_unit, time_unit, mass_unit, tuple(ignore or ()))
        return
    from models.water.case import build_case, load_case
    from models.water.modflow import Units, write_modflow6

    units = Units(length=length_unit or "meters", time=time_unit or "seconds", mass=mass_unit)
    written = write_modflow6(build_case(load_case(given)).problem, out, units=units)
    _tell(shell, len(written.files), out, written.notes)


def _read_and_run(
    shell: Shell,
    folder: Path,
    out: Path,
    length_unit: str | None,
    time_unit: str | None,
    mass_unit: str,
    ignore: tuple[str, ...],
) -> None:
    from models.water.modflow import read_modflow6
    from models.water.modflow.fields import write_result_fields
    from models.water.run import run
    from twin.core.origin import Origin
    from twin.stage.water.fields import fields_of_run
    from twin.stage.water.files import write_fields
    from web.release import release

    found = read_modflow6(
        folder, length_unit=length_unit, time_unit=time_unit, mass_unit=mass_unit, ignore=ignore
    )
    made = run(found.problem)
    species = () if found.transport is None else tuple(row.id for row in found.transport.species)
    fields = fields_of_run(
        made,
        found.flow.grid,
        species,
        name=found.name,
        origin=Origin.MODELLED,
        inputs=(f"MODFLOW 6 model {found.name}",),
        notes=(*found.notes, *made.notes),
    )
    count = len(write_fields(fields, ["netcdf"], out, program=f"Park Twin {release()}"))
    count += len(write_result_fields(made, species, out, units=found.units))
    _tell(shell, count, out, (*found.notes, *made.notes))


def _tell(shell: Shell, count: int, folder: Path, notes: tuple[str, ...]) -> None:
    text = shell.say("air_written", count=count, folder=folder)
    shell.out.print(text, markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        shell.out.print(f"! {note}", markup=False, highlight=False, soft_wrap=True)
