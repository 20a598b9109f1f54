"""The transport models of MODFLOW 6, one per species: DIS, IC, ADV, DSP, MST, IST, SSM, CNC, SRC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.water.modflow.extra import refused
from models.water.modflow.mirror import turned, turned_cells
from models.water.modflow.units import Units
from models.water.modflow.write_flow import Source, grid_input
from models.water.problem import (
    FixedConcentration,
    FlowProblem,
    MassSource,
    Species,
    TransportProblem,
)
from twin.core.geometry import FloatArray

_NAME_MAX = 16  # characters of a model's name in MODFLOW 6
_CLOSE = 1e-9


def write_transport(
    mf6: Any,
    sim: Any,
    flow: FlowProblem,
    transport: TransportProblem,
    *,
    name: str,
    units: Units,
    sources: Sequence[Source],
) -> tuple[str, ...]:
    """Add the transport models to a simulation; notes on what MODFLOW 6 computes otherwise."""
    notes: list[str] = []
    if transport.scheme in ("koren", "superbee", "van_leer"):
        notes.append(f"scheme {transport.scheme} is written as TVD, MODFLOW's limiter")
    for n, species in enumerate(transport.species):
        _check(species, name)
        gwt = mf6.ModflowGwt(sim, modelname=species.id, model_nam_file=f"{species.id}.nam", save_flows=True)
        ims = mf6.ModflowIms(
            sim, filename=f"{species.id}.ims", complexity="MODERATE", linear_acceleration="BICGSTAB"
        )
        sim.register_ims_package(ims, [species.id])
        mf6.ModflowGwtdis(gwt, **grid_input(flow, units))
        start = transport.start_conc_kg_m3
        begin = np.zeros(flow.grid.shape) if start is None else start[n]
        mf6.ModflowGwtic(gwt, strt=turned(np.nan_to_num(begin) / units.conc_kg_m3))
        mf6.ModflowGwtadv(gwt, scheme="UPSTREAM" if transport.scheme == "upstream" else "TVD")
        _dispersion(mf6, gwt, transport, units)
        _storage(mf6, gwt, flow, species, units)
        mf6.ModflowGwtssm(gwt, sources=[(row.package, row.kind, species.id) for row in sources] or None)
        _held(mf6, gwt, flow, transport.fixed, n, units)
        _released(mf6, gwt, flow, transport.sources, n, units)
        mf6.ModflowGwtoc(
            gwt,
            concentration_filerecord=f"{species.id}.ucn",
            budget_filerecord=f"{species.id}.bud",
            saverecord=[("CONCENTRATION", "ALL"), ("BUDGET", "ALL")],
        )
        mf6.ModflowGwfgwt(
            sim,
            exgtype="GWF6-GWT6",
            exgmnamea=name,
            exgmnameb=species.id,
            filename=f"{name}-{species.id}.gwfgwt",
        )
    return tuple(notes)


def _check(species: Species, flow_name: str) -> None:
    where = f"species {species.id}"
    if len(species.id) > _NAME_MAX or species.id == flow_name:
        raise refused(
            where,
            species.id,
            f"a name of its own of at most {_NAME_MAX} characters",
            f"至多 {_NAME_MAX} 个字符的独有名称",
        )
    if species.parent is not None:
        raise refused(
            f"{where}, parent", species.parent, "no chain: MODFLOW 6 has none", "MODFLOW 6 无衰变链"
        )
    if species.zones:
        raise refused(f"{where}, zones", len(species.zones), "none: MODFLOW 6 has none", "MODFLOW 6 无反应带")
    if species.sorption is not None and species.sorption.rate_1_s is not None:
        raise refused(
            f"{where}, sorption.rate_1_s",
            species.sorption.rate_1_s,
            "equilibrium: MODFLOW 6 has no rate of sorption",
            "平衡吸附：MODFLOW 6 无吸附速率",
        )


def _dispersion(mf6: Any, gwt: Any, transport: TransportProblem, units: Units) -> None:
    given = transport.dispersion
    length_m = units.length_m
    vertical = given.transverse_vertical_m / length_m
    # ATH2 is the spreading in the vertical of horizontal flow; its default would be that of the plane.
    mf6.ModflowGwtdsp(
        gwt,
        xt3d_off=not given.cross_terms,
        alh=given.longitudinal_m / length_m,
        alv=given.longitudinal_m / length_m,
        ath1=given.transverse_horizontal_m / length_m,
        ath2=vertical,
        atv=vertical,
        diffc=given.diffusion_m2_s / (length_m**2 / units.time_s),
    )


def _storage(mf6: Any, gwt: Any, flow: FlowProblem, species: Species, units: Units) -> None:
    porosity = turned(flow.medium.porosity)
    share = 1.0
    if species.dual is not None:
        # MODFLOW counts each domain's porosity per volume of that domain: two halves keep the numbers exact.
        share = 0.5
        porosity = porosity / share
    more: dict[str, Any] = {}
    if species.decay_1_s or species.decay_sorbed_1_s:
        more |= {"first_order_decay": True, "decay": species.decay_1_s * units.time_s}
        if species.sorption is not None:
            more["decay_sorbed"] = species.decay_sorbed_1_s * units.time_s
    sorption = species.sorption
    if sorption is not None:
        more |= {
            "sorption": sorption.kind,
            "bulk_density": sorption.bulk_density_kg_m3 * units.length_m**3 / share,
        }
        # Solids are counted in kg whatever the unit of dissolved mass.
        volume, sorbed = units.length_m**3, units.conc_kg_m3 * units.length_m**3
        if sorption.kind == "linear":
            more["distcoef"] = sorption.kd_m3_kg / volume
        elif sorption.kind == "freundlich":
            more["distcoef"] = sorption.kf * units.conc_kg_m3**sorption.exponent / sorbed
            more["sp2"] = sorption.exponent
        else:
            more["distcoef"] = sorption.kl_m3_kg * units.conc_kg_m3
            more["sp2"] = sorption.s_max_kg_kg / sorbed
    mf6.ModflowGwtmst(gwt, porosity=porosity, **more)
    if species.dual is not None:
        mf6.ModflowGwtist(
            gwt,
            cim_filerecord=f"{species.id}.cim",
            volfrac=share,
            porosity=species.dual.porosity / (1.0 - share),
            zetaim=species.dual.exchange_1_s * units.time_s,
            cim=0.0,
        )


def _held(
    mf6: Any, gwt: Any, flow: FlowProblem, fixed: Sequence[FixedConcentration], n: int, units: Units
) -> None:
    rows = _windows(flow, [(row, row.conc_kg_m3[:, n] / units.conc_kg_m3) for row in fixed], "fixed")
    if rows:
        mf6.ModflowGwtcnc(
            gwt, pname="cnc", maxbound=max(len(part) for part in rows.values()), stress_period_data=rows
        )


def _released(
    mf6: Any, gwt: Any, flow: FlowProblem, sources: Sequence[MassSource], n: int, units: Units
) -> None:
    factor = units.mass_kg / units.time_s
    rows = _windows(flow, [(row, row.rate_kg_s[:, n] / factor) for row in sources], "sources")
    if rows:
        mf6.ModflowGwtsrc(
            gwt, pname="src", maxbound=max(len(part) for part in rows.values()), stress_period_data=rows
        )


def _windows(
    flow: FlowProblem,
    given: Sequence[tuple[FixedConcentration | MassSource, FloatArray]],
    field: str,
) -> dict[int, list[tuple[tuple[int, int, int], float]]]:
    """Rows by period. Raises BadRequestError for a moment within a period, which MODFLOW cannot say."""
    if not given:
        return {}
    ends = np.cumsum([row.length_s for row in flow.periods])
    starts = ends - np.array([row.length_s for row in flow.periods])
    total = float(ends[-1])
    bounds = np.concatenate([[0.0], ends])
    for row, _ in given:
        for moment in (row.start_s, row.end_s):
            if moment < total and float(np.min(np.abs(bounds - moment))) > _CLOSE * total:
                raise refused(
                    f"{field} {row.name}",
                    f"{moment:g} s",
                    "moments at the ends of stress periods, as MODFLOW 6 needs them",
                    "与应力期边界一致的时刻",
                )
    kept: dict[int, list[tuple[tuple[int, int, int], float]]] = {}
    last: list[tuple[tuple[int, int, int], float]] = []
    for n, start in enumerate(starts):
        here: list[tuple[tuple[int, int, int], float]] = []
        for row, values in given:
            if row.start_s <= start + _CLOSE * total and row.end_s > start + _CLOSE * total:
                cells = turned_cells(row.cells, flow.grid.shape[1])
                here += [(cell, float(v)) for cell, v in zip(cells, values, strict=True) if math.isfinite(v)]
        if here != last:
            kept[n] = here
        last = here
    return kept
