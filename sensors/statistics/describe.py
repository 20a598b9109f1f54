"""Descriptive, trend and correlation statistics of a column of means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_Z95 = 1.959963984540054
_FEWEST = 3
# Slopes of all pairs: 1,500 points make a million of them; longer columns are thinned evenly.
_MOST_POINTS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Numbers of a column; None where there are too few values. Quantiles: 5, 25, 50, 75, 95 %."""

    count: int
    mean: float | None
    sd_value: float | None
    low: float | None
    high: float | None
    quantile_values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Median slope per day with a 95 % interval, and the Mann-Kendall probability of no trend."""

    value: float
    low: float
    high: float
    p_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Pearson's r of ``count`` pairs and the probability of one as large by chance."""

    count: int
    r_ratio: float
    p_fraction: float


def description(values: Sequence[float]) -> Description:
    """Mean, standard deviation (n - 1), extremes and quantiles."""
    if not values:
        return Description(count=0, mean=None, sd_value=None, low=None, high=None, quantile_values=())
    column = np.asarray(values, dtype=np.float64)
    return Description(
        count=len(values),
        mean=float(column.mean()),
        sd_value=float(column.std(ddof=1)) if len(values) > 1 else None,
        low=float(column.min()),
        high=float(column.max()),
        quantile_values=tuple(float(q) for q in np.quantile(column, _QUANTILES)),
    )


def trend(days: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Theil-Sen slope per day (Sen 1968) with the interval and test of Mann and Kendall.

    ``days`` ascend. Ties are taken into account; None for fewer than three values or when all stand
    at one moment. The test assumes independent values: autocorrelated ones look surer than they are.
    """
    t, y = _thinned(days), _thinned(values)
    count = len(t)
    if count < _FEWEST:
        return None
    i, j = np.triu_indices(count, k=1)
    apart = t[j] - t[i]
    kept = apart > 0
    if not kept.any():
        return None
    slopes = np.sort((y[j] - y[i])[kept] / apart[kept])
    score = float(np.sign(y[j] - y[i])[kept].sum())
    variance = _score_variance(y)
    z = 0.0 if variance == 0 else (score - math.copysign(1.0, score)) / math.sqrt(variance) if score else 0.0
    reach = _Z95 * math.sqrt(variance)
    low = slopes[max(0, int((len(slopes) - reach) / 2))]
    high = slopes[min(len(slopes) - 1, int((len(slopes) + reach) / 2))]
    return Trend(
        value=float(np.median(slopes)),
        low=float(low),
        high=float(high),
        p_fraction=math.erfc(abs(z) / math.sqrt(2.0)),
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> Correlation | None:
    """Pearson's r; its probability by Fisher's z. None for fewer than four pairs or a constant column."""
    count = len(first)
    if count <= _FEWEST or count != len(second):
        return None
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    x, y = x - x.mean(), y - y.mean()
    norm = math.sqrt(float(x @ x) * float(y @ y))
    if norm == 0.0:
        return None
    r = max(-1.0, min(1.0, float(x @ y) / norm))
    z = math.inf if abs(r) == 1.0 else math.atanh(r) * math.sqrt(count - 3)
    return Correlation(count=count, r_ratio=r, p_fraction=math.erfc(abs(z) / math.sqrt(2.0)))


def _thinned(values: Sequence[float]) -> FloatArray:
    column = np.asarray(values, dtype=np.float64)
    step = math.ceil(len(column) / _MOST_POINTS) if len(column) else 1
    return column[::step]


def _score_variance(y: FloatArray) -> float:
    """Variance of Kendall's score with ties (Kendall 1975)."""
    n = len(y)
    _, ties = np.unique(y, return_counts=True)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return (n * (n - 1) * (2 * n + 5) - tied) / 18.0
