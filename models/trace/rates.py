"""Source strengths from beam readings: non-negative least squares over candidate units and time bins.

The model is ``observed = matrix @ rates + background + noise`` with rates and background not negative.
Two weak pulls make it well posed where the beams do not: successive bins of one unit differ little
(``smoothing``), and a rate that no beam can see stays near zero (``shrinkage``). Both are measured in
the units of the problem, so results scale with the readings. Units whose removal costs the fit less
than ``significance`` in chi-square are removed, weakest first: a badly seen unit would otherwise paint
a plume from noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.special import log_ndtr, ndtri_exp

from twin.core.errors import BadRequestError, SolverError
from twin.core.geometry import FloatArray, frozen

_EXPLAINED_SHARE = 0.5
_SIGNAL_SD = 3.0
_ALIKE = 0.95
_TRIED = 3  # weakest units that are tried before the selection ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateFit:
    """Fitted rates of ``n_units`` sources in ``n_bins`` time bins, arrays (n_units, n_bins) in kg/s.

    ``low_kg_s`` and ``high_kg_s`` bound the central 90 % of each rate: the Gaussian approximation of
    the posterior (Laplace) around the fit with the active set held, cut at zero, widened when the
    residuals are larger than their stated noise. ``detectable_kg_s`` is the rate that all beams together
    would show at three standard deviations: above about that, "zero" is a finding; where it is infinite
    the unit was not seen at all (and its ``high_kg_s`` is infinite too). ``alike`` lists pairs of units
    that the beams cannot tell apart. ``residual_kg_m3`` (n_obs,) is observed minus fitted.
    ``unexplained`` says that there is a clear signal of which the candidates explain less than half.
    """

    rates_kg_s: FloatArray
    low_kg_s: FloatArray
    high_kg_s: FloatArray
    detectable_kg_s: FloatArray
    background_kg_m3: float
    residual_kg_m3: FloatArray
    explained_share: float
    unexplained: bool
    alike: tuple[tuple[int, int], ...]


def fit_rates(
    matrix: FloatArray,
    observed_kg_m3: FloatArray,
    sd_kg_m3: FloatArray,
    *,
    n_bins: int,
    background: bool = True,
    smoothing: float = 0.1,
    shrinkage: float = 1e-3,
    significance: float = 6.0,
) -> RateFit:
    """Fit rates to readings.

    Parameters
    ----------
    matrix
        (n_obs, n_units * n_bins), kg/m3 per kg/s, the bins of one unit side by side in time order.
    observed_kg_m3, sd_kg_m3
        (n_obs,) readings and their standard deviations (noise, detection limit and model error).
    n_bins
        Time bins of every unit.
    background
        Whether one common non-negative background is fitted too.
    smoothing
        Pull between successive bins, in units of the typical sensitivity of a column that is seen.
    shrinkage
        Pull of every rate to zero, in the same unit.
    significance
        Rise of chi-square (in units of the misfit) that a unit must be worth to be kept; 0 keeps all.

    Raises
    ------
    BadRequestError
        When shapes do not fit, or a standard deviation is not positive.
    SolverError
        When the least squares do not converge.
    """
    _check(matrix, observed_kg_m3, sd_kg_m3, n_bins)
    units = matrix.shape[1] // n_bins
    design = matrix / sd_kg_m3[:, None]
    if background:
        design = np.column_stack([design, 1.0 / sd_kg_m3])
    target = observed_kg_m3 / sd_kg_m3
    power = np.einsum("ij,ij->j", design, design)
    pull = _pull(power, units, n_bins, smoothing, shrinkage)
    hessian = design.T @ design + pull
    solution = _solve(hessian, design.T @ target)
    misfit = _misfit(target - design @ solution, solution)
    solution = _select(hessian, design.T @ target, solution, units, n_bins, significance * misfit)
    residual = target - design @ solution
    low, high = _intervals(hessian, design.T @ target, solution, _misfit(residual, solution))
    share, unexplained = _explained(target, residual)
    count = units * n_bins
    shape = (units, n_bins)
    with np.errstate(divide="ignore"):
        detectable = _SIGNAL_SD / np.sqrt(power[:count].reshape(shape).sum(axis=1))
    return RateFit(
        rates_kg_s=frozen(solution[:count].reshape(shape)),
        low_kg_s=frozen(low[:count].reshape(shape)),
        high_kg_s=frozen(np.where(np.isinf(detectable)[:, None], np.inf, high[:count].reshape(shape))),
        detectable_kg_s=frozen(detectable),
        background_kg_m3=float(solution[count]) if background else 0.0,
        residual_kg_m3=frozen(residual * sd_kg_m3),
        explained_share=share,
        unexplained=unexplained,
        alike=_alike(design[:, :count].reshape(-1, units, n_bins).sum(axis=2)),
    )


def observation_sd(
    observed_kg_m3: FloatArray, detection_limit_kg_m3: float, relative: float = 0.3
) -> FloatArray:
    """Standard deviation of a reading: a third of the detection limit, and a share for model error.

    The share stands for what a dispersion model cannot know; 0.3 is the mean bias that Chang and Hanna
    (2004, Meteorol. Atmos. Phys. 87, 167-196) still call good.
    """
    return np.asarray(np.hypot(detection_limit_kg_m3 / 3.0, relative * np.maximum(observed_kg_m3, 0.0)))


def _pull(power: FloatArray, units: int, bins: int, smoothing: float, shrinkage: float) -> FloatArray:
    """Quadratic form of the two weak pulls; the background stays free of them."""
    count = units * bins
    seen = power[:count][power[:count] > 0.0]
    scale = float(np.median(seen)) if seen.size else 1.0
    pull = np.zeros((power.size, power.size))
    step = np.diff(np.eye(bins), axis=0)
    ridge = smoothing**2 * (step.T @ step) + shrinkage**2 * np.eye(bins)
    pull[:count, :count] = np.kron(np.eye(units), ridge * scale)
    return pull


def _select(
    hessian: FloatArray, gradient: FloatArray, solution: FloatArray, units: int, bins: int, worth: float
) -> FloatArray:
    """Backward elimination of units, weakest first, as long as one is worth less than ``worth``."""
    kept = np.ones(gradient.size, dtype=bool)
    while True:
        removed = _remove_one(hessian, gradient, solution, kept, units, bins, worth)
        if removed is None:
            return solution
        kept, solution = removed


def _remove_one(
    hessian: FloatArray,
    gradient: FloatArray,
    solution: FloatArray,
    kept: npt.NDArray[np.bool_],
    units: int,
    bins: int,
    worth: float,
) -> tuple[npt.NDArray[np.bool_], FloatArray] | None:
    count = units * bins
    alone = (solution * np.diag(hessian) * solution)[:count].reshape(units, bins).sum(axis=1)
    order = np.argsort(alone)
    for unit in order[alone[order] > 0.0][:_TRIED]:
        without = kept.copy()
        without[unit * bins : (unit + 1) * bins] = False
        other = np.zeros_like(solution)
        other[without] = _solve(hessian[np.ix_(without, without)], gradient[without])
        if 2.0 * (_cost(hessian, gradient, other) - _cost(hessian, gradient, solution)) < worth:
            return without, other
    return None


def _cost(hessian: FloatArray, gradient: FloatArray, solution: FloatArray) -> float:
    return float(0.5 * solution @ hessian @ solution - gradient @ solution)


def _solve(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Minimum of ``x.H.x / 2 - g.x`` over x >= 0, by non-negative least squares on a Cholesky factor."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(hessian), np.finfo(float).tiny))
    scaled = hessian * np.outer(scale, scale) + 1e-12 * np.eye(hessian.shape[0])
    try:
        lower = np.linalg.cholesky(scaled)
        right = np.linalg.solve(lower, gradient * scale)
        solution, _ = nnls(lower.T, right, maxiter=50 * hessian.shape[0])
    except (np.linalg.LinAlgError, RuntimeError) as error:
        raise SolverError(
            f"source strengths did not converge: {error}",
            message_zh=f"源强反演未收敛：{error}",
            field="matrix",
        ) from error
    return np.asarray(solution * scale, dtype=np.float64)


def _misfit(residual: FloatArray, solution: FloatArray) -> float:
    free = max(residual.size - int(np.count_nonzero(solution)), 1)
    return max(1.0, float(residual @ residual) / free)


def _intervals(
    hessian: FloatArray, gradient: FloatArray, solution: FloatArray, misfit: float
) -> tuple[FloatArray, FloatArray]:
    """5 and 95 per cent points of every rate; see ``RateFit``."""
    free = solution > 0.0
    inverse = np.linalg.pinv(hessian[np.ix_(free, free)], hermitian=True)
    sd = np.zeros(solution.size)
    sd[free] = np.sqrt(np.maximum(np.diag(inverse), 0.0))
    cross = hessian[np.ix_(~free, free)]
    # What is left of the curvature of a rate at zero when the others give way (Schur complement).
    left = np.diag(hessian)[~free] - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    left = np.maximum(left, np.finfo(float).eps * np.diag(hessian)[~free])
    slope = gradient[~free] - hessian[~free] @ solution
    mean = solution.copy()
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        mean[~free] = np.where(left > 0.0, slope / left, 0.0)
        sd[~free] = np.where(left > 0.0, 1.0 / np.sqrt(left), np.inf)
    sd *= np.sqrt(misfit)
    low, high = _cut_normal(0.05, mean, sd), _cut_normal(0.95, mean, sd)
    return np.where(free, np.minimum(low, solution), 0.0), np.maximum(high, solution)


def _cut_normal(share: float, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Quantile of a normal distribution cut at zero; exact in the far tail too."""
    finite = np.isfinite(sd) & (sd > 0.0)
    ratio = np.where(finite, mean / np.where(finite, sd, 1.0), 0.0)
    tail = ndtri_exp(np.log1p(-share) + log_ndtr(ratio))
    value = np.maximum(mean - np.where(finite, sd, 1.0) * tail, 0.0)
    return np.asarray(np.where(np.isinf(sd), np.inf, np.where(finite, value, np.maximum(mean, 0.0))))


