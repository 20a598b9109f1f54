"""Results of water cases on the terminal, in the units of the case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.casefiles.tables import Column, ResultTable
    from models.water.case.dims import Scale
    from models.water.case.result import CaseResult
    from models.water.case.scores import Scores
    from web.commands.shell import Shell

_ROWS_SHOWN = 40
_DIMS = {"m": "L", "s": "T", "kg/m3": "C", "m3/s": "L3/T", "kg": "M", "m/s": "L/T", "m2": "L2"}


def print_result(shell: Shell, result: CaseResult, scale: Scale) -> None:
    """Print tables, errors and notes of a case; courses over time stay in the files."""
    title = f"{result.id}  {result.title}  [{result.solver} {result.version}, {result.origin.value}]"
    shell.out.print(title, markup=False, highlight=False, soft_wrap=True)
    for table in result.tables.values():
        if table.name not in ("series", "observed"):
            _print_table(shell, table, scale)
    if result.pairs:
        _print_pairs(shell, result, scale)
        print_scores(shell, result.scores, scale)
    for note in result.notes:
        shell.out.print(f"! {note}", markup=False, highlight=False, soft_wrap=True)


def print_scores(shell: Shell, made: Sequence[Scores], scale: Scale | None) -> None:
    """One row of errors per quantity, in the case's units or, without them, SI."""
    heads = ["quantity", "n", "bias", "RMSE", "L1", "max", "kept"]
    rows = []
    for row in made:
        factor, units = _factor(row.units, scale)
        numbers = (row.bias_value, row.rmse_value, row.l1_value, row.max_value)
        kept = f"{row.kept}/{row.judged}" if row.judged else "-"
        shown = [_number(value / factor) for value in numbers]
        rows.append([f"{row.quantity} [{units}]", str(row.number), *shown, kept])
    _print_rows(shell, shell.say("air_scores"), heads, rows)


def _print_table(shell: Shell, table: ResultTable, scale: Scale) -> None:
    columns = [_shown(row, scale) for row in table.columns]
    heads = [name for name, _ in columns]
    count = len(columns[0][1]) if columns else 0
    rows = [[values[k] for _, values in columns] for k in range(min(count, _ROWS_SHOWN))]
    _print_rows(shell, table.name, heads, rows)
    if count > _ROWS_SHOWN:
        shell.out.print(shell.say("air_more_rows", count=count - _ROWS_SHOWN), highlight=False)


def _print_pairs(shell: Shell, result: CaseResult, scale: Scale) -> None:
    rows = []
    for pair in result.pairs[:_ROWS_SHOWN]:
        factor, units = _factor(pair.units, scale)
        mark = "" if pair.kept is None else "+" if pair.kept else "-"
        numbers = (pair.observed_value, pair.modelled_value)
        shown = [_number(value / factor) for value in numbers]
        rows.append([pair.receptor, pair.quantity, units, *shown, mark])
    _print_rows(shell, "observed", ["receptor", "quantity", "unit", "observed", "modelled", "kept"], rows)


def _shown(column: Column, scale: Scale) -> tuple[str, list[str]]:
    factor, units = _factor(column.units, scale)
    name = f"{column.name} [{units}]" if units and units != "1" else column.name
    return name, [v if isinstance(v, str) else _number(v / factor) for v in column.values]


def _factor(units: str, scale: Scale | None) -> tuple[float, str]:
    """SI of one unit of the case, and its name."""
    if scale is None or units not in _DIMS:
        return 1.0, units
    dim, names = _DIMS[units], scale.names
    if dim == "C":
        return scale.conc_kg_m3, names.conc or f"{names.mass}/{names.length}3"
    word = {"L": names.length, "T": names.time, "M": names.mass}.get(dim)
    return scale.factor(dim), word or dim.replace("L", names.length).replace("T", names.time)


def _print_rows(shell: Shell, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned plain text: nothing is cut, and a file or another program can read it."""
    widths = [max(len(line[k]) for line in [heads, *rows]) for k in range(len(heads))]
    lines = [f"{title}:"]
    for line in [heads, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    shell.out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _number(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else "-"
