"""The grid from strata: layers per stratum, pinch-outs, cuts, and what lies outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.strata import StrataModel
from models.water.grid import ACTIVE, INACTIVE, PASSES, Grid, IntArray
from models.water.refusal import refused
from models.water.shapes import edges_m
from twin.core.geometry import FloatArray, frozen

BoolArray = npt.NDArray[np.bool_]

_LOOKS = 3  # places per side of a cell at which the strata are read


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRules:
    """How strata become layers.

    ``parts`` layers per stratum id (1 where not named). A stratum thinner than ``pinch_m`` is not there:
    its cells are passed through and its room goes to the stratum below (the last one's to the one above);
    a stratum of several parts keeps only as many as are ``pinch_m`` thick. Columns thinner than
    ``least_m`` altogether are inactive.
    """

    parts: Mapping[str, int] | None = None
    pinch_m: float = 0.5
    least_m: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layered:
    """A grid and which stratum each of its layers is part of, (nl,) index into ``strata_ids``."""

    grid: Grid
    strata_ids: tuple[str, ...]
    stratum: IntArray


def layered_grid(
    strata: StrataModel,
    dx_m: FloatArray,
    dy_m: FloatArray,
    *,
    x0_m: float,
    y0_m: float,
    rules: LayerRules | None = None,
    inside: BaseGeometry | BoolArray | None = None,
    cut_m: FloatArray | None = None,
) -> Layered:
    """Grid of the strata under columns ``dx_m`` (nc,) and rows ``dy_m`` (nr,) from (``x0_m``, ``y0_m``).

    Heights and thicknesses are means over nine places of every cell. ``inside``: a shape that columns must
    have their middle in, or a mask (nr, nc), to be active. ``cut_m`` (nr, nc): heights above which nothing is
    left (pits, quarries); NaN where nothing is cut. Raises BadRequestError when the cells leave the strata's
    rectangle or when rules name an unknown stratum.
    """
    rules = rules or LayerRules()
    parts = _parts(strata.layer_ids, rules)
    x, y = edges_m(x0_m, dx_m), edges_m(y0_m, dy_m)
    _check_span(strata, x, y)
    ground = _means(strata, strata.ground_m, x, y)
    thickness = np.maximum([_means(strata, row, x, y) for row in strata.thickness_m], 0.0)
    if cut_m is not None:
        ground, thickness = _cut(ground, thickness, cut_m)
    kept = _pinched(thickness, rules.pinch_m)
    outside = kept.sum(axis=0) < rules.least_m
    if inside is not None:
        outside |= ~_mask(inside, x, y)
    thin = [_split(kept[k], parts[k], rules.pinch_m) for k in range(len(parts))]
    cells = np.concatenate(thin)
    domain = np.where(outside, INACTIVE, np.where(cells > 0.0, ACTIVE, PASSES)).astype(np.int8)
    grid = Grid(
        dx_m=frozen(dx_m), dy_m=frozen(dy_m), top_m=frozen(ground),
        bottom_m=frozen(ground - np.cumsum(cells, axis=0)), domain=domain, x0_m=x0_m, y0_m=y0_m,
    )  # fmt: skip
    return Layered(grid=grid, strata_ids=strata.layer_ids, stratum=np.repeat(np.arange(len(parts)), parts))


def cell_means(
    strata: StrataModel, values: FloatArray, dx_m: FloatArray, dy_m: FloatArray, x0_m: float, y0_m: float
) -> FloatArray:
    """Means (nr, nc) over cells of ``values`` (ny, nx) at the strata's nodes."""
    return _means(strata, values, edges_m(x0_m, dx_m), edges_m(y0_m, dy_m))


def sampled(strata: StrataModel, values: FloatArray, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    """Bilinear ``values`` (ny, nx) of the strata's nodes at places of any shape, held at the edges."""
    col = np.interp(x_m, strata.x_m, np.arange(len(strata.x_m)))
    row = np.interp(y_m, strata.y_m, np.arange(len(strata.y_m)))
    left = np.minimum(col.astype(np.intp), len(strata.x_m) - 2)
    south = np.minimum(row.astype(np.intp), len(strata.y_m) - 2)
    east, north = col - left, row - south
    low = values[south, left] * (1.0 - east) + values[south, left + 1] * east
    high = values[south + 1, left] * (1.0 - east) + values[south + 1, left + 1] * east
    return np.asarray(low * (1.0 - north) + high * north, dtype=np.float64)


def _mask(inside: BaseGeometry | BoolArray, x: FloatArray, y: FloatArray) -> BoolArray:
    """Columns (nr, nc) with their middle inside a shape, or as given."""
    if isinstance(inside, np.ndarray):
        if inside.shape != (len(y) - 1, len(x) - 1):
            shape = (len(y) - 1, len(x) - 1)
            raise refused(inside.shape, "inside", f"shape {shape}", f"形状 {shape}")
        return inside
    xx, yy = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1]))
    return np.asarray(shapely.contains_xy(inside, xx, yy))


