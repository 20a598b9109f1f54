"""Results of air cases on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

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
        if not _is_long(table, result):
            _print_table(shell, table, output.conc_units)
    if result.scores:
        print_scores(shell, result.scores)
    for note in result.notes:
        shell.out.print(f"! {note}", markup=False, highlight=False, soft_wrap=True)
    for text in result.texts:
        said = text.zh if shell.speaker.language == "zh" else text.en
        shell.out.print(f"! {said}", markup=False, highlight=False, soft_wrap=True)


def print_scores(shell: Shell, made: Sequence[Scores]) -> None:
    """One row of statistics per quantity."""
    heads = ["quantity", "n", "FAC2", "FB", "NMSE", "MG", "VG", "RMSE", "r"]
    rows = []
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
        rows.append([f"{row.quantity} [{row.units}]", str(row.number), *(_number(v) for v in numbers)])
    _print_rows(shell, shell.say("air_scores"), heads, rows)


def _is_long(table: ResultTable, result: CaseResult) -> bool:
    """Courses stand in the files; receptors of arcs have a table of their own."""
    if table.columns[0].name in ("time", "from"):
        return True
    if table.name != "receptors" or "arcs" not in result.tables:
        return False
    return all("/" in str(value) for value in table.columns[0].values)


def _print_table(shell: Shell, table: ResultTable, conc_units: str) -> None:
    columns = [_shown(row, conc_units) for row in table.columns]
    heads = [f"{name} [{units}]" if units else name for name, units, _ in columns]
    first = columns[0][2]
    # Receptors of arcs have their own table.
    kept = [k for k in range(len(first)) if "/" not in str(first[k]) or table.name != "receptors"]
    rows = [[_cell(values[k]) for _, _, values in columns] for k in kept[:_ROWS_SHOWN]]
    _print_rows(shell, table.name, heads, rows)
    if len(kept) > _ROWS_SHOWN:
        shell.out.print(shell.say("air_more_rows", count=len(kept) - _ROWS_SHOWN), highlight=False)


def _print_rows(shell: Shell, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned plain text: nothing is cut, and a file or another program can read it."""
    widths = [max(len(line[k]) for line in [heads, *rows]) for k in range(len(heads))]
    lines = [f"{title}:"]
    for line in [heads, *rows]:
        lines.append(
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
    shell.out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _shown(column: Column, conc_units: str) -> tuple[str, str, Sequence[float] | Sequence[str]]:
    from twin.core.units import from_si

    if column.units == "kg/m3" and conc_units not in ("kg/m3", "ppm"):
        return column.name, conc_units, [from_si(float(value), conc_units) for value in column.values]
    return column.name, "" if column.units == "1" else column.units, column.values


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"
