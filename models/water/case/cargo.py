"""Species, sources of mass and held concentrations of a case, in SI."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from models.casefiles.findings import bad_value
from models.water.case.arrays import Arrays
from models.water.case.bounds import Bounds
from models.water.case.dims import Scale
from models.water.case.gather import Gathered
from models.water.case.places import Ground, cells_of
from models.water.case.schema import TransportCase
from models.water.case.schema_transport import ConcRow, MassRow, SorptionTable, SpeciesRow, Timed
from models.water.problem import (
    Dispersion,
    DualDomain,
    FixedConcentration,
    MassSource,
    Sorption,
    Species,
    TransportProblem,
)
from twin.core.geometry import FloatArray, frozen


def transport_of(
    case: TransportCase,
    scale: Scale,
    ground: Ground,
    arrays: Arrays,
    porosity: FloatArray,
    gathered: Gathered,
) -> TransportProblem:
    """What travels in a case; findings go to ``gathered``."""
    ids = [row.id for row in case.species]
    clean = np.zeros(arrays.counting.shape)
    bounds = Bounds(
        grid=ground.grid,
        counting=ground.counting,
        scale=scale,
        convertible=np.zeros(ground.grid.shape[0], dtype=np.bool_),
    )
    starts = [gathered.part(partial(_start, row, arrays, bounds), clean) for row in case.species]
    for row in case.species:
        gathered.part(partial(_check_pores, row, porosity, arrays), None)
    sources: list[MassSource] = []
    fixed: list[FixedConcentration] = []
    for n, mass in enumerate(case.mass_source, start=1):
        made = gathered.part(partial(_source, mass, ids, bounds, ground, f"mass_source.{n}"), None)
        sources += [] if made is None else [made]
    for n, held in enumerate(case.fixed_conc, start=1):
        kept = gathered.part(partial(_held, held, ids, bounds, ground, f"fixed_conc.{n}"), None)
        fixed += [] if kept is None else [kept]
    gathered.part(partial(_held_once, case, fixed, ids, ground), None)
    table = case.transport
    length_m = scale.factor("L")
    return TransportProblem(
        species=tuple(_species(row, scale) for row in case.species),
        dispersion=Dispersion(
            longitudinal_m=table.longitudinal * length_m,
            transverse_horizontal_m=table.transverse_horizontal * length_m,
            transverse_vertical_m=table.transverse_vertical * length_m,
            diffusion_m2_s=table.diffusion * scale.factor("L2/T"),
            cross_terms=table.cross_terms,
        ),
        scheme=table.scheme,
        start_conc_kg_m3=frozen(np.stack(starts)),
        sources=tuple(sources),
        fixed=tuple(fixed),
    )


def _species(row: SpeciesRow, scale: Scale) -> Species:
    per_s = scale.factor("1/T")
    if row.half_life is not None:
        decay = sorbed = math.log(2.0) / (row.half_life * scale.factor("T"))
    else:
        decay, sorbed = row.decay * per_s, (row.decay_sorbed or 0.0) * per_s
    dual = row.dual
    return Species(
        id=row.id,
        sorption=None if row.sorption is None else _sorption(row.sorption, scale),
        decay_1_s=decay,
        decay_sorbed_1_s=sorbed,
        parent=row.parent,
        yield_kg_kg=row.yield_ratio,
        dual=None if dual is None else DualDomain(porosity=dual.porosity, exchange_1_s=dual.exchange * per_s),
    )


def _sorption(table: SorptionTable, scale: Scale) -> Sorption:
    density = table.bulk_density * scale.factor("S/L3")
    rate = None if table.rate is None else table.rate * scale.factor("1/T")
    if table.beta is not None:  # MT3DMS's exchange per bulk volume: rho dS/dt = beta (C - S/Kd), so over Kd
        kd = table.kd * scale.factor("L3/S")
        rate = table.beta * scale.factor("1/T") / (density * kd) if kd > 0.0 else None
    return Sorption(
        kind=table.kind,
        bulk_density_kg_m3=density,
        kd_m3_kg=table.kd * scale.factor("L3/S"),
        # S = kf C^n: S is a concentration times volume over solid mass.
        kf=table.kf * scale.factor("CL3/S") / scale.factor("C") ** table.exponent,
        exponent=table.exponent,
        s_max_kg_kg=table.s_max * scale.factor("CL3/S"),
        kl_m3_kg=table.kl * scale.factor("1/C"),
        rate_1_s=rate,
    )


def _source(row: MassRow, ids: list[str], bounds: Bounds, ground: Ground, where: str) -> MassSource:
    cells, rates = _numbers(row, "rate", row.rate, ids, ground, where, other=0.0)
    scale = bounds.scale
    bounds.cells(rates * scale.factor("M/T"), cells, f"{where}.rate", "M/T")
    if row.total:
        rates = rates / len(cells)
    return MassSource(
        cells=cells,
        rate_kg_s=frozen(rates * scale.factor("M/T")),
        start_s=row.start * scale.factor("T"),
        end_s=math.inf if row.end is None else row.end * scale.factor("T"),
    )


def _held(row: ConcRow, ids: list[str], bounds: Bounds, ground: Ground, where: str) -> FixedConcentration:
    # NaN: the other species stay free.
    cells, concs = _numbers(row, "conc", row.conc, ids, ground, where, other=math.nan)
    scale = bounds.scale
    bounds.cells(concs * scale.factor("C"), cells, f"{where}.conc", "C")
    return FixedConcentration(
        cells=cells,
        conc_kg_m3=frozen(concs * scale.factor("C")),
        start_s=row.start * scale.factor("T"),
        end_s=math.inf if row.end is None else row.end * scale.factor("T"),
    )


def _start(row: SpeciesRow, arrays: Arrays, bounds: Bounds) -> FloatArray:
    where, factor = f"species.{row.id}.start", bounds.scale.factor("C")
    found = arrays.cells(row.start, where, factor)
    at = np.argwhere(bounds.grid.active)
    bounds.cells(found[tuple(at.T)], at, where, "C")
    return found


def _check_pores(row: SpeciesRow, porosity: FloatArray, arrays: Arrays) -> None:
    """Raise CaseError where mobile and immobile water would fill more than the aquifer."""
    if row.dual is None or arrays.active is None:
        return
    full = np.argwhere(arrays.active & (porosity + row.dual.porosity > 1.0))
    if len(full):
        cell = tuple(int(n) for n in full[0])
        raise bad_value(
            arrays.counting.source,
            f"species.{row.id}.dual.porosity of cell (layer, row, column) {arrays.counting.told(cell)}",
            row.dual.porosity,
            f"no more than 1 together with the porosity {porosity[cell]:g} of the mobile water",
            f"与可动水孔隙度 {porosity[cell]:g} 之和不大于 1",
        )


def _held_once(case: TransportCase, fixed: list[FixedConcentration], ids: list[str], ground: Ground) -> None:
    """Raise CaseError for a cell in which two rows hold one species at one time."""
    if len(fixed) < len(case.fixed_conc):
        return  # a row that is wrong by itself was told already
    for n, (row, made) in enumerate(zip(case.fixed_conc, fixed, strict=True)):
        for m, (other, before) in enumerate(zip(case.fixed_conc[:n], fixed[:n], strict=True)):
            apart = made.start_s >= before.end_s or before.start_s >= made.end_s
            if apart or (row.species or ids[0]) != (other.species or ids[0]):
                continue
            flat = [np.ravel_multi_index(tuple(c.cells.T), ground.grid.shape) for c in (made, before)]
            both = np.flatnonzero(np.isin(flat[0], flat[1]))
            if len(both):
                cell = ground.counting.told(tuple(made.cells[both[0]]))
                raise bad_value(
                    ground.counting.source,
                    f"fixed_conc.{n + 1}, cell (layer, row, column) {cell}",
                    f"also in fixed_conc.{m + 1}",
                    "one held concentration per cell, species and time",
                    "每个单元、物质、时刻只有一个定浓度",
                )


def _numbers(
    row: Timed,
    name: str,
    given: float | None,
    ids: list[str],
    ground: Ground,
    where: str,
    *,
    other: float,
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], FloatArray]:
    """Cells and values (n, species), in the units of the case; ``other`` of the other species."""
    found = cells_of(row, (name,), ground, where)
    column = found.columns.get(name)
    if (given is None) == (column is None):
        said = "missing" if given is None else "given twice"
        raise bad_value(
            ground.counting.source, f"{where}.{name}", said, "a value, in the row or its table", "一个值"
        )
    at = _species_at(row.species, ids, ground, where)
    values = np.full((len(found.cells), len(ids)), other)
    values[:, at] = column if column is not None else given
    return found.cells, values


def _species_at(name: str | None, ids: list[str], ground: Ground, where: str) -> int:
    if name is None and len(ids) == 1:
        return 0
    if name not in ids:
        known = ", ".join(ids)
        raise bad_value(ground.counting.source, f"{where}.species", name, f"one of {known}", f"{known} 之一")
    return ids.index(name)
