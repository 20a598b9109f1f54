"""Source strengths from beam readings: non-negative least squares over candidate units and time bins.

The model is ``observed = matrix @ rates + background + noise`` with rates and background not negative.
The noise of a reading is that of the instrument and a share of the larger of reading and prediction, for
what a dispersion model cannot know; the share of the prediction matters: without it, a plume that misses
a beam by a few degrees is refuted by that beam's zero.

Two weak pulls make the problem well posed where the beams do not. Both are measured against the rate at
which a typical unit would explain the largest reading, so results scale with the readings: a jump of that
size between two bins costs ``smoothing`` in chi-square, and such a rate itself costs ``shrinkage``, which
keeps a badly seen unit from explaining a small signal by an enormous release. Units whose removal costs
less than ``significance`` are then removed, weakest first; leaving a twentieth of a clear signal
unexplained costs as much.
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
_CLEAR_SD = 10.0
_ALIKE = 0.95
_MISFIT_MAX = 4.0  # more is a wrong model, not noise, and must not hide a clear signal
_TRIED = 3  # weakest units that are tried before the selection ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateFit:
    """Fitted rates of ``n_units`` sources in ``n_bins`` time bins, arrays (n_units, n_bins) in kg/s.

    ``low_kg_s`` and ``high_kg_s`` bound the central 95 % of each rate: the Gaussian approximation of
    the posterior (Laplace) around the fit with the active set held, cut at zero, widened when the
    residuals are larger than their stated noise. ``detectable_kg_s`` is the rate that all beams together
    would show at three standard deviations: above about that, "zero" is a finding; where it is infinite
    the unit was not seen at all (and its ``high_kg_s`` is infinite too). ``cost`` is minus twice the log of
    the likelihood and the pulls, up to a constant that depends on readings and instruments only.
    ``alike`` lists pairs of units that the beams cannot tell apart.
    ``residual_kg_m3`` (n_obs,) is observed minus fitted.
    ``unexplained`` says that there is a clear signal of which the candidates explain less than half.
    """

    rates_kg_s: FloatArray
    low_kg_s: FloatArray
    high_kg_s: FloatArray
    detectable_kg_s: FloatArray
    background_kg_m3: float
    residual_kg_m3: FloatArray
    cost: float
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
    model_share: float = 0.0,
    smoothing: float = 1.0,
    shrinkage: float = 0.03,
    significance: float = 25.0,
) -> RateFit:
    """Fit rates to readings.

    Parameters
    ----------
    matrix
        (n_obs, n_units * n_bins), kg/m3 per kg/s, the bins of one unit side by side in time order.
    observed_kg_m3, sd_kg_m3
        (n_obs,) readings and the standard deviations of the instruments' noise.
    n_bins
        Time bins of every unit.
    background
        Whether one common non-negative background is fitted too.
    model_share
        Model error as a share of the larger of reading and prediction; 0 for readings that the matrix
        explains exactly. 0.5 is about the factor of two of scatter that Chang and Hanna (2004, Meteorol.
        Atmos. Phys. 87, 167-196) still call good.
    smoothing, shrinkage
        Cost of the two pulls, in chi-square; see the top of this file.
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
    columns = np.column_stack([matrix, np.ones(matrix.shape[0])]) if background else matrix
    pull = _pull(matrix, observed_kg_m3, sd_kg_m3, n_bins, smoothing, shrinkage)
    pull = np.pad(pull, (0, int(background)))
    noise = _noise(columns, observed_kg_m3, sd_kg_m3, pull, model_share)
    design, target = columns / noise[:, None], observed_kg_m3 / noise
    power = np.einsum("ij,ij->j", matrix / sd_kg_m3[:, None], matrix / sd_kg_m3[:, None])
    hessian = design.T @ design + pull
    solution = _solve(hessian, design.T @ target)
    misfit = _misfit(target - design @ solution, solution)
    clear = observed_kg_m3 > _CLEAR_SD * sd_kg_m3
    problem = _Problem(
        hessian=hessian,
        gradient=design.T @ target,
        n_bins=n_bins,
        n_units=units,
        clear_columns=columns[clear],
        clear_kg_m3=observed_kg_m3[clear],
        worth=significance * misfit,
    )
    solution = _select(problem, solution)
    residual = target - design @ solution
    low, high = _intervals(hessian, design.T @ target, solution, _misfit(residual, solution))
    share, unexplained = _explained(observed_kg_m3, residual * noise, sd_kg_m3)
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
        residual_kg_m3=frozen(residual * noise),
        cost=_likelihood_cost(residual, noise, sd_kg_m3, solution, pull),
        explained_share=share,
        unexplained=unexplained,
        alike=_alike((matrix / sd_kg_m3[:, None]).reshape(sd_kg_m3.size, units, n_bins).sum(axis=2)),
    )


