"""``park-twin air substances``: the table of substances, each number with its sources."""

from __future__ import annotations

from typing import Annotated

import typer

from models.substances.cited import Cited
from web.commands.shell import open_shell


def substances(
    name: Annotated[
        str | None,
        typer.Argument(
            help="代号、CAS 号或别名；缺省列出全部 / Id, CAS number or alias; all when left out",
            show_default=False,
        ),
    ] = None,
) -> None:
    """物质表：性质与限值。 The table of substances: properties and levels."""
    from rich.table import Table

    from models.substances.table import substance
    from models.substances.table import substances as all_rows
    from twin.core.units import from_si

    shell = open_shell()
    zh = shell.speaker.language == "zh"
    if name is None:
        table = Table()
        for head in ("id", "CAS", shell.say("air_name"), "kg/mol", "K"):
            table.add_column(head)
        for row in all_rows():
            table.add_row(
                row.id,
                row.cas,
                row.name.zh if zh else row.name.en,
                f"{row.molar_mass_kg_mol:.6f}",
                _boiling(row.numbers.get("boiling_k")),
            )
        shell.out.print(table)
        return
    row = substance(name)
    head = f"{row.id}  {row.name.zh}  {row.name.en}  {row.formula}  CAS {row.cas}"
    shell.out.print(head, markup=False, highlight=False, soft_wrap=True)
    shell.out.print(
        f"M {row.molar_mass_kg_mol:.6f} kg/mol   Tb {_boiling(row.numbers.get('boiling_k')) or '-'} K",
        highlight=False,
    )
    levels = Table()
    for head in (shell.say("air_level"), "min", "ppm", "mg/m3", shell.say("air_sources")):
        levels.add_column(head)
    for level in row.levels:
        minutes = "" if level.exposure_s is None else f"{level.exposure_s / 60.0:g}"
        source = ", ".join(row.id for row in level.printed.sources)
        mark = source if level.printed.verified else f"{source} ({shell.say('air_unverified')})"
        name_of = f"{level.kind.value.upper()}-{level.level}" if level.level else level.kind.value.upper()
        levels.add_row(
            name_of, minutes, f"{level.ppm:.4g}", f"{from_si(level.conc_kg_m3(), 'mg/m3'):.4g}", mark
        )
    shell.out.print(levels)


def _boiling(found: Cited | None) -> str:
    """Boiling point for reading; empty where the table has none (substances that sublime)."""
    return "" if found is None else f"{found.value:.2f}"
