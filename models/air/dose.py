"""What a course of concentrations does to those who breathe it.

``toxic_load`` is the integral of C^n over time (ten Berge et al. 1986, J. Hazard. Mater. 13, 301-309), exact
for a course that is linear between its readings. Levels by exposure time come from the table of substances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.ground import mean_power
from models.substances.levels import Kind, LevelAt
from models.substances.substance import SubstanceData
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

EXPOSURES_S = (600.0, 1800.0, 3600.0, 14_400.0, 28_800.0)


def toxic_load(times_s: npt.ArrayLike, conc_kg_m3: npt.ArrayLike, exponent: float = 1.0) -> FloatArray:
    """Integral of ``c^exponent`` over time, (kg/m3)^n s.

    ``conc_kg_m3`` (n_times, ...) may be a point's course or a stack of grids; 1 gives the dose. Raises
    BadRequestError for times that do not rise, negative concentrations or an exponent under 1.
    """
    times, conc = _course(times_s, conc_kg_m3)
    if exponent < 1.0:
        msg = f"exponent {exponent}; expected at least 1"
        raise BadRequestError(msg, message_zh=f"指数 {exponent} 应不小于 1", field="exponent", value=exponent)
    seconds = np.diff(times).reshape(-1, *([1] * (conc.ndim - 1)))
    return np.asarray((seconds * mean_power(conc[:-1], conc[1:], exponent)).sum(axis=0))


def highest_mean(times_s: npt.ArrayLike, conc_kg_m3: npt.ArrayLike, span_s: float) -> float:
    """Highest mean over any ``span_s`` of a point's course; before and after it the air is clean."""
    times, conc = _course(times_s, conc_kg_m3)
    if not span_s > 0.0:
        msg = f"span_s {span_s}; expected more than 0"
        raise BadRequestError(msg, message_zh=f"span_s 为 {span_s}；应大于 0", field="span_s", value=span_s)
    bound = np.unique(np.concatenate([times, times - span_s]))
    # Between two bounds the mean is a parabola of the start: highest at a bound or where both ends agree.
    width = np.diff(bound)
    gap = [
        _value(times, conc, at + span_s) - _value(times, conc, at)
        for at in (bound[:-1] + width / 3.0, bound[:-1] + 2.0 * width / 3.0)
    ]
    slope = gap[1] - gap[0]
    part = 1.0 / 3.0 - gap[0] / (3.0 * np.where(slope == 0.0, np.inf, slope))
    start = np.concatenate([bound, bound[:-1] + np.clip(part, 0.0, 1.0) * width])
    total = _integral(times, conc, start + span_s) - _integral(times, conc, start)
    return float(total.max() / span_s)


def _value(times: FloatArray, conc: FloatArray, at: FloatArray) -> FloatArray:
    return np.interp(at, times, conc, left=0.0, right=0.0)


def _integral(times: FloatArray, conc: FloatArray, at: FloatArray) -> FloatArray:
    """Integral of the course from its first time on."""
    inside = np.clip(at, times[0], times[-1])
    piece = np.clip(np.searchsorted(times, inside, side="right") - 1, 0, times.size - 2)
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (conc[1:] + conc[:-1]) * np.diff(times))])
    seconds = inside - times[piece]
    return np.asarray(sums[piece] + 0.5 * seconds * (conc[piece] + _value(times, conc, inside)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The highest level that a course reaches, and the exposure over which it does; 0: none."""

    level: int
    exposure_s: float
    mean_kg_m3: float
    limit: LevelAt | None


def level_reached(
    substance: SubstanceData,
    times_s: npt.ArrayLike,
    conc_kg_m3: npt.ArrayLike,
    *,
    kind: Kind = Kind.AEGL,
    temperature_k: float = 298.15,
) -> Reached:
    """Highest level whose exposure time and concentration a point's course reaches.

    Every exposure of 10 minutes to 8 hours is looked at with its own level: a cloud of ten minutes is
    judged by the ten-minute level, never by that of an hour.
    """
    best = Reached(level=0, exposure_s=EXPOSURES_S[0], mean_kg_m3=0.0, limit=None)
    for span in EXPOSURES_S:
        mean = highest_mean(times_s, conc_kg_m3, span)
        for level in (1, 2, 3):
            limit = substance.level(level, span, kind=kind, temperature_k=temperature_k)
            if limit is not None and mean >= limit.conc_kg_m3 and level > best.level:
                best = Reached(level=level, exposure_s=span, mean_kg_m3=mean, limit=limit)
    return best


def _course(times_s: npt.ArrayLike, conc_kg_m3: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    times, conc = np.asarray(times_s, dtype=np.float64), np.asarray(conc_kg_m3, dtype=np.float64)
    if times.ndim != 1 or times.size < 2 or conc.shape[:1] != times.shape or not np.all(np.diff(times) > 0.0):
        msg = f"{times.shape} times for {conc.shape} values; expected two or more rising times, one per value"
        raise BadRequestError(msg, message_zh="时间应递增且与数值等长", field="times_s", value=times.size)
    if not np.all(conc >= 0.0):
        msg = "a concentration is negative or no number; expected at least 0"
        raise BadRequestError(
            msg, message_zh="浓度应为不小于 0 的数", field="conc_kg_m3", value=float(conc.min())
        )
    return times, conc
