"""Rates fitted in every wind of an ensemble; the best member's rates, with intervals that know the others.

One member is one linear problem (``models.trace.rates``). Its weight is its prior times its likelihood,
tempered because neighbouring readings err together. A unit whose plume in a member merely grazes the beams
is not observable there and stays out: it could explain anything. What is reported comes from the best
member alone, so that the field drawn from it is consistent with its beams; the intervals cover every
member that is not far less likely, and are never narrower than a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.trace.rates import RateFit, fit_rates, reach_of
from twin.core.geometry import FloatArray, frozen

_CLEAR_SD = 10.0
_RATIO_MAX = 3.0
_SD_MAX = 6.0
_EDGE = 0.5  # of what is explained elsewhere; a beam a few degrees beside a plume does not refute it


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Choices of the fit, tuned on simulated parks.

    ``model_share`` is the model error of a reading as a share of it. ``least_reach`` is the least
    sensitivity of an observable unit as a share of the median unit's. ``temper`` is how many readings err
    together. ``likely`` is the weight, relative to the best, of a member whose interval still counts.
    ``least_factor`` is the factor to either side of a rate that 95 % intervals cover at least.
    ``clearly`` is by how much (twice a log likelihood; 6 is odds of 20 to 1) a turned wind has to beat
    the measured one before it is believed.
    """

    model_share: float = 0.5
    smoothing: float = 1.0
    shrinkage: float = 0.3
    significance: float = 25.0
    least_reach: float = 0.2
    temper: float = 4.0
    likely: float = 0.05
    least_factor: float = 4.0
    clearly: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """Readings (n_obs,) in kg/m3, standard deviations of their noise, and the beam (index) of each."""

    observed_kg_m3: FloatArray
    sd_kg_m3: FloatArray
    beam: np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnsembleFit:
    """``fit`` of the best ``member``, its intervals (95 %) widened by the others.

    ``observable`` (n_units,) says for which units zero is a finding; ``weights`` (n_members,) sum to one;
    ``weak`` that fewer than two beams with a clear signal carry the result.
    """

    fit: RateFit
    member: int
    weights: FloatArray
    observable: np.ndarray[tuple[int], np.dtype[np.bool_]]
    weak: bool


def fit_ensemble(
    matrices: Sequence[FloatArray],
    log_weights: Sequence[float],
    readings: Readings,
    *,
    n_bins: int,
    knobs: Knobs | None = None,
) -> EnsembleFit:
    """Fit all members.

    Parameters
    ----------
    matrices
        One (n_obs, n_units * n_bins) per member, as ``fit_rates`` wants them.
    log_weights
        Log of every member's prior weight.
    readings
        What was read.
    n_bins
        Time bins of every unit.
    knobs
        See ``Knobs``.

    Raises
    ------
    BadRequestError, SolverError
        As ``fit_rates``.
    """
    knobs = knobs or Knobs()
    reach = np.array([reach_of(matrix, n_bins) for matrix in matrices])
    seen = reach[reach > 0.0]
    least = knobs.least_reach * float(np.median(seen)) if seen.size else 0.0
    usable = (reach >= least) & (reach > 0.0)
    fits = [
        _fit_some(matrix, row, readings, n_bins, knobs) for matrix, row in zip(matrices, usable, strict=True)
    ]
    cost = np.array([row.cost for row in fits]) / knobs.temper - 2.0 * np.asarray(log_weights)
    weights = np.exp(-0.5 * (cost - cost.min()))
    best = _best(cost, np.asarray(log_weights), knobs.clearly)
    fit, predicted = _honest(matrices[best], fits[best], readings)
    others = [row for row, weight in zip(fits, weights, strict=True) if weight >= knobs.likely]
    observable = usable.mean(axis=0) >= 0.5
    return EnsembleFit(
        fit=_widened(fit, others, observable, knobs.least_factor),
        member=best,
        weights=frozen(weights / weights.sum()),
        observable=observable,
        weak=_weak(predicted, readings),
    )


def _best(cost: FloatArray, log_weights: FloatArray, clearly: float) -> int:
    """The measured wind, unless another one is clearly likelier: the masts are heard first."""
    measured, cheapest = int(np.argmax(log_weights)), int(np.argmin(cost))
    return cheapest if cost[measured] - cost[cheapest] > clearly else measured


