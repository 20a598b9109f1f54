"""Tables of a run: points, profiles, series, budgets, masses, extremes; SI, times in the case's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.casefiles.tables import ResultTable, make_table
from models.water.case.build import Built
from models.water.case.places import point_cell
from models.water.case.schema import PointRow, ProfileRow
from models.water.result import WaterResult
from twin.core.geometry import FloatArray

Cell = tuple[int, int, int]
_FIELDS = ("head", "drawdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A cell with a name."""

    name: str
    cell: Cell


def watched(built: Built) -> tuple[Row, ...]:
    """Cells of the points of a case. Raises CaseError for a point or profile outside, or an inactive cell."""
    for profile in built.case.profile:
        _profile(profile, built)
    return tuple(Row(name=row.id, cell=_cell(row, built)) for row in built.case.point)


def label(name: str, time_s: float, built: Built) -> str:
    """Receptor of a name at a time: ``well@365``, the time in the case's unit."""
    return f"{name}@{time_s / built.loaded.scale.factor('T'):.12g}"


def tables_of(built: Built, run: WaterResult, points: Sequence[Row]) -> dict[str, ResultTable]:
    """All tables of a run."""
    found: dict[str, ResultTable] = {"model": _model(built, run)}
    if points:
        found["points"] = _cells("points", points, built, run)
    for row in built.case.profile:
        found[f"profile_{row.id}"] = _cells(f"profile_{row.id}", _profile(row, built), built, run)
    if any(run.budgets):
        found["budget"] = _budget(built, run)
    if run.masses:
        found["mass"] = _mass(built, run)
    if points and built.case.output.series:
        found["series"] = _series(run)
    return found


def _cell(row: PointRow, built: Built) -> Cell:
    ground, where = built.ground, f"point.{row.id}"
    if row.x is not None and row.y is not None:
        if row.layer is None:
            return point_cell(row.x, row.y, row.z, ground, where)
        _, i, j = point_cell(row.x, row.y, None, ground, where)
        cell = (int(ground.counting.layers(row.layer, where)[0]), i, j)
    else:
        layer = ground.counting.base if row.layer is None else row.layer
        cell = ground.counting.cell(layer, row.row or 0, row.column or 0, where)
    if not ground.grid.active[cell]:
        from models.casefiles.findings import bad_value

        raise bad_value(
            ground.counting.source,
            f"{where}, cell (layer, row, column) {ground.counting.told(cell)}",
            "inactive",
            "an active cell",
            "活动单元",
        )
    return cell


def _profile(row: ProfileRow, built: Built) -> tuple[Row, ...]:
    counting = built.ground.counting
    block = counting.cells(
        "all" if row.layer is None else row.layer,
        "all" if row.row is None else row.row,
        "all" if row.column is None else row.column,
        f"profile.{row.id}",
    )
    free = [row.layer, row.row, row.column].index(None)
    return tuple(
        Row(
            name=f"{row.id}/{counting.told(tuple(cell))[free]}",
            cell=(int(cell[0]), int(cell[1]), int(cell[2])),
        )
        for cell in block
    )


def _cells(name: str, rows: Sequence[Row], built: Built, run: WaterResult) -> ResultTable:
    """One row per cell and time."""
    grid = built.problem.flow.grid
    moments = range(len(run.times_s))
    picked = [(row, n) for n in moments for row in rows]
    at = tuple(np.array([row.cell for row in rows] * len(run.times_s), dtype=np.int64).reshape(-1, 3).T)
    when = np.repeat(np.arange(len(run.times_s)), len(rows))
    start = built.problem.flow.start_head_m[at]
    heads = run.head_m[(when, *at)]
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [label(row.name, float(run.times_s[n]), built) for row, n in picked]),
        ("time", "s", list(run.times_s[when])),
        ("x", "m", list(grid.x_m[at[2]])),
        ("y", "m", list(grid.y_m[at[1]])),
        ("z", "m", list(grid.z_m[at])),
        ("head", "m", list(heads)),
        ("drawdown", "m", list(start - heads)),
    ]
    for quantity, values in _concs(built, run).items():
        columns.append((quantity, "kg/m3", list(values[(when, *at)])))
    return make_table(name, columns)


def _concs(built: Built, run: WaterResult) -> Mapping[str, FloatArray]:
    """Concentrations (nt, nl, nr, nc): ``conc`` of the first species, ``conc_<id>`` of all where several."""
    transport = built.problem.transport
    if transport is None or run.conc_kg_m3 is None:
        return {}
    found = {"conc": run.conc_kg_m3[:, 0]}
    if len(transport.species) > 1:
        found |= {f"conc_{row.id}": run.conc_kg_m3[:, n] for n, row in enumerate(transport.species)}
    return found


def _model(built: Built, run: WaterResult) -> ResultTable:
    """Extremes over all cells, and the mass in the mobile water."""
    times = run.times_s
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [label("model", float(t), built) for t in times]),
        ("time", "s", list(times)),
        ("head_min", "m", _over(run.head_m, np.fmin)),
        ("head_max", "m", _over(run.head_m, np.fmax)),
    ]
    volume = built.problem.flow.medium.porosity * built.problem.flow.grid.thickness_m
    volume = volume * built.problem.flow.grid.area_m2
    for quantity, values in _concs(built, run).items():
        mass = [float(np.nansum(values[n] * volume * _saturation(run, n))) for n in range(len(times))]
        columns += [
            (f"{quantity}_min", "kg/m3", _over(values, np.fmin)),
            (f"{quantity}_max", "kg/m3", _over(values, np.fmax)),
            (quantity.replace("conc", "mass_water"), "kg", mass),
        ]
    return make_table("model", columns)


def _saturation(run: WaterResult, n: int) -> FloatArray | float:
    missing = len(run.times_s) - len(run.fields)  # the start has no flow
    return 1.0 if n < missing or not run.fields else run.fields[n - missing].saturation_end


def _over(values: FloatArray, pick: np.ufunc) -> list[float]:
    flat = values.reshape(len(values), -1)
    return [float(pick.reduce(row)) for row in flat]


def _steps(run: WaterResult) -> list[int]:
    """Steps that end at the moments that were kept."""
    return [int(np.argmin(np.abs(run.step_times_s - t))) for t in run.times_s if t > 0.0]


def _budget(built: Built, run: WaterResult) -> ResultTable:
    rows = [(run.step_times_s[n], row) for n in _steps(run) for row in run.budgets[n]]
    return make_table(
        "budget",
        [
            ("receptor", "", [label(row.name, float(t), built) for t, row in rows]),
            ("time", "s", [t for t, _ in rows]),
            ("in", "m3/s", [row.in_m3_s for _, row in rows]),
            ("out", "m3/s", [row.out_m3_s for _, row in rows]),
        ],
    )


def _mass(built: Built, run: WaterResult) -> ResultTable:
    rows = [(run.step_times_s[n], row) for n in _steps(run) for row in run.masses[n]]
    return make_table(
        "mass",
        [
            ("receptor", "", [label(f"{row.species}/{row.name}", float(t), built) for t, row in rows]),
            ("time", "s", [t for t, _ in rows]),
            ("in", "kg", [row.in_kg for _, row in rows]),
            ("out", "kg", [row.out_kg for _, row in rows]),
        ],
    )


def _series(run: WaterResult) -> ResultTable:
    columns: list[tuple[str, str, Sequence[object]]] = [("time", "s", list(run.step_times_s))]
    for name, values in run.series.items():
        columns.append((name, "kg/m3" if ":" in name else "m", list(values)))
    return make_table("series", columns)
