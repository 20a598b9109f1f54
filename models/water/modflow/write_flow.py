"""The flow model of MODFLOW 6: DIS, IC, NPF, STO and the packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.water.modflow.mirror import turned, turned_cells
from models.water.modflow.units import Units
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    FlowProblem,
    GeneralHead,
    Recharge,
    River,
    Stress,
    Wells,
)
from twin.core.geometry import FloatArray

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A package that brings dissolved mass: what SSM says of it, by species."""

    package: str
    kind: str = "AUX"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """How a package's list is written: its suffix and the columns after the cell, in the model's units."""

    suffix: str
    columns: Callable[[Any, Units], Sequence[FloatArray]]
    has_conc: bool = True


def _area_time(units: Units) -> float:
    return units.length_m**2 / units.time_s


_LISTED: dict[type[Any], _Listed] = {
    FixedHead: _Listed(suffix="chd", columns=lambda s, u: (s.head_m / u.length_m,)),
    Wells: _Listed(suffix="wel", columns=lambda s, u: (s.rate_m3_s / (u.length_m**3 / u.time_s),)),
    River: _Listed(
        suffix="riv",
        columns=lambda s, u: (
            s.stage_m / u.length_m,
            s.conductance_m2_s / _area_time(u),
            s.bottom_m / u.length_m,
        ),
    ),
    Drain: _Listed(
        suffix="drn",
        columns=lambda s, u: (s.elevation_m / u.length_m, s.conductance_m2_s / _area_time(u)),
        has_conc=False,
    ),
    GeneralHead: _Listed(
        suffix="ghb", columns=lambda s, u: (s.head_m / u.length_m, s.conductance_m2_s / _area_time(u))
    ),
}


def write_flow(
    mf6: Any, sim: Any, flow: FlowProblem, *, name: str, units: Units, species: Sequence[str]
) -> tuple[Source, ...]:
    """Add the flow model to a simulation; the packages that bring mass."""
    smooth = flow.medium.convertible is not None and bool(np.any(flow.medium.convertible))
    gwf = mf6.ModflowGwf(
        sim,
        modelname=name,
        model_nam_file=f"{name}.nam",
        save_flows=True,
        newtonoptions="NEWTON UNDER_RELAXATION" if smooth else None,
    )
    ims = mf6.ModflowIms(sim, filename=f"{name}.ims", complexity="MODERATE", linear_acceleration="BICGSTAB")
    sim.register_ims_package(ims, [name])
    mf6.ModflowGwfdis(gwf, **grid_input(flow, units))
    mf6.ModflowGwfic(gwf, strt=turned(flow.start_head_m / units.length_m))
    _ground(mf6, gwf, flow, units)
    sources = _packages(mf6, gwf, flow, units, species)
    mf6.ModflowGwfoc(
        gwf,
        head_filerecord=f"{name}.hds",
        budget_filerecord=f"{name}.bud",
        saverecord=[("HEAD", "ALL"), ("BUDGET", "ALL")],
    )
    return sources


def grid_input(flow: FlowProblem, units: Units) -> dict[str, Any]:
    """What DIS is given, of flow and transport alike."""
    grid = flow.grid
    nl, nr, nc = grid.shape
    return {
        "length_units": units.length,
        "nlay": nl,
        "nrow": nr,
        "ncol": nc,
        "delr": grid.dx_m / units.length_m,
        "delc": grid.dy_m[::-1] / units.length_m,
        "top": turned(grid.top_m / units.length_m),
        "botm": turned(grid.bottom_m / units.length_m),
        "idomain": turned(grid.domain.astype(np.int64)),
        "xorigin": grid.x0_m / units.length_m,
        "yorigin": grid.y0_m / units.length_m,
    }


