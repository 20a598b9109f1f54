"""When a plume reaches a place to protect, how surely and how strongly; models.water.risk judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from models.water.fronts import band
from models.water.grid import Grid
from models.water.now import Band, Response, Risk, TargetNow
from models.water.refusal import refused
from models.water.risk import Threat, judge_target
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterTarget

_FEWEST = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """Error of a member's concentration at a place: the standard deviation of its logarithm."""

    conc_ln_sd: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation:
    """What the members hold for one place and species.

    ``probability`` of the limit being exceeded; ``arrival_s`` of members that arrive (None: fewer than
    2.5 %); ``peak_kg_m3`` of all.
    """

    probability: float
    arrival_s: Band | None
    peak_kg_m3: Band


def target_cells(grid: Grid, target: GroundwaterTarget) -> npt.NDArray[np.int64]:
    """Cells (n,) of the ravelled grid that belong to a target.

    The active cells whose column's centre lies within ``radius_m`` of its line, or the column that holds its
    middle; with ``depth_m`` only the layer that lies that deep (the lowest where all are shallower).
    Raises BadRequestError for a target outside the grid or on inactive ground.
    """
    import shapely

    points = [*target.line] if len(target.line) > 1 else [target.line[0], target.line[0]]
    line = shapely.LineString(points)
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    near = shapely.distance(line, shapely.points(x, y)) <= target.radius_m
    if not near.any():
        i, j = grid.column_row(target.x_m, target.y_m)
        near[i, j] = True
    chosen = grid.active & near[None]
    if target.depth_m is not None:
        depth = grid.top_m[None] - grid.bottom_m
        first = chosen & (depth >= target.depth_m)
        layer = np.where(first.any(axis=0), np.argmax(first, axis=0), _lowest(chosen))
        chosen = chosen & (np.arange(grid.shape[0])[:, None, None] == layer[None])
    if not chosen.any():
        where = (target.x_m, target.y_m)
        raise refused(where, f"target {target.id}", "a place in active cells", "位于活动单元内")
    return np.flatnonzero(chosen)


def expect(
    series_kg_m3: FloatArray, times_s: FloatArray, limit_kg_m3: float, *, error: ModelError | None = None
) -> Expectation:
    """What to expect of a place.

    Parameters
    ----------
    series_kg_m3
        (members, times) concentrations, the first time being now.
    times_s
        (times,) seconds from now, growing.
    limit_kg_m3
        The limit.
    error
        Error of a member: each is dressed with five equally likely factors of its lognormal distribution.

    Raises
    ------
    BadRequestError
        For a limit that is not positive or a series that does not fit its times.
    """
    if not limit_kg_m3 > 0.0 or series_kg_m3.shape[-1:] != times_s.shape:
        value = (limit_kg_m3, series_kg_m3.shape)
        raise refused(value, f"limit and series at {times_s.shape} times", "a positive limit, one per time")
    own = error or ModelError()
    factors = np.exp(own.conc_ln_sd * np.array([-1.2816, -0.5244, 0.0, 0.5244, 1.2816]))
    dressed = (series_kg_m3[:, None, :] * factors[None, :, None]).reshape(-1, times_s.size)
    arrivals = np.array([_arrival(row, times_s, limit_kg_m3) for row in dressed])
    share = float(np.mean(np.isfinite(arrivals)))
    return Expectation(
        probability=share,
        arrival_s=band(arrivals) if share >= _FEWEST else None,
        peak_kg_m3=band(dressed.max(axis=1)),
    )


def target_now(
    target: GroundwaterTarget,
    species: str,
    series_kg_m3: FloatArray,
    times_s: FloatArray,
    limit_kg_m3: float,
    *,
    error: ModelError | None = None,
) -> TargetNow:
    """Everything that is said of a target and a species; arguments as ``expect``."""
    found = expect(series_kg_m3, times_s, limit_kg_m3, error=error)
    arrival, peak = found.arrival_s, found.peak_kg_m3
    judged = judge_target(
        Threat(
            kind=target.kind,
            limit_kg_m3=limit_kg_m3,
            probability=found.probability,
            arrival_s=None if arrival is None else (arrival.low, arrival.median, arrival.high),
            peak_kg_m3=(peak.low, peak.median, peak.high),
        )
    )
    return TargetNow(
        id=target.id,
        kind=target.kind.value,
        x_m=target.x_m,
        y_m=target.y_m,
        species=species,
        limit_kg_m3=limit_kg_m3,
        probability=found.probability,
        arrival_s=found.arrival_s,
        peak_kg_m3=found.peak_kg_m3,
        risk=cast(Risk, judged.wire),
        response=cast(Response | None, judged.response),
    )


def strongest(conc_kg_m3: FloatArray, cells: npt.NDArray[np.int64]) -> float:
    """Largest concentration of a field (nl, nr, nc) in some cells; dry cells count zero."""
    return float(np.nan_to_num(conc_kg_m3.ravel()[cells], nan=0.0).max())


def _arrival(series: Sequence[float] | FloatArray, times_s: FloatArray, limit: float) -> float:
    """First moment at which a series reaches a limit, log-linear between values; NaN: never."""
    row = np.asarray(series)
    over = np.flatnonzero(row >= limit)
    if not over.size:
        return float("nan")
    at = int(over[0])
    if at == 0:
        return float(times_s[0])
    low, high = np.log(np.maximum(row[at - 1 : at + 1], 1e-6 * limit))
    share = float((np.log(limit) - low) / max(float(high - low), 1e-12))
    return float(times_s[at - 1] + share * (times_s[at] - times_s[at - 1]))


def _lowest(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.asarray(chosen.shape[0] - 1 - np.argmax(chosen[::-1], axis=0), dtype=np.int64)