def _means(strata: StrataModel, values: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Mean of ``values`` over each cell between edges ``x`` (nc + 1,) and ``y`` (nr + 1,)."""
    total = np.zeros((len(y) - 1, len(x) - 1))
    places = (np.arange(_LOOKS) + 0.5) / _LOOKS
    for across in places:
        for up in places:
            xx, yy = np.meshgrid(x[:-1] + across * np.diff(x), y[:-1] + up * np.diff(y))
            total += sampled(strata, values, xx, yy)
    return total / _LOOKS**2


def _cut(ground: FloatArray, thickness: FloatArray, cut_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    if cut_m.shape != ground.shape:
        raise refused(cut_m.shape, "cut_m", f"shape {ground.shape}", f"形状 {ground.shape}")
    lowered = np.fmin(ground, cut_m)
    bottoms = np.minimum(ground - np.cumsum(thickness, axis=0), lowered)
    tops = np.concatenate([lowered[None], bottoms[:-1]])
    return lowered, tops - bottoms


def _pinched(thickness: FloatArray, pinch_m: float) -> FloatArray:
    """Thickness (k, nr, nc) with thin strata at zero and their room given to a neighbour."""
    kept = np.zeros_like(thickness)
    carried = np.zeros(thickness.shape[1:])
    last = np.full(thickness.shape[1:], -1)
    for k, own in enumerate(thickness):
        there = (own >= pinch_m) & (own > 0.0)
        kept[k] = np.where(there, own + carried, 0.0)
        carried = np.where(there, 0.0, carried + own)
        last = np.where(there, k, last)
    row, col = np.nonzero(last >= 0)
    kept[last[row, col], row, col] += carried[row, col]
    return kept


def _split(thickness: FloatArray, parts: int, pinch_m: float) -> FloatArray:
    """Layers (parts, nr, nc) of one stratum: the upper ones there, the lower ones pinched out."""
    least = max(pinch_m, 1e-9)
    count = np.clip(np.floor(thickness / least), 1, parts)
    return np.asarray(np.where(np.arange(parts)[:, None, None] < count, thickness / count, 0.0))


def _parts(layer_ids: tuple[str, ...], rules: LayerRules) -> list[int]:
    wanted = rules.parts or {}
    for name, count in wanted.items():
        if name not in layer_ids:
            known = ", ".join(layer_ids)
            raise refused(name, "parts", f"strata among {known}", f" {known} 之一")
        if count < 1:
            raise refused(count, f"parts of {name}", "at least 1", "至少 1")
    return [wanted.get(name, 1) for name in layer_ids]


def _check_span(strata: StrataModel, x: FloatArray, y: FloatArray) -> None:
    inside = x[0] >= strata.x_m[0] - 1e-6 and x[-1] <= strata.x_m[-1] + 1e-6
    if not (inside and y[0] >= strata.y_m[0] - 1e-6 and y[-1] <= strata.y_m[-1] + 1e-6):
        span = f"x {strata.x_m[0]:g} .. {strata.x_m[-1]:g}, y {strata.y_m[0]:g} .. {strata.y_m[-1]:g} m"
        raise refused(
            (x[0], y[0], x[-1], y[-1]), "grid", f"inside the strata, {span}", f"在地层范围内，{span}"
        )
