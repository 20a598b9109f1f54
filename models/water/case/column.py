"""Running a case of the unsaturated column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.casefiles.findings import bad_value
from models.casefiles.tables import ResultTable, make_table
from models.water.case.dims import Scale
from models.water.case.load import LoadedCase
from models.water.case.schema import ObservedRow
from models.water.case.schema_column import ColumnCase, SoilRow, SoluteRow, TopRow
from models.water.column.problem import Bottom, ColumnProblem, KdRule, SoilLayer, Solute, Top
from models.water.column.run import ColumnResult, run_column
from models.water.column.soils import Gardner, Haverkamp, Soil, VanGenuchten
from twin.core.geometry import FloatArray

_BULK_KG_M3 = 1600.0
DRIEST_M = -1e5  # pF 7, 10^7 cm: oven-dry soil (Schofield, 1935)


def column_problem(loaded: LoadedCase) -> ColumnProblem:
    """The problem of a case, SI. Raises CaseError or BadRequestError naming field and value."""
    case, scale = loaded.case, loaded.scale
    assert isinstance(case, ColumnCase)
    ids = [row.id for row in case.solute]
    made = ColumnProblem(
        layers=tuple(_layer(row, scale) for row in case.soil),
        depth_m=case.depth_total * scale.factor("L"),
        tops=tuple(_top(row, ids, loaded) for row in case.top),
        cells=case.cells,
        bottom=Bottom(kind=case.bottom.kind, head_m=case.bottom.head * scale.factor("L")),
        start_head_m=_start(case.start_head, "start_head", scale.factor("L"), loaded, case),
        start_water_content=_start(case.start_content, "start_content", 1.0, loaded, case),
        solutes=tuple(_solute(row, loaded) for row in case.solute),
        dispersivity_m=case.dispersivity * scale.factor("L"),
        diffusion_m2_s=case.diffusion * scale.factor("L2/T"),
    )
    _check_start(made, case, loaded)
    return made


def _check_start(problem: ColumnProblem, case: ColumnCase, loaded: LoadedCase) -> None:
    """Raise CaseError for water contents that a soil cannot hold, and for suctions beyond dry soil."""
    depths = problem.below_ground_m
    bottoms = [row.bottom_m for row in problem.layers]
    soils = [case.soil[min(int(np.searchsorted(bottoms, d)), len(bottoms) - 1)] for d in depths]
    if problem.start_water_content is not None:
        for n, (content, soil) in enumerate(zip(problem.start_water_content, soils, strict=True), start=1):
            if not soil.residual < content <= soil.saturated:
                raise bad_value(
                    loaded.source,
                    f"start_content of cell {n}",
                    float(content),
                    f"more than residual {soil.residual:g}, at most saturated {soil.saturated:g} of its soil",
                    f"大于该土层的 residual {soil.residual:g}，且不大于 saturated {soil.saturated:g}",
                )
    if problem.start_head_m is not None and problem.start_head_m.min() < DRIEST_M:
        factor = loaded.scale.factor("L")
        least = f"{DRIEST_M / factor:g}"
        raise bad_value(
            loaded.source,
            "start_head",
            float(problem.start_head_m.min() / factor),
            f"at least {least}, the suction of oven-dry soil (pF 7)",
            f"不小于 {least}，即烘干土的吸力（pF 7）",
        )


def run_column_case(
    loaded: LoadedCase, rows: Sequence[ObservedRow]
) -> tuple[dict[str, ResultTable], ColumnResult]:
    """Tables ``bottom``, ``depths``, ``profile``, ``balance``; and the run itself."""
    case, scale = loaded.case, loaded.scale
    assert isinstance(case, ColumnCase)
    problem = column_problem(loaded)
    time_s = scale.factor("T")
    times = [t * time_s for t in case.output.times]
    times += [row.time * time_s for row in rows if row.time is not None]
    end_s = problem.tops[-1].end_s
    if times and max(times) > end_s * (1.0 + 1e-9):
        raise bad_value(
            loaded.source,
            "output.times",
            max(times) / time_s,
            f"times from 0 to {end_s / time_s:g}",
            f"0 至 {end_s / time_s:g} 的时刻",
        )
    made = run_column(problem, times_s=[min(t, end_s) for t in times])
    ids = [row.id for row in case.solute]
    tables = {
        "depths": _depths(case, scale, problem, made, ids),
        "bottom": _bottom(scale, made, ids),
        "balance": _balance(made, ids),
        "series": _series(made, ids),
        "profile": _profile(problem, made, ids),
    }
    return tables, made


def _layer(row: SoilRow, scale: Scale) -> SoilLayer:
    density = None if row.bulk_density is None else row.bulk_density * scale.factor("S/L3")
    return SoilLayer(
        soil=_soil(row, scale),
        bottom_m=row.bottom * scale.factor("L"),
        bulk_density_kg_m3=_BULK_KG_M3 if density is None else density,
        ph_value=row.ph,
    )


def _soil(row: SoilRow, scale: Scale) -> Soil:
    k_m_s = row.k * scale.factor("L/T")
    alpha_1_m = (row.alpha or 0.0) * scale.factor("1/L")
    if row.curve == "gardner":
        return Gardner(
            residual_fraction=row.residual, saturated_fraction=row.saturated, alpha_1_m=alpha_1_m, k_m_s=k_m_s
        )
    if row.curve == "haverkamp":
        return Haverkamp(
            residual_fraction=row.residual,
            saturated_fraction=row.saturated,
            a_factor=row.a or 0.0,
            b_factor=row.b or 0.0,
            k_m_s=k_m_s,
            c_factor=row.c or 0.0,
            d_factor=row.d or 0.0,
        )
    return VanGenuchten(
        residual_fraction=row.residual,
        saturated_fraction=row.saturated,
        alpha_1_m=alpha_1_m,
        shape_factor=row.n or 0.0,
        k_m_s=k_m_s,
        pore_factor=row.pore,
    )


def _top(row: TopRow, ids: Sequence[str], loaded: LoadedCase) -> Top:
    scale = loaded.scale
    conc = None
    if row.conc is not None:
        if not ids:
            raise bad_value(loaded.source, "top.conc", row.conc, "a [[solute]]", "需要 [[solute]]")
        given = row.conc if isinstance(row.conc, dict) else {ids[0]: row.conc}
        unknown = [name for name in given if name not in ids]
        if unknown:
            known = ", ".join(ids)
            raise bad_value(loaded.source, "top.conc", unknown[0], f"one of {known}", f"{known} 之一")
        conc = [given.get(name, 0.0) * scale.factor("C") for name in ids]
    return Top(
        end_s=row.end * scale.factor("T"),
        flux_m_s=row.flux * scale.factor("L/T"),
        pond_m=None if row.pond is None else row.pond * scale.factor("L"),
        conc_kg_m3=conc,
    )


def _solute(row: SoluteRow, loaded: LoadedCase) -> Solute:
    scale = loaded.scale
    values = row.kd if isinstance(row.kd, list) else [row.kd]
    return Solute(
        id=row.id,
        kd=KdRule(kd_m3_kg=[kd * scale.factor("L3/S") for kd in values], ph_values=tuple(row.kd_ph)),
        decay_1_s=row.decay * scale.factor("1/T"),
        decay_sorbed_1_s=row.decay_sorbed * scale.factor("1/T"),
    )


def _start(
    given: float | list[float] | None, field: str, factor: float, loaded: LoadedCase, case: ColumnCase
) -> FloatArray | None:
    if given is None:
        return None
    if isinstance(given, list) and len(given) != case.cells:
        raise bad_value(
            loaded.source,
            field,
            f"{len(given)} values",
            f"one per cell, {case.cells}",
            f"每格一个，共 {case.cells} 个",
        )
    return np.broadcast_to(np.asarray(given, dtype=np.float64), (case.cells,)) * factor


def _label(name: str, time_s: float, scale: Scale) -> str:
    return f"{name}@{time_s / scale.factor('T'):.12g}"


def _depths(
    case: ColumnCase, scale: Scale, problem: ColumnProblem, made: ColumnResult, ids: Sequence[str]
) -> ResultTable:
    """Values at the depths that are watched, linear between the middles of cells."""
    where = [row.depth * scale.factor("L") for row in case.depth]
    times = made.profile_times_s
    below = problem.below_ground_m

    def at(values: FloatArray) -> list[object]:
        return [float(np.interp(d, below, row)) for row in values for d in where]

    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [_label(row.id, float(t), scale) for t in times for row in case.depth]),
        ("time", "s", [float(t) for t in times for _ in where]),
        ("depth", "m", where * len(times)),
        ("pressure_head", "m", at(made.head_m)),
        ("content", "1", at(made.water_content)),
    ]
    for n, name in enumerate(ids):
        columns.append(("conc" if len(ids) == 1 else f"conc_{name}", "kg/m3", at(made.conc_kg_m3[:, n])))
    return make_table("depths", columns)


def _bottom(scale: Scale, made: ColumnResult, ids: Sequence[str]) -> ResultTable:
    """What leaves below at the moments of the profiles."""
    at = [int(np.argmin(np.abs(made.time_s - t))) for t in made.profile_times_s]
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [_label("bottom", float(t), scale) for t in made.profile_times_s]),
        ("time", "s", list(made.profile_times_s)),
        ("infiltration", "m/s", list(made.infiltration_m_s[at])),
        ("recharge", "m/s", list(made.recharge_m_s[at])),
    ]
    for n, name in enumerate(ids):
        word = "conc" if len(ids) == 1 else f"conc_{name}"
        columns.append((word, "kg/m3", list(made.conc_out_kg_m3[at, n])))
    return make_table("bottom", columns)


def _balance(made: ColumnResult, ids: Sequence[str]) -> ResultTable:
    rows = [
        ("water", made.water_error_fraction, made.run_off_m, made.not_evaporated_m),
        ("mass", made.mass_error_fraction, 0.0, 0.0),
    ]
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("receptor", "", [row[0] for row in rows]),
        ("error", "1", [row[1] for row in rows]),
        ("run_off", "m", [row[2] for row in rows]),
        ("not_evaporated", "m", [row[3] for row in rows]),
    ]
    for n, name in enumerate(ids):
        values = (made.entered_kg_m2, made.left_kg_m2, made.decayed_kg_m2, made.held_kg_m2)
        for word, value in zip(("entered", "left", "decayed", "held"), values, strict=True):
            columns.append((f"{word}_{name}", "kg/m2", [0.0, float(value[n])]))
    return make_table("balance", columns)


def _series(made: ColumnResult, ids: Sequence[str]) -> ResultTable:
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("time", "s", list(made.time_s)),
        ("infiltration", "m/s", list(made.infiltration_m_s)),
        ("recharge", "m/s", list(made.recharge_m_s)),
    ]
    for n, name in enumerate(ids):
        columns.append((f"mass_flux_{name}", "kg/(m2 s)", list(made.mass_flux_kg_m2_s[:, n])))
    return make_table("series", columns)


def _profile(problem: ColumnProblem, made: ColumnResult, ids: Sequence[str]) -> ResultTable:
    times = made.profile_times_s
    below = problem.below_ground_m
    columns: list[tuple[str, str, Sequence[object]]] = [
        ("time", "s", list(np.repeat(times, len(below)))),
        ("depth", "m", list(np.tile(below, len(times)))),
        ("pressure_head", "m", list(made.head_m.ravel())),
        ("content", "1", list(made.water_content.ravel())),
    ]
    for n, name in enumerate(ids):
        columns.append((f"conc_{name}", "kg/m3", list(made.conc_kg_m3[:, n].ravel())))
    return make_table("profile", columns)
