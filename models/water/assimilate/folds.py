"""How far levels at unheard wells miss, learned by leaving wells out in turn.

An ensemble that shares one grid, one drainage and one set of beliefs errs alike in all members: their spread
says too little of the error at a place where nobody listens. Wells are therefore left out in turn, and the
misses there, in units of what was expected, say how much is lacking (k-fold cross-validation; Stone 1974,
J. R. Stat. Soc. B 36, 111). What lacks becomes a local error of the model: none at a well that is heard, and
away from it the part of a field with the ground's correlation that the well leaves unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.geometry import FloatArray

_POINTS = 21  # of the normal distribution by which a member is dressed
_ROUNDS = 60
LEAST_WELLS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossed:
    """Misses (n,) at wells left out, in metres, and the variance (n,) that was expected of them.

    ``gap_m`` (n,) from each to the nearest well that was heard, ``range_m`` of the ground's correlation.
    ``local_sd_m``: error of the model far from wells. ``z_before`` and ``z_after``: root mean square of the
    misses in units of what is expected without and with it; 1 is honest.
    """

    miss_m: FloatArray
    variance_m2: FloatArray
    gap_m: FloatArray
    range_m: float
    local_sd_m: float

    @property
    def z_before(self) -> float:
        """Root mean square of the standardised misses, spread of the ensemble alone."""
        return _rms_z(self.miss_m, self.variance_m2)

    @property
    def z_after(self) -> float:
        """The same with the local error; below 1 where the spread alone was too wide."""
        local = self.local_sd_m**2 * unknown(self.gap_m, self.range_m)
        return _rms_z(self.miss_m, self.variance_m2 + local)


def crossed(miss_m: FloatArray, variance_m2: FloatArray, gap_m: FloatArray, *, range_m: float) -> Crossed:
    """The local error that gives the standardised misses unit variance; none where they have less."""
    return Crossed(
        miss_m=miss_m,
        variance_m2=variance_m2,
        gap_m=gap_m,
        range_m=range_m,
        local_sd_m=local_sd(miss_m, variance_m2, unknown(gap_m, range_m)),
    )


def unknown(gap_m: FloatArray, range_m: float) -> FloatArray:
    """Share (n,) of a field's variance that a well so far away leaves unknown: 1 - rho^2, exponential rho.

    >>> unknown(np.array([0.0, 1e6]), 250.0).tolist()
    [0.0, 1.0]
    """
    return np.asarray(1.0 - np.exp(-6.0 * np.asarray(gap_m) / range_m))


def local_sd(miss_m: FloatArray, variance_m2: FloatArray, share: FloatArray) -> float:
    """The s with mean(miss^2 / (variance + share s^2)) = 1, by bisection; 0 where variance is enough.

    At most the largest miss, where no s can do it.

    >>> local_sd(np.array([0.5, -0.5]), np.array([0.16, 0.16]), np.ones(2)).__round__(6)
    0.3
    """
    if not miss_m.size or _rms_z(miss_m, variance_m2) <= 1.0:
        return 0.0
    low, high = 0.0, float(np.abs(miss_m).max())
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        above = _rms_z(miss_m, variance_m2 + share * middle**2) > 1.0
        low, high = (middle, high) if above else (low, middle)
    return 0.5 * (low + high)


def parts(count: int, folds: int, rng: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Numbers 0 to ``count`` - 1 dealt out to folds at random, as evenly as can be."""
    return [np.sort(row) for row in np.array_split(rng.permutation(count), min(folds, count))]


def dressed(values: FloatArray, sd: float) -> FloatArray:
    """Members (members, ...) each spread to equally likely values about it, (members x 21, ...)."""
    if sd <= 0.0:
        return values
    from scipy.special import ndtri

    points = ndtri((np.arange(_POINTS) + 0.5) / _POINTS)
    points = points / points.std()
    shifts = sd * points.reshape(-1, *([1] * values.ndim))
    return np.asarray((values[None] + shifts).reshape(-1, *values.shape[1:]))


def _rms_z(miss_m: FloatArray, variance_m2: FloatArray) -> float:
    return float(np.sqrt(np.mean(miss_m**2 / np.maximum(variance_m2, 1e-12))))
