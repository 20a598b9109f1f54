"""When a plume reaches a place to protect, how surely, how strongly; and the risk that follows by rule.

The rule, on the probability P that the limit is exceeded within the horizon (365 days unless told otherwise)
and the median arrival T of the members that arrive; "tight" is a water intake or a village's wells:

========  ======================================================================
high      P >= 0.5; or P >= 0.1 and T <= 30 d; or tight and P >= 0.2
medium    P >= 0.1; or tight and P >= 0.05
low       P >= 0.01
none      otherwise
========  ======================================================================

The three-grade response: III for medium, II for high. I for high where it is sure enough: where the place is
tight and the lower 95 % confidence bound of P (Wilson 1927, one-sided, n members) is at least 0.2, or where
the median arrival over ALL members, those that never arrive counted, lies within 30 d. The
thresholds are this rule's own choice, no standard's. ``models.water.risk`` adds what readings say; warnings
keep a grade until ``kept_response`` too is lower (docs/water.md, Live).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.water.fronts import band
from models.water.grid import Grid
from models.water.now import Band, Response, Risk, TargetNow
from models.water.refusal import refused
from twin.core.geometry import FloatArray
from twin.core.groundwater import GroundwaterTarget, TargetKind

_SOON_S = 30 * 86_400.0
_TIGHT = (TargetKind.INTAKE, TargetKind.VILLAGE)
_FEWEST = 0.025
_Z_LOW = 1.6448536269514722  # 95 %, one-sided
_TIGHT_HIGH = 0.2
STAYS = 1.25  # a grade that stands is left where the rule of 1.25 P leaves it
GRADES: tuple[Response | None, ...] = (None, "III", "II", "I")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """Error of a member's concentration at a place: the standard deviation of its logarithm."""

    conc_ln_sd: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation:
    """What the members hold for one place and species.

    ``probability`` of the limit being exceeded; ``arrival_s`` of members that arrive (None: fewer than
    2.5 %); ``middle_s`` median arrival over all members (None: fewer than half arrive); ``peak_kg_m3``
    of all.
    """

    probability: float
    arrival_s: Band | None
    peak_kg_m3: Band
    middle_s: float | None = None


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
    near = np.asarray(shapely.distance(line, shapely.points(x, y)) <= target.radius_m)
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
        middle_s=_middle(arrivals),
    )


def risk_of(
    kind: TargetKind,
    probability: float,
    arrival_s: Band | None,
    *,
    members: int | None = None,
    middle_s: float | None = None,
) -> tuple[Risk, Response | None]:
    """Level and response by the rule of this module.

    Parameters
    ----------
    kind
        Of the target.
    probability
        P, 0 to 1.
    arrival_s
        Of the members that arrive, seconds from now.
    members
        How many P rests on; None: P is exact.
    middle_s
        Median arrival over all members; None: fewer than half arrive.
    """
    tight = kind in _TIGHT
    soon = arrival_s is not None and arrival_s.median <= _SOON_S
    if probability >= 0.5 or (probability >= 0.1 and soon) or (tight and probability >= _TIGHT_HIGH):
        sure = probability if members is None else surely(probability, members)
        at_once = (tight and sure >= _TIGHT_HIGH) or (middle_s is not None and middle_s <= _SOON_S)
        return "high", "I" if at_once else "II"
    if probability >= 0.1 or (tight and probability >= 0.05):
        return "medium", "III"
    return ("low" if probability >= 0.01 else "none"), None


def surely(probability: float, members: int) -> float:
    """Lower 95 % bound (one-sided) of a share among members: Wilson (1927) score interval."""
    z2 = _Z_LOW**2
    middle = probability + z2 / (2 * members)
    half = _Z_LOW * np.sqrt(probability * (1.0 - probability) / members + z2 / (4 * members**2))
    return max(0.0, float((middle - half) / (1.0 + z2 / members)))


def kept_response(row: TargetNow, members: int | None = None) -> Response | None:
    """The grade below which a standing one is not lowered: of the rule with ``STAYS`` times P."""
    kind, share = TargetKind(row.kind), min(1.0, STAYS * row.probability)
    return risk_of(kind, share, row.arrival_s, members=members, middle_s=row.middle_s)[1]


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
    risk, response = risk_of(
        target.kind,
        found.probability,
        found.arrival_s,
        members=len(series_kg_m3),
        middle_s=found.middle_s,
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
        risk=risk,
        response=response,
        middle_s=found.middle_s,
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


def _middle(arrivals_s: FloatArray) -> float | None:
    every = np.where(np.isfinite(arrivals_s), arrivals_s, np.inf)
    middle = float(np.sort(every)[every.size // 2])  # the upper one of two, so that half must have arrived
    return middle if np.isfinite(middle) else None


def _lowest(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.asarray(chosen.shape[0] - 1 - np.argmax(chosen[::-1], axis=0), dtype=np.int64)
