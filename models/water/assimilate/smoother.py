"""Ensemble updates: ES-MDA over a history (Emerick and Reynolds 2013), EnKF for a moment (Evensen 1994).

One update with data of covariance alpha R, in the space of the ensemble: with A and S the centred members and
predictions over sqrt(N - 1), S scaled by the standard deviations of the data, S = U W V^T truncated,

    x <- x + A V W (W^2 + alpha)^-1 U^T R^-1/2 (d + sqrt(alpha) e - y),   e ~ N(0, R)

which is the Kalman gain exactly (Emerick and Reynolds 2013, Comput. Geosci. 55, 3-15, eqs. 9 and A.10). With
sum 1 / alpha = 1 repeated updates equal one where the model is linear and all is Gaussian. Localisation
multiplies the gain by a taper of distance (Gaspari and Cohn 1999, Q. J. R. Meteorol. Soc. 125, 723, eq. 4.10;
Chen and Oliver 2010).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.water.refusal import refused
from twin.core.geometry import FloatArray

_KEPT = 1.0 - 1e-10  # of the energy of the scaled predictions: what is left out is below rounding


def alphas(steps: int, *, ratio: float = 1.0) -> FloatArray:
    """(steps,) inflations of the data's covariance with sum 1 / alpha = 1.

    ``ratio``: each is that many times smaller than the one before; 1: all equal to ``steps``.

    >>> alphas(2, ratio=2.0).tolist()
    [3.0, 1.5]
    """
    if steps < 1 or not ratio > 0.0:
        raise refused(ratio, f"steps and ratio of alphas: {steps}", "at least one step, a ratio above zero")
    falling = ratio ** -np.arange(steps, dtype=np.float64)
    return np.asarray(falling * np.sum(1.0 / falling))


def taper(distance_m: FloatArray, radius_m: float) -> FloatArray:
    """Gaspari and Cohn's fifth-order taper: 1 at no distance, 0 from ``radius_m`` on; NaN gives 1."""
    z = np.nan_to_num(np.asarray(distance_m, dtype=np.float64) / (0.5 * radius_m), nan=0.0)
    near = 1.0 - 5 / 3 * z**2 + 5 / 8 * z**3 + 1 / 2 * z**4 - 1 / 4 * z**5
    far = 4.0 - 5.0 * z + 5 / 3 * z**2 + 5 / 8 * z**3 - 1 / 2 * z**4 + 1 / 12 * z**5
    far -= 2.0 / (3.0 * np.where(z > 0.0, z, 1.0))
    return np.asarray(np.where(z <= 1.0, near, np.where(z < 2.0, np.maximum(far, 0.0), 0.0)))


def update(
    members: FloatArray,
    predicted: FloatArray,
    observed: FloatArray,
    sd: FloatArray,
    rng: np.random.Generator,
    *,
    alpha: float = 1.0,
    localisation: FloatArray | None = None,
) -> FloatArray:
    """One perturbed-observation update.

    Parameters
    ----------
    members
        (n, members) parameters or state.
    predicted
        (data, members) what every member predicts of the data.
    observed, sd
        (data,) and the standard deviations of their errors, independent of each other.
    rng
        Draws the perturbations, with their mean over the members taken out.
    alpha
        Inflation of the data's variance.
    localisation
        (n, data) multiplies the gain; None: none.

    Returns
    -------
    ndarray
        (n, members) updated.

    Raises
    ------
    BadRequestError
        For shapes that do not fit, fewer than two members, or a standard deviation that is not positive.
    """
    _check(members, predicted, observed, sd)
    count = members.shape[1]
    root = np.sqrt(count - 1.0)
    noise = rng.standard_normal(predicted.shape)
    noise -= noise.mean(axis=1, keepdims=True)
    miss = (observed[:, None] - predicted) / sd[:, None] + np.sqrt(alpha) * noise
    spread = (members - members.mean(axis=1, keepdims=True)) / root
    response = (predicted - predicted.mean(axis=1, keepdims=True)) / (root * sd[:, None])
    u, w, vt = np.linalg.svd(response, full_matrices=False)
    kept = _kept(w)
    u, w, vt = u[:, :kept], w[:kept], vt[:kept]
    if localisation is None:
        return np.asarray(members + spread @ (vt.T @ ((w / (w**2 + alpha))[:, None] * (u.T @ miss))))
    gain = ((spread @ vt.T) * (w / (w**2 + alpha))) @ u.T
    return np.asarray(members + (gain * localisation) @ miss)


