"""Outlines of plumes at a limit, with the band that holds the true front with a stated probability.

Every member of the ensemble gives a signed distance to its own front, positive inside. A member is dressed
with an error of its own in metres (Roulston and Smith 2003, Tellus A 55, 16, dress members likewise), for
no member is the truth: numerical smear, the cell's size, unresolved layers. The probability that a place
lies inside is then the mean over members of Phi(distance / error), and the band lies between its 97.5 % and
2.5 % contours. The error grows with the distance travelled (``Dressing``), which counts from the nearest
source: where several places lose one substance each has a zone of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.grid import Grid
from models.water.now import Band, Front
from models.water.reach import longest, reaches
from models.water.refusal import refused
from models.water.rings import rings_at
from twin.core.geometry import FloatArray, frozen

LOW, MEDIAN, HIGH = 0.975, 0.5, 0.025
_SHARES = (-1.6449, -0.6745, 0.0, 0.6745, 1.6449)  # 5, 25, 50, 75, 95 % points of the standard normal
_MOST_NODES = 160_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressing:
    """Error of a member's front: ``floor_m`` and ``cells`` times the cell, and ``share`` of its reach.

    The three add in quadrature.
    """

    floor_m: float = 0.0
    cells: float = 0.5
    share: float = 0.06

    def sd_m(self, cell_m: float, reach_m: FloatArray | float) -> FloatArray:
        """Standard deviation of the front's place along its normal, of the shape of ``reach_m``."""
        own = self.floor_m**2 + (self.cells * cell_m) ** 2
        return np.asarray(np.sqrt(own + (self.share * np.asarray(reach_m)) ** 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raster:
    """Nodes on which fronts are drawn: ``x_m`` (nx,), ``y_m`` (ny,), equally spaced by ``step_m``."""

    x_m: FloatArray
    y_m: FloatArray
    step_m: float


def raster_of(grid: Grid, *, most_nodes: int = _MOST_NODES) -> Raster:
    """Nodes over the grid, half the narrowest cell apart unless that were more than ``most_nodes``."""
    width, height = float(grid.dx_m.sum()), float(grid.dy_m.sum())
    least = 0.5 * float(min(grid.dx_m.min(), grid.dy_m.min()))
    step = max(least, float(np.sqrt(width * height / most_nodes)))
    return Raster(
        x_m=frozen(np.arange(grid.x0_m + 0.5 * step, grid.x0_m + width, step)),
        y_m=frozen(np.arange(grid.y0_m + 0.5 * step, grid.y0_m + height, step)),
        step_m=step,
    )


def plan(conc_kg_m3: npt.NDArray[np.floating]) -> FloatArray:
    """Largest concentration of every column (..., nr, nc) of a field (..., nl, nr, nc); dry cells count 0."""
    return np.asarray(np.nan_to_num(conc_kg_m3, nan=0.0).max(axis=-3), dtype=np.float64)


def distances(grid: Grid, raster: Raster, conc_kg_m3: FloatArray, limit_kg_m3: float) -> FloatArray:
    """Signed distance (ny, nx) in metres to the outline of a plan (nr, nc) at a limit, positive inside.

    Between cells the logarithm of the concentration is linear, which is how fronts fall off. No cell at the
    limit: minus infinity everywhere.
    """
    from scipy.interpolate import RegularGridInterpolator
    from scipy.ndimage import distance_transform_edt

    if not limit_kg_m3 > 0.0:
        raise refused(field="limit_kg_m3", value=limit_kg_m3, expected="more than zero", expected_zh="大于零")
    if not np.any(conc_kg_m3 >= limit_kg_m3):
        return np.full((raster.y_m.size, raster.x_m.size), -np.inf)
    depth = np.log(np.maximum(conc_kg_m3 / limit_kg_m3, 1e-6))
    x = np.clip(raster.x_m, grid.x_m[0], grid.x_m[-1])
    y = np.clip(raster.y_m, grid.y_m[0], grid.y_m[-1])
    nodes = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
    fine = RegularGridInterpolator((grid.y_m, grid.x_m), depth)(nodes)
    inside = fine >= 0.0
    if not inside.any():  # a single cell between nodes
        inside = fine >= fine.max()
    outward = distance_transform_edt(~inside) - 0.5
    inward = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] - 0.5
    return np.asarray(np.where(inside, inward, -outward) * raster.step_m)


Places = tuple[float, float] | Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zones:
    """Every node's nearest source: ``nearest`` (ny, nx) its number of ``count``, ``away_m`` how far it is."""

    nearest: npt.NDArray[np.int64]
    away_m: FloatArray
    count: int

    def reach_m(self, signed_m: FloatArray) -> FloatArray:
        """(ny, nx) how far the plume (signed distances) reaches in a node's zone; 0 where none."""
        inside = signed_m > 0.0
        most = np.zeros(self.count)
        np.maximum.at(most, self.nearest[inside], self.away_m[inside])
        return most[self.nearest]


def zones(raster: Raster, sources_m: Places) -> Zones:
    """Zones of one place (x, y) or of several."""
    places = np.atleast_2d(np.asarray(sources_m, dtype=np.float64))
    apart = np.hypot(
        raster.y_m[None, :, None] - places[:, 1, None, None],
        raster.x_m[None, None, :] - places[:, 0, None, None],
    )
    return Zones(nearest=apart.argmin(axis=0), away_m=apart.min(axis=0), count=len(places))


def probability(members_m: FloatArray, sd_m: FloatArray) -> FloatArray:
    """Probability (ny, nx) of lying inside, from distances and errors (members, ny, nx) or (members,)."""
    from scipy.special import ndtr

    return np.asarray(np.mean([ndtr(row / sd) for row, sd in zip(members_m, sd_m, strict=True)], axis=0))


def front(
    grid: Grid,
    members_kg_m3: FloatArray | Sequence[FloatArray],
    *,
    species: str,
    lead_s: float,
    limit_kg_m3: float,
    source_m: Places | None = None,
    dressing: Dressing | None = None,
    raster: Raster | None = None,
) -> Front:
    """Outline of a plume with its band.

    Parameters
    ----------
    grid
        Where the members live.
    members_kg_m3
        (members, nr, nc) concentrations in plan, see ``plan``.
    species, lead_s, limit_kg_m3
        What is outlined, when, and at which concentration.
    source_m
        Place that loses it, (x, y), or several: errors grow with the way from the nearest, and reach counts
        from a body's own (``models.water.reach``). None: errors grow from the largest mean concentration.
    dressing
        Error of a member's front.
    raster
        Nodes to draw on; None: those of ``raster_of``.

    Returns
    -------
    Front
        No rings where the probability stays below 2.5 % (``high``), 50 % or 97.5 %.

    Raises
    ------
    BadRequestError
        For a limit that is not positive.
    """
    own = dressing or Dressing()
    nodes = raster or raster_of(grid)
    members = np.asarray(members_kg_m3)
    zone = zones(nodes, source_m or _peak(grid, members.mean(axis=0)))
    signed = np.stack([distances(grid, nodes, row, limit_kg_m3) for row in members])
    cell_m = float(min(grid.dx_m.min(), grid.dy_m.min()))
    sd = own.sd_m(cell_m, np.stack([zone.reach_m(row) for row in signed]))
    inside = probability(signed, sd)
    low, median, high = (rings_at(nodes.x_m, nodes.y_m, inside, level) for level in (LOW, MEDIAN, HIGH))
    shifts = [(row, share * error) for row, error in zip(signed, sd, strict=True) for share in _SHARES]
    return Front(
        species=species,
        lead_s=lead_s,
        limit_kg_m3=limit_kg_m3,
        low=low,
        median=median,
        high=high,
        area_m2=band([float((row > shift).sum()) * nodes.step_m**2 for row, shift in shifts]),
        reach_m=_reach(grid, nodes, members, signed, sd, source_m),
    )


def band(values: Sequence[float] | FloatArray) -> Band:
    """2.5, 50 and 97.5 % points of equally likely values; NaN do not count."""
    some = np.asarray(values, dtype=np.float64)
    some = some[np.isfinite(some)]
    if not some.size:
        return Band(low=float("nan"), median=float("nan"), high=float("nan"))
    low, median, high = np.quantile(some, (0.025, 0.5, 0.975))
    return Band(low=float(low), median=float(median), high=float(high))


def _reach(
    grid: Grid,
    nodes: Raster,
    members_kg_m3: FloatArray,
    signed_m: FloatArray,
    sd_m: FloatArray,
    source_m: Places | None,
) -> Band:
    """Reach of the longest body of each member, dressed with its error."""
    rows = np.abs(nodes.y_m[:, None] - grid.y_m[None, :]).argmin(axis=1)
    columns = np.abs(nodes.x_m[:, None] - grid.x_m[None, :]).argmin(axis=1)
    places = [] if source_m is None else [(float(x), float(y)) for x, y in np.atleast_2d(source_m)]
    near_m = 2.0 * float(max(grid.dx_m.min(), grid.dy_m.min()))
    samples: list[float] = []
    for conc, signed, sd in zip(members_kg_m3, signed_m, sd_m, strict=True):
        on_nodes = conc[rows[:, None], columns[None, :]]
        bodies = reaches(nodes.x_m, nodes.y_m, signed, on_nodes, sources_m=places, near_m=near_m)
        samples += longest(bodies, sd, _SHARES)
    return band(samples)


def _peak(grid: Grid, mean: FloatArray) -> tuple[float, float]:
    i, j = np.unravel_index(int(np.argmax(mean)), mean.shape)
    return float(grid.x_m[j]), float(grid.y_m[i])
