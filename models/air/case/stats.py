"""Agreement of modelled with observed concentrations.

Chang and Hanna (2004), Meteorol. Atmos. Phys. 87, 167-196, section 3: fractional bias, normalised mean
square error, geometric mean bias, geometric variance, fraction within a factor of two. The sign of FB and
the side of MG follow them: positive, or above 1, means that the model reads low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.core.errors import BadRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Statistics of one quantity over ``number`` pairs.

    ``logarithmic`` counts the pairs with both values above zero: MG and VG know no others (NaN when there
    is none). ``bias_value`` and ``rmse_value`` are in the unit of the quantity.
    """

    quantity: str
    units: str
    number: int
    logarithmic: int
    fac2_fraction: float
    fb_value: float
    nmse_value: float
    mg_value: float
    vg_value: float
    rmse_value: float
    bias_value: float
    correlation_value: float


def scores(
    observed: npt.ArrayLike, modelled: npt.ArrayLike, *, quantity: str = "conc", units: str = "kg/m3"
) -> Scores:
    """Statistics of pairs, arrays (n,). Pairs that are not finite are left out.

    FAC2 counts a pair of zeros as agreement, and a zero against something as none. Raises BadRequestError
    when the lengths differ or no pair is left.
    """
    seen, made = np.asarray(observed, dtype=np.float64), np.asarray(modelled, dtype=np.float64)
    if seen.shape != made.shape or seen.ndim != 1:
        raise BadRequestError(
            f"observed has shape {seen.shape}, modelled {made.shape}; expected two lists of one length",
            message_zh=f"观测形状为 {seen.shape}，模拟为 {made.shape}；应为两个等长列表",
            field="observed",
            value=seen.shape,
        )
    good = np.isfinite(seen) & np.isfinite(made)
    seen, made = seen[good], made[good]
    if not seen.size:
        msg = "no pair of finite numbers; expected at least one"
        raise BadRequestError(
            msg,
            message_zh="没有成对的有限数值；至少需要一对",
            field="observed",
            value=0,
        )
    both = (seen > 0.0) & (made > 0.0)
    log = np.log(seen[both] / made[both])
    mean_seen, mean_made = float(seen.mean()), float(made.mean())
    return Scores(
        quantity=quantity,
        units=units,
        number=int(seen.size),
        logarithmic=int(both.sum()),
        fac2_fraction=float(np.mean(_within_two(seen, made))),
        fb_value=_ratio(mean_seen - mean_made, 0.5 * (mean_seen + mean_made)),
        nmse_value=_ratio(float(np.mean((seen - made) ** 2)), mean_seen * mean_made),
        mg_value=math.exp(float(log.mean())) if log.size else math.nan,
        vg_value=math.exp(min(float((log * log).mean()), 700.0)) if log.size else math.nan,
        rmse_value=math.sqrt(float(np.mean((seen - made) ** 2))),
        bias_value=mean_made - mean_seen,
        correlation_value=_correlation(seen, made),
    )


def _within_two(seen: npt.NDArray[np.float64], made: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    zero = (seen == 0.0) & (made == 0.0)
    return np.asarray(zero | ((made >= 0.5 * seen) & (made <= 2.0 * seen) & (seen > 0.0)))


def _ratio(above: float, below: float) -> float:
    return above / below if below != 0.0 else math.nan


def _correlation(seen: npt.NDArray[np.float64], made: npt.NDArray[np.float64]) -> float:
    away, off = seen - seen.mean(), made - made.mean()
    scale = math.sqrt(float((away * away).sum() * (off * off).sum()))
    return _ratio(float((away * off).sum()), scale)
