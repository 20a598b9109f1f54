"""A learner on the misses of the fitted model at one well, kept only where it helps on time it has not seen.

What it sees: the misses up to now, and drivers (rain, water content, pH, ...) up to now. What it says: the
miss ``lead`` steps ahead. Time is cut in three blocks without mixing: the first fits, the second chooses
between ridge regression and a small LSTM (Hochreiter and Schmidhuber 1997) and says when to stop, the third
(held out) is only measured on. Errors of both, the model alone and joined, are reported either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.water.learn.lstm import fit_lstm
from models.water.refusal import refused
from twin.core.geometry import FloatArray

Kind = Literal["auto", "ridge", "lstm"]
Predict = Callable[[FloatArray], FloatArray]
_RIDGES = (0.1, 1.0, 10.0, 100.0, 1_000.0)
_FEWEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnKnobs:
    """Choices: ``lags`` steps of the past that are seen, ``lead`` steps ahead, shares of the blocks."""

    kind: Kind = "auto"
    lags: int = 12
    lead: int = 1
    fit_share: float = 0.6
    choose_share: float = 0.2
    seed: int = 20_261_122


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """What came of it.

    ``rmse_darcy_m`` and ``rmse_joined_m`` on the held-out block, ``held_from`` its first step.
    ``kept`` False: ``correction_m`` is zero, for the learner did not lower the error of the choosing or
    of the held-out block. ``kind`` of the better learner.
    """

    kind: str
    kept: bool
    rmse_darcy_m: float
    rmse_joined_m: float
    held_from: int
    steps: int
    knobs: LearnKnobs
    names: tuple[str, ...]
    predict: Predict

    def correction_m(self, miss_m: FloatArray, drivers: Mapping[str, FloatArray]) -> float:
        """Metres to add to the model's level ``lead`` steps ahead, from ``lags`` steps or more up to now."""
        if not self.kept:
            return 0.0
        some = _windows(miss_m, drivers, self.names, self.knobs.lags)[-1:]
        return float(self.predict(some)[0])


def learn(
    miss_m: FloatArray, drivers: Mapping[str, FloatArray], *, knobs: LearnKnobs | None = None
) -> Learned:
    """Learn the misses of a model at one well.

    Parameters
    ----------
    miss_m
        (steps,) measured minus modelled level, at equal steps of time.
    drivers
        Series (steps,) by name that may explain it; a gap (NaN) is filled with the last value.
    knobs
        Choices.

    Raises
    ------
    BadRequestError
        For fewer than 40 windows, a driver of another length, or misses that are not finite.
    """
    own = knobs or LearnKnobs()
    names = tuple(sorted(drivers))
    _check(miss_m, drivers)
    x = _windows(miss_m, drivers, names, own.lags)[: -own.lead]
    y = miss_m[own.lags - 1 + own.lead :]
    count = len(y)
    if count < _FEWEST:
        raise refused(count, "steps to learn from", f"{_FEWEST} beyond lags and lead")
    first, second = int(own.fit_share * count), int((own.fit_share + own.choose_share) * count)
    kinds = ("ridge", "lstm") if own.kind == "auto" else (own.kind,)
    fits = {kind: _fit(kind, x[:first], y[:first], x[first:second], y[first:second], own) for kind in kinds}
    errors = {kind: _rms(y[first:second] - row(x[first:second])) for kind, row in fits.items()}
    kind = min(errors, key=lambda name: errors[name])
    darcy, joined = _rms(y[second:]), _rms(y[second:] - fits[kind](x[second:]))
    return Learned(
        kind=kind,
        kept=joined < darcy and errors[kind] < _rms(y[first:second]),
        rmse_darcy_m=darcy,
        rmse_joined_m=joined,
        held_from=second + own.lags - 1 + own.lead,
        steps=len(miss_m),
        knobs=own,
        names=names,
        predict=fits[kind],
    )


def _windows(
    miss_m: FloatArray, drivers: Mapping[str, FloatArray], names: tuple[str, ...], lags: int
) -> FloatArray:
    """(windows, lags, 1 + drivers): the past up to each step."""
    series = np.stack([miss_m, *(_filled(drivers[name]) for name in names)], axis=1)
    if len(series) < lags:
        raise refused(len(series), "steps seen", f"{lags} or more", f"至少 {lags}")
    view = np.lib.stride_tricks.sliding_window_view(series, lags, axis=0)
    return np.ascontiguousarray(np.moveaxis(view, -1, 1))


def _filled(series: FloatArray) -> FloatArray:
    """Gaps take the last value before them; those at the start the first value, zero without any."""
    fine = np.isfinite(series)
    if not fine.any():
        return np.zeros_like(series)
    last = np.maximum.accumulate(np.where(fine, np.arange(series.size), -1))
    return np.asarray(series[np.where(last < 0, int(np.argmax(fine)), last)])


def _fit(
    kind: str, x: FloatArray, y: FloatArray, x_choose: FloatArray, y_choose: FloatArray, knobs: LearnKnobs
) -> Predict:
    centre, scale = x.mean(axis=(0, 1)), x.std(axis=(0, 1)) + 1e-12
    spread = float(y.std()) + 1e-12

    def scaled(some: FloatArray) -> FloatArray:
        return np.asarray((some - centre) / scale)

    if kind == "lstm":
        inner = fit_lstm(scaled(x), y / spread, scaled(x_choose), y_choose / spread, seed=knobs.seed)
    else:
        inner = _fit_ridge(scaled(x), y / spread, scaled(x_choose), y_choose / spread)
    return lambda some: np.asarray(inner(scaled(some)) * spread)


def _fit_ridge(x: FloatArray, y: FloatArray, x_choose: FloatArray, y_choose: FloatArray) -> Predict:
    flat = _flat(x)
    inner = flat.T @ flat
    rows = [np.linalg.solve(inner + ridge * np.eye(len(inner)), flat.T @ y) for ridge in _RIDGES]
    best = min(rows, key=lambda row: _rms(y_choose - _flat(x_choose) @ row))
    return lambda some: np.asarray(_flat(some) @ best)


def _flat(x: FloatArray) -> FloatArray:
    return np.concatenate([x.reshape(len(x), -1), np.ones((len(x), 1))], axis=1)


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _check(miss_m: FloatArray, drivers: Mapping[str, FloatArray]) -> None:
    if miss_m.ndim != 1 or not np.isfinite(miss_m).all():
        raise refused(miss_m.shape, "miss_m", "a series of finite numbers", "有限数值序列")
    for name, row in drivers.items():
        if row.shape != miss_m.shape:
            raise refused(row.shape, f"driver {name}", f"shape {miss_m.shape}", f"形状 {miss_m.shape}")
