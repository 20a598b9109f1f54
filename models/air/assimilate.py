"""Beam readings assimilated into the rates of known sources and a background: a moving horizon.

Over a bounded window the rates of every unit walk at random from bin to bin, and the readings are linear in
them. Without a sign that is a Kalman smoother, and a test holds it to that; rates and backgrounds must not be
negative, so the same least squares is solved with an active set over the whole window at every tick
(moving-horizon estimation: Rao, Rawlings and Mayne 2003, IEEE Trans. Autom. Control 48, 246-258). Nothing is
remembered outside the window, so a restart gives what would have been given.

Uncertainty comes from an ensemble, each member fitted to perturbed data (randomised maximum likelihood:
Kitanidis 1995, Water Resour. Res. 31, 2411; Oliver et al. 1996): a wind out of those that could have been,
by their likelihood; an error of the dispersion model, lognormal, one factor for every pair of unit and
beam; the noise of the instruments. Members that fit badly count less, tempered because neighbouring
readings err together; the result is resampled to equal weights.

The noise of a reading is that of the instrument and a share of what is PREDICTED, there or in a
neighbouring wind: a share of the reading itself would let the fit ignore a clear signal for almost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.air.nonnegative import least
from models.air.pursuit import IntArray, pursue
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray, frozen

_SEED = 20_261_122
_CLEAR_SD = 10.0
_SIGNAL_SD = 6.0
_EXPLAINED_SHARE = 0.5
_ALIKE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Choices of the assimilation.

    ``share`` is the model error of a reading as a share of what is predicted (0.5: about the factor of two of
    scatter that Chang and Hanna 2004 still call good) and ``own`` the part of the reading that counts
    as predicted at least; ``near`` the part of what a neighbouring wind predicts. ``factor_sd`` is the
    standard deviation of the logarithm of the model's factor of a unit on a beam (1.1: a factor of three).
    ``smoothing``: cost, in chi-square, of a jump between bins as large as the rate at which a typical
    unit explains the largest reading; ``ridge`` and ``shrinkage``: quadratic and linear cost of such a
    rate. ``most`` units are fitted, each worth at least ``worth``. ``least_reach``: a unit with less than
    this part of the median unit's sensitivity is not observable. ``temper`` and ``temper_members``: how
    many readings err together, for winds and for members. ``clearly``: by how much a turned wind has
    to beat the measured one. ``least_factor``: 95 % intervals reach this factor to either side at least.
    ``drift``: standard deviation of the logarithm of what a background changes within a block.
    """

    share: float = 0.5
    own: float = 0.3
    near: float = 0.3
    factor_sd: float = 1.1
    smoothing: float = 1.0
    ridge: float = 0.1
    shrinkage: float = 1.0
    most: int = 6
    worth: float = 3.0
    least_reach: float = 0.02
    temper: float = 4.0
    temper_members: float = 16.0
    clearly: float = 4.0
    least_factor: float = 10.0
    drift: float = 0.25
    members: int = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Readings (n_obs,) in kg/m3, standard deviations of their noise, and the beam (index) of each.

    ``group`` (n_beams,) numbers the instruments (receivers): each has a background of its own.
    """

    observed_kg_m3: FloatArray
    sd_kg_m3: FloatArray
    beam: IntArray
    group: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """What the readings say.

    ``rates_kg_s`` (n_units, n_bins) and ``background_kg_m3`` (n_groups,): the most likely ones, in the wind
    ``wind`` (index). The ensemble, equally likely: ``wind_of`` (n_members,), ``rates`` (n_members, n_units,
    n_bins), ``factors`` (n_members, n_beams, n_units) of the model's error, ``backgrounds`` (n_members,
    n_groups). ``usable`` (n_units,): for the others zero is no finding. ``unexplained``: a clear signal of
    which less than half is explained; ``weak``: fewer than two beams carry the result; ``alike``: pairs of
    units that the beams cannot tell apart.
    """

    wind: int
    rates_kg_s: FloatArray
    background_kg_m3: FloatArray
    wind_of: IntArray
    rates: FloatArray
    factors: FloatArray
    backgrounds: FloatArray
    usable: npt.NDArray[np.bool_]
    unexplained: bool
    weak: bool
    alike: tuple[tuple[int, int], ...]

    @property
    def members(self) -> int:
        """Number of members of the ensemble."""
        return int(self.wind_of.size)

    def predict(self, couplings: Sequence[FloatArray], group: IntArray) -> FloatArray:
        """What every member predicts on beams, (n_members, n_beams) kg/m3.

        ``couplings``: one (n_beams, n_units, n_bins) per wind; ``group`` as in ``Observed``.
        """
        found = np.zeros((self.members, group.size))
        for m, wind in enumerate(self.wind_of):
            own = np.einsum("buk,uk->bu", couplings[wind], self.rates[m])
            found[m] = (own * self.factors[m]).sum(axis=1) + self.backgrounds[m, group]
        return found


def assimilate(
    couplings: Sequence[FloatArray],
    log_weights: Sequence[float],
    readings: Observed,
    *,
    knobs: Knobs | None = None,
) -> Analysis:
    """Rates and background from the readings of a window.

    Parameters
    ----------
    couplings
        One (n_obs, n_units, n_bins) for every wind that could have been, ordered so that neighbours differ
        little; kg/m3 per kg/s.
    log_weights
        Log of the prior weight of every wind, largest for the wind as measured.
    readings
        What was read.
    knobs
        See ``Knobs``.

    Raises
    ------
    BadRequestError
        When shapes do not fit, or a standard deviation is not positive.
    SolverError
        When the least squares do not converge.
    """
    knobs = knobs or Knobs()
    _check(couplings, log_weights, readings)
    scene = _scene(couplings, readings, knobs)
    fits = [_fit_wind(scene, wind, knobs) for wind in range(len(couplings))]
    cost = np.array([row.cost for row in fits]) / knobs.temper - 2.0 * np.asarray(log_weights)
    best = _best(cost, np.asarray(log_weights), knobs.clearly)
    members = _ensemble(scene, fits, cost, knobs)
    shown = fits[best]
    predicted = np.einsum("ouk,uk->o", couplings[best], shown.rates_kg_s)
    return Analysis(
        wind=best,
        rates_kg_s=frozen(shown.rates_kg_s),
        background_kg_m3=frozen(shown.background_kg_m3),
        wind_of=members.wind_of,
        rates=frozen(members.rates),
        factors=frozen(members.factors),
        backgrounds=frozen(members.backgrounds),
        usable=np.asarray(scene.usable.any(axis=0), dtype=np.bool_),
        unexplained=_unexplained(scene, predicted),
        weak=_weak(scene, predicted),
        alike=_alike(couplings[best].sum(axis=2) / readings.sd_kg_m3[:, None]),
    )


def background_only(readings: Observed, n_units: int, n_bins: int, knobs: Knobs | None = None) -> Analysis:
    """What can still be said when no rates can be found: no source, and the background of every receiver.

    The background is the lower quartile of a receiver's readings, put right for the noise; members differ
    by the noise of one reading and the drift of a block. No unit is ``usable``: zero is no finding.
    """
    knobs = knobs or Knobs()
    rng = np.random.default_rng(_SEED)
    group_of = readings.group[readings.beam]
    typical = np.full(int(readings.group.max()) + 1, _typical_background(readings))
    for group in np.unique(group_of):
        own = group_of == group
        some = replace(
            readings,
            observed_kg_m3=readings.observed_kg_m3[own],
            sd_kg_m3=readings.sd_kg_m3[own],
            beam=readings.beam[own],
        )
        typical[group] = _typical_background(some)
    noise, drift = rng.standard_normal((2, knobs.members, typical.size))
    sd = float(np.median(readings.sd_kg_m3))
    rates = np.zeros((n_units, n_bins))
    return Analysis(
        wind=0,
        rates_kg_s=frozen(rates),
        background_kg_m3=frozen(typical),
        wind_of=np.zeros(knobs.members, dtype=np.intp),
        rates=frozen(np.zeros((knobs.members, n_units, n_bins))),
        factors=frozen(np.ones((knobs.members, readings.group.size, n_units))),
        backgrounds=frozen(np.maximum(typical * np.exp(knobs.drift * drift) + sd * noise, 0.0)),
        usable=np.zeros(n_units, dtype=np.bool_),
        unexplained=not clean(readings),
        weak=False,
        alike=(),
    )


def clean(readings: Observed) -> bool:
    """Whether no reading stands clearly (six standard deviations) above the background."""
    above = readings.observed_kg_m3 - _typical_background(readings)
    return bool(np.all(above < _SIGNAL_SD * readings.sd_kg_m3))


def _typical_background(readings: Observed) -> float:
    """Lower quartile, put right for the noise: a plume may cover more than half of the beams."""
    quartile = float(np.quantile(readings.observed_kg_m3, 0.25))
    return max(quartile + 0.6745 * float(np.median(readings.sd_kg_m3)), 0.0)


def quantiles(values: npt.NDArray[np.floating], shares: Sequence[float]) -> FloatArray:
    """Quantiles over the first axis, linear between the sorted members: (n_shares, ...).

    The k-th of n sorted members stands for the share (k + 0.5) / n (Hazen 1914).
    """
    ordered = np.sort(values, axis=0)
    n = values.shape[0]
    place = np.clip(np.asarray(shares, dtype=np.float64) * n - 0.5, 0.0, n - 1.0)
    low = np.minimum(place.astype(np.intp), max(n - 2, 0))
    part = (place - low).reshape(-1, *(1,) * (values.ndim - 1)).astype(ordered.dtype)
    return np.asarray(ordered[low] * (1 - part) + ordered[np.minimum(low + 1, n - 1)] * part)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """What all winds share: readings, scales, and which units can be seen in which wind."""

    couplings: Sequence[FloatArray]
    readings: Observed
    signal_kg_m3: FloatArray
    typical_background_kg_m3: float
    typical_rate_kg_s: float
    top_kg_m3: float
    usable: npt.NDArray[np.bool_]  # (n_winds, n_units)
    members_of: FloatArray  # (n_obs, n_groups): which background a reading has


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    rates_kg_s: FloatArray
    background_kg_m3: FloatArray
    cost: float
    units: IntArray
    noise_kg_m3: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Members:
    wind_of: IntArray
    rates: FloatArray
    factors: FloatArray
    backgrounds: FloatArray


def _scene(couplings: Sequence[FloatArray], readings: Observed, knobs: Knobs) -> _Scene:
    observed, sd = readings.observed_kg_m3, readings.sd_kg_m3
    typical = _typical_background(readings)
    signal = np.maximum(observed - typical, 0.0)
    reach = np.array([matrix.sum(axis=2).max(axis=0, initial=0.0) for matrix in couplings])
    seen = reach[reach > 0.0]
    median = float(np.median(seen)) if seen.size else 1.0
    top = max(float(signal.max()), 3.0 * float(np.median(sd)))
    group_of = readings.group[readings.beam]
    return _Scene(
        couplings=couplings,
        readings=readings,
        signal_kg_m3=signal,
        typical_background_kg_m3=typical,
        typical_rate_kg_s=top / median,
        top_kg_m3=top,
        usable=(reach > knobs.least_reach * median) & (reach > 0.0),
        members_of=(group_of[:, None] == np.arange(int(readings.group.max()) + 1)).astype(np.float64),
    )


def _fit_wind(scene: _Scene, wind: int, knobs: Knobs) -> _Fit:
    """Most likely rates in one wind: units by pursuit, then rates with the noise of what is predicted."""
    matrix = np.where(scene.usable[wind][None, :, None], scene.couplings[wind], 0.0)
    sd, signal = scene.readings.sd_kg_m3, scene.signal_kg_m3
    rough = np.hypot(sd, knobs.share * np.maximum(signal, 0.05 * scene.top_kg_m3))
    units, predicted = pursue(
        matrix,
        signal,
        rough,
        most=knobs.most,
        worth=knobs.worth,
        ridge=knobs.ridge / scene.typical_rate_kg_s**2,
    )
    noise = np.hypot(sd, knobs.share * np.maximum(knobs.own * signal, predicted))
    fit = _solve(scene, matrix[:, units], units, noise, knobs)
    for _ in range(2):
        near = [
            np.einsum("ouk,uk->o", scene.couplings[w], fit.rates_kg_s)
            for w in (wind - 1, wind + 1)
            if 0 <= w < len(scene.couplings)
        ]
        own = np.einsum("ouk,uk->o", matrix, fit.rates_kg_s)
        there = np.max([own, *(knobs.near * row for row in near)], axis=0)
        noise = np.hypot(sd, knobs.share * np.maximum(knobs.own * signal, there))
        fit = _solve(scene, matrix[:, units], units, noise, knobs)
    return fit


def _solve(
    scene: _Scene,
    matrix: FloatArray,
    units: IntArray,
    noise: FloatArray,
    knobs: Knobs,
    observed: FloatArray | None = None,
    prior_kg_m3: float | None = None,
) -> _Fit:
    """Non-negative rates (n_units, n_bins) and backgrounds of ``units``; see the top of this file."""
    n_obs, count, bins = matrix.shape
    observed = scene.readings.observed_kg_m3 if observed is None else observed
    prior = scene.typical_background_kg_m3 if prior_kg_m3 is None else prior_kg_m3
    columns = np.column_stack([matrix.reshape(n_obs, -1), scene.members_of]) / noise[:, None]
    groups = scene.members_of.shape[1]
    step = np.diff(np.eye(bins), axis=0)
    walk = (knobs.smoothing * (step.T @ step) + knobs.ridge * np.eye(bins)) / scene.typical_rate_kg_s**2
    spread = max(scene.typical_background_kg_m3, float(np.median(scene.readings.sd_kg_m3)))
    pull = np.zeros((count * bins + groups,) * 2)
    pull[: count * bins, : count * bins] = np.kron(np.eye(count), walk)
    pull[count * bins :, count * bins :] = np.eye(groups) / spread**2
    lean = np.full(count * bins + groups, 0.5 * knobs.shrinkage / scene.typical_rate_kg_s / bins)
    lean[count * bins :] = -prior / spread**2
    target = observed / noise
    solution = least(columns.T @ columns + pull, columns.T @ target - lean)
    residual = target - columns @ solution
    rates = np.zeros((scene.usable.shape[1], bins))
    rates[units] = solution[: count * bins].reshape(count, bins)
    excuses = 2.0 * float(np.log(noise / scene.readings.sd_kg_m3).sum())
    cost = float(residual @ residual + solution @ pull @ solution) + excuses
    return _Fit(
        rates_kg_s=rates,
        background_kg_m3=solution[count * bins :],
        cost=cost + 2.0 * float(lean[: count * bins] @ solution[: count * bins]),
        units=units,
        noise_kg_m3=noise,
    )


def _best(cost: FloatArray, log_weights: FloatArray, clearly: float) -> int:
    """The measured wind, unless another one is clearly likelier: the masts are heard first."""
    measured, cheapest = int(np.argmax(log_weights)), int(np.argmin(cost))
    return cheapest if cost[measured] - cost[cheapest] > clearly else measured


def _ensemble(scene: _Scene, fits: Sequence[_Fit], cost: FloatArray, knobs: Knobs) -> _Members:
    """Members fitted to perturbed data, resampled to equal weights; equal input gives equal output."""
    rng = np.random.default_rng(_SEED)
    likely = np.exp(-0.5 * (cost - cost.min()))
    wind_of = _systematic(likely / likely.sum(), knobs.members)
    readings = scene.readings
    beams, units = readings.group.size, scene.usable.shape[1]
    factors = np.exp(knobs.factor_sd * rng.standard_normal((knobs.members, beams, units)))
    noise = readings.sd_kg_m3 * rng.standard_normal((knobs.members, readings.sd_kg_m3.size))
    prior = scene.typical_background_kg_m3 * np.exp(0.3 * rng.standard_normal(knobs.members))
    fitted, excess = [], np.zeros(knobs.members)
    for m, wind in enumerate(wind_of):
        known = fits[wind]
        own = scene.couplings[wind][:, known.units] * factors[m][readings.beam][:, known.units, None]
        perturbed = readings.observed_kg_m3 + noise[m]
        fitted.append(_solve(scene, own, known.units, known.noise_kg_m3, knobs, perturbed, float(prior[m])))
        excess[m] = fitted[-1].cost - known.cost
    weight = np.exp(-0.5 * (excess - excess.min()) / knobs.temper_members)
    taken = _systematic(weight / weight.sum(), knobs.members)
    drift = np.exp(knobs.drift * rng.standard_normal((knobs.members, scene.members_of.shape[1])))
    return _Members(
        wind_of=wind_of[taken],
        rates=np.array([fitted[m].rates_kg_s for m in taken]),
        factors=factors[taken],
        backgrounds=np.array([fitted[m].background_kg_m3 for m in taken]) * drift,
    )


def _systematic(weight: FloatArray, count: int) -> IntArray:
    """Indices of ``count`` draws by weight, evenly spaced (Kitagawa 1996); deterministic."""
    place = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), place), weight.size - 1).astype(np.intp)


def _unexplained(scene: _Scene, predicted: FloatArray) -> bool:
    clear = scene.signal_kg_m3 > _CLEAR_SD * scene.readings.sd_kg_m3
    signal = float(scene.signal_kg_m3[clear] @ scene.signal_kg_m3[clear])
    left = (scene.signal_kg_m3 - predicted)[clear]
    return signal > 0.0 and 1.0 - float(left @ left) / signal < _EXPLAINED_SHARE


def _weak(scene: _Scene, predicted: FloatArray) -> bool:
    """Whether fewer than two beams read a clear signal of which the result explains a third."""
    clear = scene.signal_kg_m3 > _CLEAR_SD * scene.readings.sd_kg_m3
    borne = clear & (predicted > scene.signal_kg_m3 / 3.0)
    return bool(predicted.max(initial=0.0) > 0.0) and np.unique(scene.readings.beam[borne]).size < 2


def _alike(columns: FloatArray) -> tuple[tuple[int, int], ...]:
    """Pairs of units whose effects on the beams point the same way (cosine over 0.95)."""
    length = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    unit = columns / np.where(length > 0.0, length, 1.0)
    first, second = np.nonzero(np.triu(unit.T @ unit > _ALIKE, k=1))
    return tuple(zip(first.tolist(), second.tolist(), strict=True))


def _check(couplings: Sequence[FloatArray], log_weights: Sequence[float], readings: Observed) -> None:
    rows = readings.observed_kg_m3.size
    shapes = {matrix.shape for matrix in couplings}
    fits = len(shapes) == 1 and len(log_weights) == len(couplings) and rows > 0
    fits = fits and next(iter(shapes))[0] == rows == readings.sd_kg_m3.size == readings.beam.size
    if not fits:
        raise BadRequestError(
            f"couplings {sorted(shapes)}, {len(log_weights)} weights, {rows} readings do not fit; "
            "expected one (n_obs, n_units, n_bins) per weight and n_obs readings",
            message_zh="耦合矩阵、权重与读数的形状不一致",
            field="couplings",
            value=str(sorted(shapes)),
        )
    if not bool(np.all(readings.sd_kg_m3 > 0.0)):
        raise BadRequestError(
            f"smallest standard deviation is {readings.sd_kg_m3.min()}; expected positive values",
            message_zh=f"最小标准差为 {readings.sd_kg_m3.min()}；应为正数",
            field="sd_kg_m3",
            value=float(readings.sd_kg_m3.min()),
        )