def _ground(mf6: Any, gwf: Any, flow: FlowProblem, units: Units) -> None:
    medium, layers = flow.medium, flow.grid.shape[0]
    speed = units.length_m / units.time_s
    given = medium.convertible
    convertible = np.zeros(layers, dtype=np.int64) if given is None else given.astype(np.int64)
    mf6.ModflowGwfnpf(
        gwf,
        icelltype=[int(n) for n in convertible],
        k=turned(medium.k_m_s / speed),
        k22=None if medium.k22_m_s is None else turned(medium.k22_m_s / speed),
        k33=turned(medium.k33_m_s / speed),
        save_specific_discharge=True,
        save_saturation=True,
    )
    mf6.ModflowGwfsto(
        gwf,
        iconvert=[int(n) for n in convertible],
        ss=turned(medium.specific_storage_1_m * units.length_m),
        sy=turned(medium.specific_yield),
        steady_state={n: True for n, row in enumerate(flow.periods) if row.steady},
        transient={n: True for n, row in enumerate(flow.periods) if not row.steady},
    )


def _packages(
    mf6: Any, gwf: Any, flow: FlowProblem, units: Units, species: Sequence[str]
) -> tuple[Source, ...]:
    """All packages: stresses of one class and name are one, period by period."""
    names: dict[tuple[type[Any], str], None] = {}
    for period in flow.periods:
        for stress in period.stresses:
            names[type(stress), stress.name] = None
    sources: list[Source] = []
    for kind, name in names:
        mine = [[s for s in row.stresses if type(s) is kind and s.name == name] for row in flow.periods]
        sources += _package(mf6, gwf, flow, units, species, kind, name, mine)
    return tuple(sources)


def _package(
    mf6: Any,
    gwf: Any,
    flow: FlowProblem,
    units: Units,
    species: Sequence[str],
    kind: type[Any],
    name: str,
    periods: list[list[Stress]],
) -> list[Source]:
    if kind is Barrier:
        _barrier(mf6, gwf, flow, units, name, periods)
        return []
    if kind in (Recharge, Evapotranspiration):
        return _planes(mf6, gwf, flow, units, species, kind, name, periods)
    how = _LISTED[kind]
    with_conc = how.has_conc and any(
        getattr(s, "conc_kg_m3", None) is not None for row in periods for s in row
    )
    rows = {n: _rows(row, how, flow, units, species if with_conc else ()) for n, row in enumerate(periods)}
    make = getattr(mf6, f"ModflowGwf{how.suffix}")
    make(
        gwf,
        pname=name,
        filename=f"{gwf.name}.{name}.{how.suffix}",
        auxiliary=list(species) if with_conc else None,
        stress_period_data=_changes(rows),
        maxbound=max((len(part) for part in rows.values()), default=0) or 1,
    )
    return [Source(package=name)] if with_conc else []


def _rows(
    stresses: Sequence[Stress], how: _Listed, flow: FlowProblem, units: Units, species: Sequence[str]
) -> list[Row]:
    found: list[Row] = []
    for stress in stresses:
        cells = turned_cells(stress.cells, flow.grid.shape[1])  # type: ignore[union-attr]
        columns = [np.asarray(column, dtype=np.float64) for column in how.columns(stress, units)]
        if species:
            given = getattr(stress, "conc_kg_m3", None)
            conc = np.zeros((len(cells), len(species))) if given is None else given / units.conc_kg_m3
            columns += list(conc.T)
        found += [(cell, *(float(column[n]) for column in columns)) for n, cell in enumerate(cells)]
    return found


def _changes(rows: dict[int, list[Row]]) -> dict[int, list[Row]]:
    """Periods in which a list differs from that of the period before; it holds on until then."""
    kept: dict[int, list[Row]] = {}
    last: list[Row] = []
    for n, part in rows.items():
        if part != last:
            kept[n] = part
        last = part
    return kept


