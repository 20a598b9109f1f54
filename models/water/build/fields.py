"""Random fields of properties: Gaussian, anisotropic, conditioned on what was measured.

Fields are drawn by circulant embedding (Dietrich and Newsam, 1997, SIAM J. Sci. Comput. 18(4), 1088-1107;
Wood and Chan, 1994, J. Comput. Graph. Stat. 3, 409-432) on an even lattice, and read at cells of
any width at the nearest node. Conditioning adds the simple kriging of what a field misses at the data
(Journel and Huijbregts, 1978, Mining Geostatistics, p. 495), so every field goes through them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.fft import fft2, next_fast_len
from scipy.special import gamma, kv

from models.water.build.layers import Layered
from models.water.refusal import refused
from twin.core.geometry import FloatArray

_JITTER = 1e-10  # of the variance; keeps places that share a node invertible
_LARGEST = 4_000_000  # nodes of the embedding
_NEGATIVE = 1e-3  # share of the spectrum that may be cut off because it is negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariance:
    """Covariance of a stationary field of standard deviation ``sd_value``, in the unit of the field.

    exponential: exp(-r). gaussian: exp(-r^2). matern: of ``smoothness_factor`` (Stein, 1999; 0.5 is close to
    the exponential). r is the distance over ``along_m`` in the direction ``azimuth_deg`` (from grid north,
    clockwise) and over ``across_m`` (None: the same) at right angles.
    """

    kind: Literal["exponential", "gaussian", "matern"] = "exponential"
    sd_value: float = 1.0
    along_m: float = 300.0
    across_m: float | None = None
    azimuth_deg: float = 90.0
    smoothness_factor: float = 1.5

    def __post_init__(self) -> None:
        for name in ("sd_value", "along_m", "smoothness_factor"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise refused(value, name, "more than zero", "大于零")
        if self.across_m is not None and not self.across_m > 0.0:
            raise refused(self.across_m, "across_m", "more than zero", "大于零")

    def at(self, dx_m: FloatArray, dy_m: FloatArray) -> FloatArray:
        """Covariance of places that are ``dx_m`` east and ``dy_m`` north of each other."""
        turn = math.radians(self.azimuth_deg)
        along = (dx_m * math.sin(turn) + dy_m * math.cos(turn)) / self.along_m
        across = (dx_m * math.cos(turn) - dy_m * math.sin(turn)) / (self.across_m or self.along_m)
        r = np.hypot(along, across)
        return np.asarray(self.sd_value**2 * self._shape(r))

    def _shape(self, r: FloatArray) -> FloatArray:
        if self.kind == "exponential":
            return np.asarray(np.exp(-r))
        if self.kind == "gaussian":
            return np.asarray(np.exp(-(r**2)))
        nu = self.smoothness_factor
        x = np.maximum(math.sqrt(2.0 * nu) * r, 1e-10)
        return np.where(r > 0.0, 2.0 ** (1.0 - nu) / gamma(nu) * x**nu * kv(nu, x), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointData:
    """Measured values (n,) of the field at places (n,), for conditioning.

    ``error_value`` standard deviation of a measurement; 0: fields go through the values exactly.
    """

    x_m: FloatArray
    y_m: FloatArray
    values: FloatArray
    error_value: float = 0.0


def gaussian_fields(
    x_m: FloatArray,
    y_m: FloatArray,
    covariance: Covariance,
    *,
    seed: int,
    count: int = 1,
    mean: float = 0.0,
    data: PointData | None = None,
) -> FloatArray:
    """``count`` fields (count, nr, nc) at columns ``x_m`` (nc,) and rows ``y_m`` (nr,), rising.

    The same seed gives the same fields. Raises BadRequestError when the area is so large against the range
    that the lattice would be too fine, when the spectrum cannot be embedded, or for data outside.
    """
    lattice = _Lattice.over(x_m, y_m)
    places = None if data is None else (lattice.column(data.x_m), lattice.row(data.y_m))
    fields = _drawn(lattice, covariance, np.random.default_rng(seed), count)
    if data is not None and places is not None and len(data.values):
        fields += _towards(lattice, covariance, fields, places, data, mean, seed)
    return np.asarray(mean + fields[:, lattice.rows[:, None], lattice.cols[None, :]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """ln K of a stratum: its ``covariance``, and ``mean_ln`` (None: ln of the stratum's K) [ln m/s]."""

    covariance: Covariance
    mean_ln_ratio: float = 0.0
    data: PointData | None = None


def conductivity_fields(
    layered: Layered, k_m_s: FloatArray, spreads: Mapping[str, Spread], *, seed: int, count: int
) -> FloatArray:
    """``count`` fields of K (count, nl, nr, nc) about ``k_m_s`` (nl, nr, nc), one per stratum in ``spreads``.

    ln K of a stratum is ln of ``k_m_s`` plus ``mean_ln_ratio`` plus a field; layers of one stratum share it.
    Data are values of ln K [ln m/s]. Strata that are not named keep their K. Each stratum draws from its own
    stream of the seed.
    """
    grid = layered.grid
    out = np.repeat(k_m_s[None], count, axis=0)
    for name, spread in spreads.items():
        if name not in layered.strata_ids:
            known = ", ".join(layered.strata_ids)
            raise refused(name, "stratum", f"one of {known}", f" {known} 之一")
        index = layered.strata_ids.index(name)
        layers = np.flatnonzero(layered.stratum == index)
        base = float(np.log(k_m_s[layers]).mean()) + spread.mean_ln_ratio
        fields = gaussian_fields(
            grid.x_m, grid.y_m, spread.covariance, seed=_stream(seed, index), count=count, mean=base,
            data=spread.data,
        )  # fmt: skip
        out[:, layers] = np.exp(fields)[:, None]
    return out


def _stream(seed: int, index: int) -> int:
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lattice:
    """Even nodes over an area: ``rows`` and ``cols`` of the nodes nearest to the cells asked for."""

    x0_m: float
    y0_m: float
    step_x_m: float
    step_y_m: float
    nx: int
    ny: int
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    cols: np.ndarray[tuple[int], np.dtype[np.int64]]

    @classmethod
    def over(cls, x_m: FloatArray, y_m: FloatArray) -> _Lattice:
        """The lattice whose step is the smallest distance of neighbours."""
        (step_x, nx, cols), (step_y, ny, rows) = _axis(x_m, "x_m"), _axis(y_m, "y_m")
        return cls(
            x0_m=float(x_m[0]), y0_m=float(y_m[0]), step_x_m=step_x, step_y_m=step_y, nx=nx, ny=ny, rows=rows,
            cols=cols,
        )  # fmt: skip

    def column(self, x_m: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Nearest columns of nodes. Raises BadRequestError outside."""
        return _nearest(np.asarray(x_m, dtype=np.float64), self.x0_m, self.step_x_m, self.nx, "data: x_m")

    def row(self, y_m: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Nearest rows of nodes. Raises BadRequestError outside."""
        return _nearest(np.asarray(y_m, dtype=np.float64), self.y0_m, self.step_y_m, self.ny, "data: y_m")


def _axis(at_m: FloatArray, field: str) -> tuple[float, int, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    if len(at_m) == 1:
        return 1.0, 1, np.zeros(1, dtype=np.int64)
    steps = np.diff(at_m)
    if not (steps > 0.0).all():
        raise refused(float(steps.min()), field, "rising places", "递增的坐标")
    step = float(steps.min())
    count = round((float(at_m[-1]) - float(at_m[0])) / step) + 1
    nodes = np.clip(np.rint((at_m - at_m[0]) / step), 0, count - 1).astype(np.int64)
    return step, count, nodes


def _nearest(
    at_m: FloatArray, start_m: float, step_m: float, count: int, field: str
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    nodes = np.rint((at_m - start_m) / step_m).astype(np.int64)
    outside = (nodes < 0) | (nodes >= count)
    if outside.any():
        wrong = float(at_m[int(np.argmax(outside))])
        end = start_m + step_m * (count - 1)
        raise refused(wrong, field, f"{start_m:g} to {end:g} m", f"{start_m:g} 到 {end:g} 米")
    return np.asarray(nodes)


def _drawn(lattice: _Lattice, covariance: Covariance, rng: np.random.Generator, count: int) -> FloatArray:
    """Unconditioned fields (count, ny, nx) on the lattice."""
    roots = _spectrum(lattice, covariance)
    fields = np.empty((count, lattice.ny, lattice.nx))
    # Real and imaginary part of one transform are two fields that do not know each other.
    for first in range(0, count, 2):
        noise = rng.standard_normal(roots.shape) + 1j * rng.standard_normal(roots.shape)
        drawn = fft2(roots * noise)[: lattice.ny, : lattice.nx]
        fields[first] = drawn.real
        if first + 1 < count:
            fields[first + 1] = drawn.imag
    return fields


def _spectrum(lattice: _Lattice, covariance: Covariance) -> FloatArray:
    """Roots of the eigenvalues of the torus that holds the lattice, over its number of nodes."""
    for padding in (1.0, 2.0, 4.0):
        shape = tuple(next_fast_len(math.ceil(padding * 2 * max(n - 1, 1))) for n in (lattice.ny, lattice.nx))
        if shape[0] * shape[1] > _LARGEST:
            break
        dy = _around(shape[0]) * lattice.step_y_m
        dx = _around(shape[1]) * lattice.step_x_m
        # Turned covariances are not even in each axis alone; on the torus both halves must agree.
        base = covariance.at(*np.meshgrid(dx, dy))
        base = 0.5 * (base + np.roll(base[::-1, ::-1], 1, axis=(0, 1)))
        eigen = fft2(base).real
        low = float(-eigen[eigen < 0.0].sum())
        if low <= _NEGATIVE * float(eigen[eigen > 0.0].sum()):
            kept = np.maximum(eigen, 0.0)
            # What was cut off is given back, so that the variance stays the one asked for.
            kept *= covariance.sd_value**2 * eigen.size / kept.sum()
            return np.asarray(np.sqrt(kept / eigen.size))
    nodes = (lattice.ny, lattice.nx)
    raise refused(
        (nodes, covariance.along_m), "covariance: nodes and along_m", "a shorter range or a coarser grid",
        "更短的相关长度或更粗的网格",
    )  # fmt: skip


def _around(count: int) -> FloatArray:
    """Distances 0, 1, 2, ... -2, -1 on a ring of nodes."""
    at = np.arange(count, dtype=np.float64)
    return np.where(at > count / 2, at - count, at)


def _towards(
    lattice: _Lattice,
    covariance: Covariance,
    fields: FloatArray,
    places: Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]],
    data: PointData,
    mean: float,
    seed: int,
) -> FloatArray:
    """Simple kriging (count, ny, nx) of what the fields miss at the data."""
    cols, rows = places
    if len(data.values) != len(cols) or not np.isfinite(data.values).all():
        raise refused(len(data.values), "data: values", f"{len(cols)} finite values", f"{len(cols)} 个有限值")
    x, y = cols * lattice.step_x_m, rows * lattice.step_y_m
    matrix = covariance.at(x[:, None] - x[None], y[:, None] - y[None])
    own = data.error_value**2 + _JITTER * covariance.sd_value**2
    matrix[np.diag_indices_from(matrix)] += own
    # Each field has its own errors of measurement, or the fields would agree too well at the data.
    noise = np.random.default_rng([seed, 1]).standard_normal((len(fields), len(x))) * data.error_value
    missed = data.values - mean - fields[:, rows, cols] - noise
    weights = np.linalg.solve(matrix, missed.T)
    node_x, node_y = np.arange(lattice.nx) * lattice.step_x_m, np.arange(lattice.ny) * lattice.step_y_m
    total = np.zeros_like(fields)
    for n in range(len(x)):
        near = covariance.at(node_x[None, :] - x[n], node_y[:, None] - y[n])
        total += weights[n][:, None, None] * near[None]
    return total