def _fit_some(
    matrix: FloatArray,
    usable: np.ndarray[tuple[int], np.dtype[np.bool_]],
    readings: Readings,
    n_bins: int,
    knobs: Knobs,
) -> RateFit:
    """Fit of the usable units only; the others have rate zero and know nothing."""
    columns = np.repeat(usable, n_bins)
    fit = fit_rates(
        matrix[:, columns],
        readings.observed_kg_m3,
        readings.sd_kg_m3,
        n_bins=n_bins,
        model_share=knobs.model_share,
        smoothing=knobs.smoothing,
        shrinkage=knobs.shrinkage,
        significance=knobs.significance,
    )
    place = np.flatnonzero(usable)

    def spread(rows: FloatArray, fill: float) -> FloatArray:
        full = np.full((usable.size, *rows.shape[1:]), fill)
        full[usable] = rows
        return frozen(full)

    return replace(
        fit,
        rates_kg_s=spread(fit.rates_kg_s, 0.0),
        low_kg_s=spread(fit.low_kg_s, 0.0),
        high_kg_s=spread(fit.high_kg_s, np.inf),
        detectable_kg_s=spread(fit.detectable_kg_s, np.inf),
        alike=tuple((int(place[a]), int(place[b])) for a, b in fit.alike),
    )


def _honest(matrix: FloatArray, fit: RateFit, readings: Readings) -> tuple[RateFit, FloatArray]:
    """Rates lowered until no beam is predicted clearly above what it read, and the prediction.

    Clearly is more than three times the beam's largest reading, six standard deviations and half of the
    largest signal that the result explains on any beam: a true plume a few degrees off reads that wrong.
    The units that a beam refutes are lowered by what that beam asks, beams in order of their excess.
    """
    units, bins = fit.rates_kg_s.shape
    effect = matrix.reshape(matrix.shape[0], units, bins)
    by_unit = np.einsum("oub,ub->ou", effect, fit.rates_kg_s)
    scale = np.ones(units)
    beams = np.unique(readings.beam)
    explained = np.minimum(by_unit.sum(axis=1), readings.observed_kg_m3).max(initial=0.0)
    allowed = {
        int(b): _EDGE * float(explained)
        + _RATIO_MAX * max(float(readings.observed_kg_m3[readings.beam == b].max()), 0.0)
        + _SD_MAX * float(readings.sd_kg_m3[readings.beam == b].max())
        for b in beams
    }
    for _ in range(beams.size):
        total = by_unit @ scale
        ratio = {b: float(total[readings.beam == b].max()) / most for b, most in allowed.items()}
        worst = max(ratio, key=ratio.__getitem__)
        if ratio[worst] <= 1.0 + 1e-9:
            break
        share = (by_unit * scale)[readings.beam == worst].max(axis=0)
        to_blame = share > 0.02 * allowed[worst]
        scale[to_blame] /= ratio[worst]
    column = scale[:, None]
    lowered = replace(
        fit,
        rates_kg_s=frozen(fit.rates_kg_s * column),
        low_kg_s=frozen(fit.low_kg_s * column),
    )
    return lowered, by_unit @ scale


def _widened(
    fit: RateFit,
    others: Sequence[RateFit],
    observable: np.ndarray[tuple[int], np.dtype[np.bool_]],
    factor: float,
) -> RateFit:
    """Intervals that cover those of all likely members, and at least a factor to either side."""
    low = np.min([fit.low_kg_s, *(row.low_kg_s for row in others)], axis=0)
    finite = [np.where(np.isfinite(row.high_kg_s), row.high_kg_s, 0.0) for row in others]
    high = np.max([np.where(np.isfinite(fit.high_kg_s), fit.high_kg_s, 0.0), *finite], axis=0)
    low = np.minimum(low, fit.rates_kg_s / factor)
    high = np.maximum(high, fit.rates_kg_s * factor)
    unknown = ~observable & (fit.rates_kg_s.max(axis=1) == 0.0)
    high = np.where(unknown[:, None], np.inf, high)
    return replace(fit, low_kg_s=frozen(low), high_kg_s=frozen(high))


def _weak(predicted: FloatArray, readings: Readings) -> bool:
    """Whether fewer than two beams read a clear signal of which the result explains a third."""
    clear = readings.observed_kg_m3 > _CLEAR_SD * readings.sd_kg_m3
    borne = clear & (predicted > readings.observed_kg_m3 / 3.0)
    return bool(predicted.max(initial=0.0) > 0.0) and np.unique(readings.beam[borne]).size < 2