def _planes(
    mf6: Any,
    gwf: Any,
    flow: FlowProblem,
    units: Units,
    species: Sequence[str],
    kind: type[Any],
    name: str,
    periods: list[list[Stress]],
) -> list[Source]:
    speed = units.length_m / units.time_s
    none = np.zeros(flow.grid.shape[1:])
    if kind is Evapotranspiration:
        given = [row[0] if row else None for row in periods]
        planes = {
            "surface": [none if s is None else s.surface_m / units.length_m for s in given],  # type: ignore[union-attr]
            "rate": [none if s is None else s.rate_m_s / speed for s in given],  # type: ignore[union-attr]
            "depth": [none + 1.0 if s is None else s.depth_m / units.length_m for s in given],  # type: ignore[union-attr]
        }
        data = {key: _plane_changes(values) for key, values in planes.items()}
        # Concentration 0 with AUXMIXED: what evaporates is pure water.
        aux = {0: [none.copy() for _ in species]} if species else None
        mf6.ModflowGwfevta(
            gwf,
            pname=name,
            filename=f"{gwf.name}.{name}.evt",
            auxiliary=list(species) or None,
            aux=aux,
            **data,
        )
        return [Source(package=name, kind="AUXMIXED")] if species else []
    rates = [sum((s.rate_m_s / speed for s in row), start=none) for row in periods]  # type: ignore[union-attr]
    concs = [_recharge_conc(row, units, none, len(species)) for row in periods]
    with_conc = bool(species) and any(conc is not None for conc in concs)
    clean = [none.copy() for _ in species]
    aux_data = {n: clean if conc is None else conc for n, conc in enumerate(concs)} if with_conc else None
    mf6.ModflowGwfrcha(
        gwf,
        pname=name,
        filename=f"{gwf.name}.{name}.rch",
        recharge=_plane_changes(rates),
        auxiliary=list(species) if with_conc else None,
        aux=aux_data,
    )
    return [Source(package=name)] if with_conc else []


def _plane_changes(planes: Sequence[FloatArray]) -> dict[int, FloatArray]:
    kept: dict[int, FloatArray] = {}
    for n, plane in enumerate(planes):
        if n == 0 or not np.array_equal(plane, planes[n - 1]):
            kept[n] = turned(plane)
    return kept


def _recharge_conc(
    stresses: Sequence[Any], units: Units, none: FloatArray, count: int
) -> list[FloatArray] | None:
    """Concentrations by species; of several recharges the mean weighted with their rates."""
    if all(s.conc_kg_m3 is None for s in stresses):
        return None
    if len(stresses) == 1:
        return [turned(stresses[0].conc_kg_m3[..., n] / units.conc_kg_m3) for n in range(count)]
    rate = sum((s.rate_m_s for s in stresses), start=none)
    mixed = []
    for n in range(count):
        mass = sum(
            (s.rate_m_s * (0.0 if s.conc_kg_m3 is None else s.conc_kg_m3[..., n]) for s in stresses),
            start=none,
        )
        mixed.append(turned(np.divide(mass, rate, out=none.copy(), where=rate != 0.0) / units.conc_kg_m3))
    return mixed


def _barrier(
    mf6: Any, gwf: Any, flow: FlowProblem, units: Units, name: str, periods: list[list[Stress]]
) -> None:
    rows: dict[int, list[Row]] = {}
    count = flow.grid.shape[1]
    for n, stresses in enumerate(periods):
        rows[n] = []
        for stress in stresses:
            if isinstance(stress, Barrier):
                pairs = zip(
                    turned_cells(stress.cells_a, count), turned_cells(stress.cells_b, count), strict=True
                )
                values = stress.hydraulic_1_s * units.time_s
                rows[n] += [(a, b, float(v)) for (a, b), v in zip(pairs, values, strict=True)]
    mf6.ModflowGwfhfb(
        gwf,
        pname=name,
        filename=f"{gwf.name}.{name}.hfb",
        maxhfb=max(len(part) for part in rows.values()),
        stress_period_data=_changes(rows),
    )