def _explained(target: FloatArray, residual: FloatArray) -> tuple[float, bool]:
    clear = target > _SIGNAL_SD
    signal = float(target[clear] @ target[clear])
    if signal == 0.0:
        return 1.0, False
    share = 1.0 - float(residual[clear] @ residual[clear]) / signal
    return share, share < _EXPLAINED_SHARE


def _alike(columns: FloatArray) -> tuple[tuple[int, int], ...]:
    """Pairs of units whose effects on the beams point the same way (cosine over 0.95)."""
    length = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    unit = columns / np.where(length > 0.0, length, 1.0)
    cosine = unit.T @ unit
    first, second = np.nonzero(np.triu(cosine > _ALIKE, k=1))
    return tuple(zip(first.tolist(), second.tolist(), strict=True))


def _check(matrix: FloatArray, observed: FloatArray, sd: FloatArray, n_bins: int) -> None:
    rows = matrix.shape[0]
    fits = observed.shape == sd.shape == (rows,) and n_bins > 0 and matrix.shape[1] % n_bins == 0
    if not fits:
        shapes = f"{matrix.shape}, {observed.shape}, {sd.shape}, {n_bins} bins"
        raise BadRequestError(
            f"shapes {shapes} do not fit; expected (n, units * bins), (n,), (n,)",
            message_zh=f"数组形状 {shapes} 不一致；应为 (n, 源数×时段数)、(n,)、(n,)",
            field="matrix",
            value=shapes,
        )
    if not bool(np.all(sd > 0.0)):
        raise BadRequestError(
            f"smallest standard deviation is {sd.min()}; expected positive values",
            message_zh=f"最小标准差为 {sd.min()}；应为正数",
            field="sd_kg_m3",
            value=float(sd.min()),
        )