def reach_of(matrix: FloatArray, n_bins: int) -> FloatArray:
    """Largest reading that a steady release of 1 kg/s from each unit would make, (n_units,)."""
    steady = matrix.reshape(matrix.shape[0], matrix.shape[1] // n_bins, n_bins).sum(axis=2)
    return np.asarray(steady.max(axis=0, initial=0.0), dtype=np.float64)


def _likelihood_cost(
    residual: FloatArray, noise: FloatArray, sd: FloatArray, solution: FloatArray, pull: FloatArray
) -> float:
    """Minus twice the log of likelihood and pulls; the log of the noise keeps excuses from being free."""
    excuses = 2.0 * float(np.log(noise / sd).sum())
    return float(residual @ residual) + excuses + float(solution @ pull @ solution)


def _pull(
    matrix: FloatArray, observed: FloatArray, sd: FloatArray, bins: int, smoothing: float, shrinkage: float
) -> FloatArray:
    """Quadratic form of the two weak pulls on the rates."""
    units = matrix.shape[1] // bins
    reach = reach_of(matrix, bins)
    seen = reach[reach > 0.0]
    signal = max(float(observed.max()), _SIGNAL_SD * float(np.median(sd)))
    typical = signal / float(np.median(seen)) if seen.size else 1.0
    step = np.diff(np.eye(bins), axis=0)
    ridge = smoothing * (step.T @ step) + shrinkage * np.eye(bins)
    return np.asarray(np.kron(np.eye(units), ridge / typical**2), dtype=np.float64)


def _noise(
    columns: FloatArray, observed: FloatArray, sd: FloatArray, pull: FloatArray, share: float
) -> FloatArray:
    """Noise of the instruments and of the model; the prediction is that of a fit with equal weights.

    One round only: repeated, a prediction that is refuted loses its own excuse and collapses to nothing.
    """
    if share == 0.0:
        return sd
    equal = float(np.hypot(sd.max(), share * max(float(observed.max()), 0.0)))
    predicted = columns @ _solve(columns.T @ columns / equal**2 + pull, columns.T @ observed / equal**2)
    return np.asarray(np.hypot(sd, share * np.maximum(np.maximum(observed, predicted), 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    """Quadratic form of the fit, and the readings that are far above the noise with their columns."""

    hessian: FloatArray
    gradient: FloatArray
    n_bins: int
    n_units: int
    clear_columns: FloatArray
    clear_kg_m3: FloatArray
    worth: float

    def cost(self, solution: FloatArray) -> float:
        """Chi-square, and ``worth`` for every twentieth of the clear signal that stays unexplained.

        Chi-square alone would give a clear signal away: its model error is as large as itself.
        """
        chi = float(solution @ self.hessian @ solution - 2.0 * self.gradient @ solution)
        signal = float(self.clear_kg_m3 @ self.clear_kg_m3)
        if signal == 0.0:
            return chi
        left = self.clear_kg_m3 - self.clear_columns @ solution
        return chi + 20.0 * self.worth * min(1.0, float(left @ left) / signal)

    def without(self, kept: npt.NDArray[np.bool_]) -> FloatArray:
        """Solution with some columns only."""
        solution = np.zeros(self.gradient.size)
        solution[kept] = _solve(self.hessian[np.ix_(kept, kept)], self.gradient[kept])
        return solution


def _select(problem: _Problem, solution: FloatArray) -> FloatArray:
    """Backward elimination of units, weakest first, as long as one is worth too little."""
    kept = np.ones(solution.size, dtype=bool)
    while True:
        removed = _remove_one(problem, solution, kept)
        if removed is None:
            return solution
        kept, solution = removed


def _remove_one(
    problem: _Problem, solution: FloatArray, kept: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], FloatArray] | None:
    bins, count = problem.n_bins, problem.n_units * problem.n_bins
    alone = (solution * np.diag(problem.hessian) * solution)[:count].reshape(-1, bins).sum(axis=1)
    order = np.argsort(alone)
    now = problem.cost(solution)
    for unit in order[alone[order] > 0.0][:_TRIED]:
        less = kept.copy()
        less[unit * bins : (unit + 1) * bins] = False
        other = problem.without(less)
        if problem.cost(other) - now < problem.worth:
            return less, other
    return None


def _solve(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Minimum of ``x.H.x / 2 - g.x`` over x >= 0, by non-negative least squares on a Cholesky factor."""
    if gradient.size == 0:  # scipy's nnls crashes the process on a matrix without columns
        return np.zeros(0)
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
    return max(1.0, min(_MISFIT_MAX, float(residual @ residual) / free))


def _intervals(
    hessian: FloatArray, gradient: FloatArray, solution: FloatArray, misfit: float
) -> tuple[FloatArray, FloatArray]:
    """2.5 and 97.5 per cent points of every rate; see ``RateFit``."""
    free = solution > 0.0
    inverse = _inverse(hessian[np.ix_(free, free)])
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
    low, high = _cut_normal(0.025, mean, sd), _cut_normal(0.975, mean, sd)
    return np.where(free, np.minimum(low, solution), 0.0), np.maximum(high, solution)


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a positive form whose rows differ in size by many orders (kg/s beside kg/m3)."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    scaled = matrix * np.outer(scale, scale) + 1e-12 * np.eye(scale.size)
    return np.asarray(np.linalg.pinv(scaled, hermitian=True) * np.outer(scale, scale), dtype=np.float64)


def _cut_normal(share: float, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Quantile of a normal distribution cut at zero; exact in the far tail too."""
    finite = np.isfinite(sd) & (sd > 0.0)
    ratio = np.where(finite, mean / np.where(finite, sd, 1.0), 0.0)
    tail = ndtri_exp(np.log1p(-share) + log_ndtr(ratio))
    value = np.maximum(mean - np.where(finite, sd, 1.0) * tail, 0.0)
    return np.asarray(np.where(np.isinf(sd), np.inf, np.where(finite, value, np.maximum(mean, 0.0))))


def _explained(observed: FloatArray, residual: FloatArray, sd: FloatArray) -> tuple[float, bool]:
    clear = observed > _CLEAR_SD * sd
    signal = float(observed[clear] @ observed[clear])
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
