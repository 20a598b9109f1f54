"""Results of air cases on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from models.air.case.result import CaseResult, Column, ResultTable
    from models.air.case.schema_places import OutputTable
    from models.air.case.stats import Scores
    from web.commands.shell import Shell

_ROWS_SHOWN = 40


def print_result(shell: Shell, result: CaseResult, output: OutputTable) -> None:
    """Print tables (arcs stand for their receptors), statistics and notes of a case."""
    title = f"{result.id}  {result.title}  [{result.solver} {result.version}, {result.origin.value}]"
    shell.out.print(title, markup=False, highlight=False, soft_wrap=True)
    for table in result.tables.values():
        if table.name == "series" or _is_rows_of_arcs(table, result):
            continue
        shell.out.print(_as_table(shell, table, output.conc_units))
    if result.scores:
        print_scores(shell, result.scores)
    for note in result.notes:
        shell.out.print(f"! {note}", markup=False, highlight=False, soft_wrap=True)
    for text in result.texts:
        said = text.zh if shell.speaker.language == "zh" else text.en
        shell.out.print(f"! {said}", markup=False, highlight=False, soft_wrap=True)


def print_scores(shell: Shell, made: Sequence[Scores]) -> None:
    """One row of statistics per quantity."""
    table = Table(title=shell.say("air_scores"), title_justify="left")
    for name in ("quantity", "n", "FAC2", "FB", "NMSE", "MG", "VG", "RMSE", "r"):
        table.add_column(name, justify="left" if name == "quantity" else "right")
    for row in made:
        numbers = (
            row.fac2_fraction,
            row.fb_value,
            row.nmse_value,
            row.mg_value,
            row.vg_value,
            row.rmse_value,
            row.correlation_value,
        )
        label = f"{row.quantity} [{row.units}]"
        table.add_row(label, str(row.number), *(_number(value) for value in numbers))
    shell.out.print(table)


def _is_rows_of_arcs(table: ResultTable, result: CaseResult) -> bool:
    if table.name != "receptors" or "arcs" not in result.tables:
        return False
    return all("/" in str(value) for value in table.columns[0].values)


def _as_table(shell: Shell, table: ResultTable, conc_units: str) -> Table:
    columns = [_shown(row, conc_units) for row in table.columns]
    made = Table(title=table.name, title_justify="left")
    for name, units, values in columns:
        text = bool(values) and isinstance(values[0], str)
        made.add_column(f"{name} {units}".strip(), justify="left" if text else "right", no_wrap=text)
    # Receptors of arcs have their own table.
    rows = [k for k in range(len(columns[0][2])) if "/" not in str(columns[0][2][k])]
    for k in rows[:_ROWS_SHOWN]:
        made.add_row(*(_cell(values[k]) for _, _, values in columns))
    if len(rows) > _ROWS_SHOWN:
        made.caption = shell.say("air_more_rows", count=len(rows) - _ROWS_SHOWN)
    return made


def _shown(column: Column, conc_units: str) -> tuple[str, str, Sequence[float] | Sequence[str]]:
    from twin.core.units import from_si

    if column.units == "kg/m3" and conc_units not in ("kg/m3", "ppm"):
        return column.name, conc_units, [from_si(float(value), conc_units) for value in column.values]
    return column.name, "" if column.units == "1" else column.units, column.values


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"
