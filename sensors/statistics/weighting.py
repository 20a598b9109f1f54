"""Means of hours that do not count alike: water with its flow, wind directions with the speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sensors.statistics.means import flow_weighted, mean_wind
from twin.core.wind import CALM_M_S


class Weighting(StrEnum):
    """What the hours of a mean are weighted with."""

    NONE = "none"
    FLOW = "flow"
    SPEED = "speed"


class Unweighted(StrEnum):
    """Why a mean is not weighted, or a weighted one is no number; ``NO_REASON``: nothing to say.

    ``NOT_DECLARED``: no series to weight with. ``WITHIN_HOUR``: values within an hour count alike.
    ``WEIGHTS_MISSING``: an hour that takes part has no valid weight of 0 or more. ``NO_FLOW``: no water
    flowed. ``CALM``: calm in all hours. ``NO_DIRECTION``: the vectors cancel. ``NO_MEAN``: there is no
    valid mean.
    """

    NO_REASON = ""
    NOT_DECLARED = "not_declared"
    WITHIN_HOUR = "within_hour"
    WEIGHTS_MISSING = "weights_missing"
    NO_FLOW = "no_flow"
    CALM = "calm"
    NO_DIRECTION = "no_direction"
    NO_MEAN = "no_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedMean:
    """``weighting`` NONE: hours count alike, ``reason`` says why, and ``value`` is for others to make."""

    value: float | None
    weighting: Weighting
    reason: Unweighted


def weighted_mean(weighting: Weighting, hours: Sequence[tuple[float, float | None]]) -> WeightedMean:
    """Mean of hours, each a value and its weight (m3/s of water; m/s of wind, values in degrees).

    HJ 212-2017 appendix D.1.2.3 (``flow_weighted``); EPA-454/R-99-005, 6.2.2 (``mean_wind``): calms take
    no part. One missing weight, and none counts: a mean that is weighted in part is neither.

    >>> weighted_mean(Weighting.FLOW, [(100.0, 10.0), (40.0, 30.0)]).value
    55.0
    >>> weighted_mean(Weighting.FLOW, [(100.0, 10.0), (40.0, None)]).reason.value
    'weights_missing'
    """
    values = [value for value, _ in hours]
    weights = [weight for _, weight in hours if weight is not None and weight >= 0]
    if weighting is Weighting.NONE or len(weights) < len(hours):
        reason = Unweighted.NO_REASON if weighting is Weighting.NONE else Unweighted.WEIGHTS_MISSING
        return WeightedMean(value=None, weighting=Weighting.NONE, reason=reason)
    if weighting is Weighting.FLOW:
        mean = flow_weighted(values, weights)
        if mean is None:
            return WeightedMean(value=None, weighting=Weighting.NONE, reason=Unweighted.NO_FLOW)
        return WeightedMean(value=mean, weighting=weighting, reason=Unweighted.NO_REASON)
    from_deg = mean_wind(weights, values).from_deg
    reason = Unweighted.NO_REASON
    if from_deg is None:
        is_calm = all(speed < CALM_M_S for speed in weights)
        reason = Unweighted.CALM if is_calm else Unweighted.NO_DIRECTION
    return WeightedMean(value=from_deg, weighting=weighting, reason=reason)
