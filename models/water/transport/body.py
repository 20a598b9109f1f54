"""What does not change while something travels: cells, volumes, what is asked; all of it checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid
from models.water.problem import DecayZone, Dispersion, FixedConcentration, MassSource, TransportProblem
from models.water.refusal import refused
from models.water.result import FlowField
from models.water.transport.cargo import Cargo, cargoes
from models.water.transport.chain import Family, families
from models.water.transport.limiter import CODES
from twin.core.geometry import FloatArray

CellArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """Cells (ravelled) held at concentrations (n, species) from one moment to another; NaN: free."""

    cells: CellArray
    conc_kg_m3: FloatArray
    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Put:
    """Mass put into cells (ravelled) at rates (n, species) from one moment to another."""

    cells: CellArray
    rate_kg_s: FloatArray
    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zone:
    """Cells (ravelled) in which species ``number`` decays at ``rate_1_s`` (n,) from one moment to another."""

    number: int
    cells: CellArray
    rate_1_s: FloatArray
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """The checked problem. ``bulk_m3`` and ``pore_m3`` volumes of cells (nl, nr, nc), one where inactive."""

    grid: Grid
    porosity: FloatArray
    bulk_m3: FloatArray
    pore_m3: FloatArray
    cargo: tuple[Cargo, ...]
    families: tuple[Family, ...]
    names: tuple[str, ...]
    dispersion: Dispersion
    scheme: int
    held: tuple[Held, ...]
    puts: tuple[Put, ...]
    zones: tuple[Zone, ...] = ()


def body(grid: Grid, porosity: FloatArray, problem: TransportProblem) -> Body:
    """Check a problem. Raises BadRequestError naming field, cell and value."""
    active = grid.active
    porosity = np.broadcast_to(np.asarray(porosity, dtype=np.float64), grid.shape)
    bad = active & ~((porosity > 0.0) & (porosity <= 1.0))
    if bad.any():
        raise _bad_cell(bad, porosity, "porosity", "more than zero, at most one", "大于零且不超过一")
    bulk = np.where(active, grid.area_m2 * grid.thickness_m, 1.0)
    if problem.scheme not in CODES:
        raise refused(problem.scheme, "scheme", f"one of {', '.join(CODES)}", f"{'、'.join(CODES)} 之一")
    _check_dispersion(problem.dispersion)
    cargo = cargoes(problem.species)
    _check_start(problem.start_conc_kg_m3, (len(cargo), *grid.shape), active)
    return Body(
        grid=grid,
        porosity=np.where(active, porosity, 1.0),
        bulk_m3=bulk,
        pore_m3=bulk * np.where(active, porosity, 1.0),
        cargo=cargo,
        families=families(cargo),
        names=tuple(row.id for row in problem.species),
        dispersion=problem.dispersion,
        scheme=CODES[problem.scheme],
        held=tuple(_held(row, grid, len(cargo)) for row in problem.fixed),
        puts=tuple(_put(row, grid, len(cargo)) for row in problem.sources),
        zones=tuple(
            _zone(row, number, own.id, grid)
            for number, own in enumerate(problem.species)
            for row in own.zones
        ),
    )


def check_field(field: FlowField, grid: Grid, species: int) -> None:
    """Raises BadRequestError where a flow does not fit the grid or holds what is not a number."""
    for name in (
        "right_m3_s",
        "front_m3_s",
        "lower_m3_s",
        "saturation_start",
        "saturation_end",
        "storage_m3_s",
    ):
        values = getattr(field, name)
        if values.shape != grid.shape:
            raise refused(values.shape, f"field.{name}", f"shape {grid.shape}", f"形状 {grid.shape}")
        bad = grid.active & ~np.isfinite(values)
        if bad.any():
            raise _bad_cell(bad, values, f"field.{name}", "a finite number", "有限数")
    for package in field.packages:
        conc = package.conc_kg_m3
        if conc is not None and conc.shape != (len(package.cells), species):
            expected = (len(package.cells), species)
            raise refused(
                conc.shape, f"conc_kg_m3 of {package.name}", f"shape {expected}", f"形状 {expected}"
            )
        if conc is not None and not (np.isfinite(conc).all() and (conc >= 0.0).all()):
            bad_value = float(conc[~(np.isfinite(conc) & (conc >= 0.0))][0])
            raise refused(
                bad_value, f"conc_kg_m3 of {package.name}", "zero or more, finite", "不小于零的有限数"
            )


def _check_dispersion(dispersion: Dispersion) -> None:
    for name in ("longitudinal_m", "transverse_horizontal_m", "transverse_vertical_m", "diffusion_m2_s"):
        value = getattr(dispersion, name)
        if not (np.isfinite(value) and value >= 0.0):
            raise refused(value, f"dispersion.{name}", "zero or more, finite", "不小于零的有限数")


def _check_start(conc: FloatArray | None, shape: tuple[int, ...], active: npt.NDArray[np.bool_]) -> None:
    if conc is None:
        return
    if conc.shape != shape:
        raise refused(conc.shape, "start_conc_kg_m3", f"shape {shape}", f"形状 {shape}")
    bad = active & ~(np.isfinite(conc) & (conc >= 0.0))
    if bad.any():
        raise _bad_cell(bad, conc, "start_conc_kg_m3", "zero or more, finite", "不小于零的有限数")


def _held(row: FixedConcentration, grid: Grid, species: int) -> Held:
    cells = _cells(row.cells, grid, row.name)
    conc = _table(row.conc_kg_m3, len(cells), species, row.name)
    if (conc < 0.0).any() or np.isinf(conc).any():
        raise refused(
            float(conc[(conc < 0.0) | np.isinf(conc)][0]),
            f"conc_kg_m3 of {row.name}",
            "zero or more, finite",
            "不小于零的有限数",
        )
    _check_times(row.start_s, row.end_s, row.name)
    return Held(cells=cells, conc_kg_m3=conc, start_s=row.start_s, end_s=row.end_s, name=row.name)


def _put(row: MassSource, grid: Grid, species: int) -> Put:
    cells = _cells(row.cells, grid, row.name)
    rate = _table(row.rate_kg_s, len(cells), species, row.name)
    bad = ~(np.isfinite(rate) & (rate >= 0.0))
    if bad.any():
        raise refused(
            float(rate[bad][0]), f"rate_kg_s of {row.name}", "zero or more, finite", "不小于零的有限数"
        )
    _check_times(row.start_s, row.end_s, row.name)
    return Put(cells=cells, rate_kg_s=rate, start_s=row.start_s, end_s=row.end_s, name=row.name)


def _zone(row: DecayZone, number: int, name: str, grid: Grid) -> Zone:
    named = f"zone of {name}"
    cells = _cells(row.cells, grid, named)
    rate = np.asarray(row.rate_1_s, dtype=np.float64)
    if rate.shape != (len(cells),):
        raise refused(rate.shape, f"rate_1_s of {named}", f"shape {(len(cells),)}", f"形状 {(len(cells),)}")
    bad = ~(np.isfinite(rate) & (rate >= 0.0))
    if bad.any():
        raise refused(float(rate[bad][0]), f"rate_1_s of {named}", "zero or more, finite", "不小于零的有限数")
    _check_times(row.start_s, row.end_s, named)
    return Zone(number=number, cells=cells, rate_1_s=rate, start_s=row.start_s, end_s=row.end_s)


def _check_times(start_s: float, end_s: float, name: str) -> None:
    if not end_s > start_s:
        raise refused(end_s, f"end_s of {name}", f"after start_s {start_s}", f"晚于 start_s {start_s}")


def _cells(cells: CellArray, grid: Grid, name: str) -> CellArray:
    found = np.atleast_2d(np.asarray(cells, dtype=np.int64))
    for cell in found:
        at = tuple(int(n) for n in cell)
        inside = len(at) == 3 and all(0 <= n < m for n, m in zip(at, grid.shape, strict=True))
        if not inside or not grid.active[at]:
            raise refused(
                at, f"cells of {name}", "an active cell (layer, row, column)", "活动单元（层、行、列）"
            )
    return np.asarray(np.ravel_multi_index(tuple(found.T), grid.shape), dtype=np.int64)


def _table(values: FloatArray, cells: int, species: int, name: str) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (cells, species):
        raise refused(
            found.shape, f"values of {name}", f"shape {(cells, species)}", f"形状 {(cells, species)}"
        )
    return found


def _bad_cell(
    bad: npt.NDArray[np.bool_], values: FloatArray, field: str, expected: str, expected_zh: str
) -> Exception:
    at = tuple(int(n) for n in np.argwhere(bad)[0])
    return refused(
        values[at].item(), f"{field} of cell (layer, row, column) {at[-3:]}", expected, expected_zh
    )