def smooth(
    members: FloatArray,
    forward: Callable[[FloatArray], FloatArray],
    observed: FloatArray,
    sd: FloatArray,
    rng: np.random.Generator,
    *,
    inflations: FloatArray,
    localisation: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """ES-MDA: as many updates as ``inflations``, each with a run of all members.

    ``forward`` takes (n, members) to (data, members). Returns the updated members and what they predicted
    BEFORE the first update. A member whose prediction is not finite is replaced, before an update, by a blend
    of two others. Raises BadRequestError when the inflations' inverses do not sum to one, or fewer than half
    of the members can be run.
    """
    if abs(float(np.sum(1.0 / inflations)) - 1.0) > 1e-6:
        given = inflations.tolist()
        raise refused(
            field="inflations", value=given, expected="a sum of inverses of one", expected_zh="倒数之和等于一"
        )
    first: FloatArray | None = None
    for alpha in inflations:
        predicted = forward(members)
        members, predicted = revived(members, predicted, rng)
        first = predicted if first is None else first
        members = update(members, predicted, observed, sd, rng, alpha=float(alpha), localisation=localisation)
    return members, np.asarray(first)


def revived(
    members: FloatArray, predicted: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Members whose prediction is not finite, replaced by copies of others that could be run.

    Raises BadRequestError when fewer than half can be run.
    """
    fine = np.isfinite(predicted).all(axis=0)
    if fine.all():
        return members, predicted
    if fine.sum() * 2 < fine.size:
        value = f"{int(fine.sum())} of {fine.size}"
        raise refused(
            field="members that could be run", value=value, expected="half or more", expected_zh="至少一半"
        )
    from_members = rng.choice(np.flatnonzero(fine), size=int((~fine).sum()))
    members, predicted = members.copy(), predicted.copy()
    members[:, ~fine] = members[:, from_members]
    predicted[:, ~fine] = predicted[:, from_members]
    return members, predicted


def relaxed(before: FloatArray, after: FloatArray, share: float) -> FloatArray:
    """Spread relaxed towards that of before the update, row by row (Whitaker and Hamill 2012, eq. 2)."""
    mean = after.mean(axis=1, keepdims=True)
    old, new = before.std(axis=1, ddof=1), after.std(axis=1, ddof=1)
    grow = 1.0 + share * np.divide(old - new, new, out=np.zeros_like(new), where=new > 0.0)
    return np.asarray(mean + np.maximum(grow, 1.0)[:, None] * (after - mean))


def spread_error(predicted: FloatArray, observed: FloatArray, sd: FloatArray) -> float:
    """Root of what was expected (variance of ensemble and data) over the square error; 1 is honest."""
    error = observed - predicted.mean(axis=1)
    expected = predicted.var(axis=1, ddof=1) * (1.0 + 1.0 / predicted.shape[1]) + sd**2
    square = float(np.mean(error**2 / expected))
    return float(1.0 / np.sqrt(square)) if square > 0.0 else float("inf")


def _kept(singular: FloatArray) -> int:
    energy = np.cumsum(singular**2)
    if not energy.size or energy[-1] <= 0.0:
        return 0
    return int(np.searchsorted(energy, _KEPT * energy[-1])) + 1


def _check(members: FloatArray, predicted: FloatArray, observed: FloatArray, sd: FloatArray) -> None:
    data, count = predicted.shape
    if members.shape[1] != count or count < 2:
        raise refused(predicted.shape, f"members {members.shape} and predictions", "two or more")
    if observed.shape != (data,) or sd.shape != (data,):
        raise refused(
            field="observed and sd",
            value=(observed.shape, sd.shape),
            expected=f"({data},) both",
            expected_zh=f"均为 ({data},)",
        )
    bad = ~(np.isfinite(sd) & (sd > 0.0))
    if bad.any():
        at = int(np.argmax(bad))
        raise refused(float(sd[at]), f"sd of datum {at}", "more than zero", "大于零")
