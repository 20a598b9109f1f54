"""How far levels at unheard wells miss, learned by leaving wells out in turn.

An ensemble that shares one grid, one drainage and one set of beliefs errs alike in all members: their spread
says too little of the error at a place where nobody listens. Wells are therefore left out in turn, and the
misses there, in units of what was expected, say how much is lacking (k-fold cross-validation; Stone 1974,
J. R. Stat. Soc. B 36, 111). What lacks becomes a local error of the model, the same everywhere.
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

    ``local_sd_m``: error of the model to be added. ``z_before`` and ``z_after``: root mean square of the
    misses in units of what is expected without and with it; 1 is honest.
    """

    miss_m: FloatArray
    variance_m2: FloatArray
    local_sd_m: float

    @property
    def z_before(self) -> float:
        """Root mean square of the standardised misses, spread of the ensemble alone."""
        return _rms_z(self.miss_m, self.variance_m2, 0.0)

    @property
    def z_after(self) -> float:
        """The same with the local error; below 1 where the spread alone was too wide."""
        return _rms_z(self.miss_m, self.variance_m2, self.local_sd_m)


def crossed(miss_m: FloatArray, variance_m2: FloatArray) -> Crossed:
    """The local error that gives the standardised misses unit variance; none where they have less."""
    return Crossed(miss_m=miss_m, variance_m2=variance_m2, local_sd_m=local_sd(miss_m, variance_m2))


def local_sd(miss_m: FloatArray, variance_m2: FloatArray) -> float:
    """The s with mean(miss^2 / (variance + s^2)) = 1, by bisection; 0 where the variance alone is enough.

    >>> local_sd(np.array([0.5, -0.5]), np.array([0.16, 0.16])).__round__(6)
    0.3
    """
    if not miss_m.size or _rms_z(miss_m, variance_m2, 0.0) <= 1.0:
        return 0.0
    low, high = 0.0, float(np.sqrt(np.mean(miss_m**2)))
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _rms_z(miss_m, variance_m2, middle) > 1.0 else (low, middle)
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


def _rms_z(miss_m: FloatArray, variance_m2: FloatArray, sd_m: float) -> float:
    return float(np.sqrt(np.mean(miss_m**2 / np.maximum(variance_m2 + sd_m**2, 1e-12))))
