"""Grid, properties and periods of a MODFLOW 6 flow model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.water.grid import ACTIVE, Grid
from models.water.modflow.extra import UnsupportedError, refused
from models.water.modflow.mirror import turned
from models.water.modflow.read_stress import Loads
from models.water.modflow.units import Units
from models.water.problem import FlowProblem, Medium, Period
from twin.core.geometry import FloatArray, frozen

# Where the files give no porosity (flow alone), the case files' own default.
POROSITY = 0.25


def read_flow(sim: Any, gwf: Any, units: Units, loads: Loads) -> tuple[FlowProblem, list[str]]:
    """The flow problem, and notes."""
    grid = read_grid(gwf.dis, units)
    steady, storage = _storage(sim, gwf, grid, units)
    medium, notes = _medium(gwf, grid, units, steady, storage)
    start = turned(np.asarray(gwf.ic.strt.array, dtype=np.float64)) * units.length_m
    rows = sim.tdis.perioddata.get_data()
    stresses = loads.by_period(grid, len(rows))
    periods = tuple(
        Period(
            length_s=float(row[0]) * units.time_s,
            stresses=stresses[n],
            steps=int(row[1]),
            multiplier=float(row[2]),
            steady=steady[n],
        )
        for n, row in enumerate(rows)
    )
    return FlowProblem(grid=grid, medium=medium, start_head_m=frozen(start), periods=periods), notes


def read_grid(dis: Any, units: Units) -> Grid:
    """The grid of a DIS package."""
    angle = dis.angrot.get_data()
    if angle:
        raise refused(f"{dis.package_type}.angrot", angle, "0: a grid not turned", "0（不旋转的网格）")
    length_m = units.length_m
    domain = dis.idomain.array
    shape = (int(dis.nlay.get_data()), int(dis.nrow.get_data()), int(dis.ncol.get_data()))
    signs = np.ones(shape, dtype=np.int8)
    if domain is not None and dis.idomain.has_data():
        signs = turned(np.sign(np.asarray(domain)).astype(np.int8).reshape(shape))
    return Grid(
        dx_m=frozen(np.asarray(dis.delr.array, dtype=np.float64) * length_m),
        dy_m=frozen(np.asarray(dis.delc.array, dtype=np.float64)[::-1] * length_m),
        top_m=frozen(turned(np.asarray(dis.top.array, dtype=np.float64)) * length_m),
        bottom_m=frozen(turned(np.asarray(dis.botm.array, dtype=np.float64)) * length_m),
        domain=signs,
        x0_m=float(dis.xorigin.get_data() or 0.0) * length_m,
        y0_m=float(dis.yorigin.get_data() or 0.0) * length_m,
    )


def _medium(
    gwf: Any,
    grid: Grid,
    units: Units,
    steady: list[bool],
    storage: tuple[FloatArray, FloatArray, npt.NDArray[np.bool_] | None],
) -> tuple[Medium, list[str]]:
    npf = gwf.npf
    speed = units.length_m / units.time_s
    _check_angles(npf)
    k = turned(np.asarray(npf.k.array, dtype=np.float64))
    k22 = _anisotropic(npf, "k22", k)
    k33 = _anisotropic(npf, "k33", k)
    convertible = _layers(npf.icelltype.array, "npf.icelltype", grid)
    if bool(npf.thickstrt.get_data()) and _negative(npf.icelltype.array):
        raise UnsupportedError(("npf.thickstrt",), source=gwf.name)
    convertible, storing = _negative_off(npf.icelltype.array, convertible), storage[2]
    if storing is not None and not all(steady) and not np.array_equal(storing, convertible):
        raise refused(
            f"{gwf.name}, sto.iconvert",
            storing.astype(int).tolist(),
            f"that of npf.icelltype, {convertible.astype(int).tolist()}",
            f"与 npf.icelltype 相同 {convertible.astype(int).tolist()}",
        )
    notes = []
    newton = gwf.name_file.newtonoptions.get_data()
    if convertible.any() and not newton:
        notes.append("the model has no NEWTON: convertible layers are computed here as with it")
    medium = Medium(
        k_m_s=frozen(k * speed),
        k22_m_s=None if k22 is None else frozen(k22 * speed),
        k33_m_s=frozen((k if k33 is None else k33) * speed),
        porosity=frozen(np.full(grid.shape, POROSITY)),
        specific_storage_1_m=storage[0],
        specific_yield=storage[1],
        convertible=convertible if convertible.any() else None,
    )
    return medium, notes


def _anisotropic(npf: Any, name: str, k: FloatArray) -> FloatArray | None:
    data = getattr(npf, name)
    if not data.has_data():
        return None
    found = turned(np.asarray(data.array, dtype=np.float64))
    return found * k if getattr(npf, f"{name}overk").get_data() else found


def _check_angles(npf: Any) -> None:
    for name in ("angle1", "angle2", "angle3"):
        data = getattr(npf, name)
        if data.has_data() and np.any(np.asarray(data.array) != 0.0):
            raise UnsupportedError((f"npf.{name}",), source="npf")


def _negative(values: Any) -> bool:
    return bool(np.any(np.asarray(values) < 0))


def _negative_off(values: Any, convertible: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Below zero means convertible unless THICKSTRT says otherwise, as MODFLOW 6 has it."""
    cells = np.asarray(values)
    per_layer = cells.reshape(cells.shape[0], -1)[:, 0] if cells.ndim == 3 else cells
    return np.asarray(convertible | (per_layer < 0))


def _layers(values: Any, field: str, grid: Grid) -> npt.NDArray[np.bool_]:
    """A flag per layer. Raises BadRequestError where it changes within a layer."""
    cells = np.sign(turned(np.asarray(values).reshape(grid.shape)))
    found = np.zeros(grid.shape[0], dtype=np.bool_)
    for k, layer in enumerate(cells):
        mine = layer[grid.domain[k] == ACTIVE]
        if mine.size and (mine != mine[0]).any():
            raise refused(f"{field}, layer {k + 1}", "several values", "one value per layer", "每层一个值")
        found[k] = bool(mine.size and mine[0] > 0)
    return found


def _storage(
    sim: Any, gwf: Any, grid: Grid, units: Units
) -> tuple[list[bool], tuple[FloatArray, FloatArray, npt.NDArray[np.bool_] | None]]:
    """Whether each period is steady; storage, yield and convertible layers of STO."""
    count = int(sim.tdis.nper.get_data())
    sto = gwf.get_package("sto")
    none = np.zeros(grid.shape)
    if sto is None:
        return [True] * count, (frozen(none), frozen(none.copy()), None)
    ss = turned(np.asarray(sto.ss.array, dtype=np.float64)) / units.length_m
    if sto.storagecoefficient.get_data():
        thickness = np.where(grid.active, grid.thickness_m, 1.0)
        ss = ss * units.length_m / thickness
    sy = none if not sto.sy.has_data() else turned(np.asarray(sto.sy.array, dtype=np.float64))
    storing = _layers(sto.iconvert.array, "sto.iconvert", grid)
    return _kinds(sto, count), (frozen(ss), frozen(sy), storing)


def _kinds(sto: Any, count: int) -> list[bool]:
    """Steady or transient, which holds on until a period says otherwise; MODFLOW begins transient."""
    found, now = [], False
    for n in range(count):
        steady, transient = sto.steady_state.get_data(n), sto.transient.get_data(n)
        now = bool(steady) or (now and not transient)
        found.append(now)
    return found
