"""Transport models of MODFLOW 6 as species of one transport problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.water.grid import Grid
from models.water.modflow.extra import UnsupportedError, refused
from models.water.modflow.mirror import cells_of, turned
from models.water.modflow.read_flow import read_grid
from models.water.modflow.units import Units
from models.water.problem import (
    Dispersion,
    DualDomain,
    FixedConcentration,
    FlowProblem,
    MassSource,
    Scheme,
    Sorption,
    Species,
    TransportProblem,
)
from twin.core.geometry import FloatArray, frozen


def read_transport(
    flow: FlowProblem, models: Sequence[Any], units: Units
) -> tuple[FloatArray, TransportProblem, list[str]]:
    """Porosity, the transport problem, and notes. All species share porosity, scheme and dispersion."""
    grid = flow.grid
    parts = [_Part(model, flow, units) for model in models]
    first = parts[0]
    for part in parts[1:]:
        for name in ("scheme", "dispersion"):
            if getattr(part, name) != getattr(first, name):
                raise refused(f"{part.name}, {name}", getattr(part, name), f"that of {first.name}")
        if not np.array_equal(part.porosity, first.porosity):
            raise refused(
                f"{part.name}, porosity", "its own", f"that of {first.name}", f"与 {first.name} 相同"
            )
    notes = []
    if first.scheme != "upstream":
        notes.append("scheme TVD is computed with Koren's limiter")
    count = len(parts)
    fixed = [row for n, part in enumerate(parts) for row in part.held(n, count)]
    sources = [row for n, part in enumerate(parts) for row in part.released(n, count)]
    transport = TransportProblem(
        species=tuple(part.species() for part in parts),
        dispersion=first.dispersion,
        scheme=first.scheme,
        start_conc_kg_m3=frozen(np.stack([part.start(grid) for part in parts])),
        sources=tuple(sources),
        fixed=tuple(fixed),
    )
    return first.porosity, transport, notes


class _Part:
    """One transport model."""

    def __init__(self, model: Any, flow: FlowProblem, units: Units) -> None:
        self.name = str(model.name)
        self._model, self._flow, self._units = model, flow, units
        _check_grid(model, flow.grid, units)
        self.scheme = _scheme(model)
        self.dispersion = _dispersion(model, units, flow.grid)
        self._ist = model.get_package("ist")
        self._share = 1.0 if self._ist is None else 1.0 - _one(self._ist.volfrac, "ist.volfrac", flow.grid)
        mobile = turned(np.asarray(model.mst.porosity.array, dtype=np.float64))
        self.porosity = frozen(np.broadcast_to(mobile * self._share, flow.grid.shape).copy())

    def start(self, grid: Grid) -> FloatArray:
        found = turned(np.asarray(self._model.ic.strt.array, dtype=np.float64)).reshape(grid.shape)
        return np.where(grid.active, found * self._units.conc_kg_m3, 0.0)

    def species(self) -> Species:
        mst, grid = self._model.mst, self._flow.grid
        decays = bool(mst.first_order_decay.get_data())
        return Species(
            id=self.name,
            sorption=self._sorption(),
            decay_1_s=_one(mst.decay, "mst.decay", grid) / self._units.time_s if decays else 0.0,
            decay_sorbed_1_s=_one(mst.decay_sorbed, "mst.decay_sorbed", grid) / self._units.time_s
            if decays and mst.decay_sorbed.has_data()
            else 0.0,
            dual=self._dual(),
        )

    def held(self, n: int, count: int) -> list[FixedConcentration]:
        package = self._model.get_package("cnc")
        found = []
        for start_s, end_s, cells, values in self._windows(package, "conc"):
            conc = np.full((len(values), count), np.nan)
            conc[:, n] = values * self._units.conc_kg_m3
            found.append(
                FixedConcentration(
                    cells=cells,
                    conc_kg_m3=frozen(conc),
                    start_s=start_s,
                    end_s=end_s,
                    name=package.package_name,
                )
            )
        return found

    def released(self, n: int, count: int) -> list[MassSource]:
        package = self._model.get_package("src")
        found = []
        for start_s, end_s, cells, values in self._windows(package, "smassrate"):
            rate = np.zeros((len(values), count))
            rate[:, n] = values * self._units.mass_kg / self._units.time_s
            found.append(
                MassSource(
                    cells=cells,
                    rate_kg_s=frozen(rate),
                    start_s=start_s,
                    end_s=end_s,
                    name=package.package_name,
                )
            )
        return found

    def _windows(self, package: Any, column: str) -> list[tuple[float, float, Any, FloatArray]]:
        """Lists with the moments between which they hold; the last holds on for ever."""
        if package is None:
            return []
        body = package.stress_period_data.get_data() or {}
        empty = {int(key) for key in (package.stress_period_data.empty_keys or {})}
        ends = np.concatenate([[0.0], np.cumsum([row.length_s for row in self._flow.periods])])
        changes = sorted({*body, *empty})
        found = []
        for at, n in enumerate(changes):
            rows = None if n in empty else body.get(n)
            if rows is None or not len(rows):
                continue
            end_s = float(ends[changes[at + 1]]) if at + 1 < len(changes) else float("inf")
            try:
                values = np.asarray(rows[column], dtype=np.float64)
            except (TypeError, ValueError):
                raise UnsupportedError((f"{package.package_type}.timeseries",), source=self.name) from None
            found.append((float(ends[n]), end_s, cells_of(rows["cellid"], self._flow.grid.shape[1]), values))
        return found

    def _sorption(self) -> Sorption | None:
        mst, grid, units = self._model.mst, self._flow.grid, self._units
        kind = mst.sorption.get_data()
        if kind is None or kind is False:
            return None
        kind = str(kind).lower()
        if kind not in ("linear", "freundlich", "langmuir"):
            raise UnsupportedError((f"mst.sorption {kind}",), source=self.name)
        volume = units.length_m**3
        density = _one(mst.bulk_density, "mst.bulk_density", grid) * self._share / volume
        first = _one(mst.distcoef, "mst.distcoef", grid)
        second = _one(mst.sp2, "mst.sp2", grid) if mst.sp2.has_data() else 1.0
        sorbed = units.conc_kg_m3 * volume
        if kind == "linear":
            return Sorption(bulk_density_kg_m3=density, kd_m3_kg=first * volume)
        if kind == "freundlich":
            return Sorption(
                kind="freundlich",
                bulk_density_kg_m3=density,
                kf=first * sorbed / units.conc_kg_m3**second,
                exponent=second,
            )
        return Sorption(
            kind="langmuir",
            bulk_density_kg_m3=density,
            kl_m3_kg=first / units.conc_kg_m3,
            s_max_kg_kg=second * sorbed,
        )

    def _dual(self) -> DualDomain | None:
        ist, grid = self._ist, self._flow.grid
        if ist is None:
            return None
        for name in ("sorption", "first_order_decay", "zero_order_decay"):
            data = getattr(ist, name, None)
            if data is not None and data.get_data():
                raise UnsupportedError((f"ist.{name}",), source=self.name)
        if ist.cim.has_data() and np.any(np.asarray(ist.cim.array) != 0.0):
            raise UnsupportedError(("ist.cim above zero",), source=self.name)
        return DualDomain(
            porosity=_one(ist.porosity, "ist.porosity", grid) * (1.0 - self._share),
            exchange_1_s=_one(ist.zetaim, "ist.zetaim", grid) / self._units.time_s,
        )


def _scheme(model: Any) -> Scheme:
    package = model.get_package("adv")
    said = "upstream" if package is None else str(package.scheme.get_data() or "upstream").lower()
    if said == "upstream":
        return "upstream"
    if said in ("tvd", "utvd"):
        return "koren"
    raise UnsupportedError((f"adv.scheme {said}",), source=str(model.name))


def _dispersion(model: Any, units: Units, grid: Grid) -> Dispersion:
    dsp = model.get_package("dsp")
    if dsp is None:
        return Dispersion()

    def read(name: str, fallback: float) -> float:
        data = getattr(dsp, name)
        return _one(data, f"dsp.{name}", grid) if data.has_data() else fallback

    along = read("alh", 0.0)
    across = read("ath1", 0.0)
    vertical = read("ath2", across)  # MODFLOW's default: the plane's
    for name, value, expected in (
        ("alv", read("alv", along), along),
        ("atv", read("atv", vertical), vertical),
    ):
        if value != expected:
            raise refused(f"dsp.{name}", value, f"{expected:g}: that of horizontal flow", f"{expected:g}")
    length_m = units.length_m
    return Dispersion(
        longitudinal_m=along * length_m,
        transverse_horizontal_m=across * length_m,
        transverse_vertical_m=vertical * length_m,
        diffusion_m2_s=read("diffc", 0.0) * length_m**2 / units.time_s,
        cross_terms=not bool(dsp.xt3d_off.get_data()),
    )


def _check_grid(model: Any, grid: Grid, units: Units) -> None:
    mine = read_grid(model.dis, units)
    same = mine.shape == grid.shape and np.array_equal(mine.domain, grid.domain)
    if not same or not (
        np.array_equal(mine.dx_m, grid.dx_m) and np.array_equal(mine.bottom_m, grid.bottom_m)
    ):
        raise refused(
            f"{model.name}, dis", "a grid of its own", "the grid of the flow model", "水流模型的网格"
        )


def _one(data: Any, field: str, grid: Grid) -> float:
    """A number that is the same in all active cells. Raises BadRequestError where it varies."""
    if not data.has_data():
        raise refused(field, "missing", "a number", "数字")
    value = data.array if hasattr(data, "array") else data.get_data()
    cells = np.asarray(value, dtype=np.float64)
    if cells.shape == grid.shape:
        cells = turned(cells)[grid.active]
    if cells.size and (cells != cells.flat[0]).any():
        raise refused(field, "an array that varies", "one number for all cells", "所有单元同一数值")
    return float(cells.flat[0])
