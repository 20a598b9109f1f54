"""The mark of a mean from the marks of what it was made of.

Source: HJ 212-2017, notes to tables C.16 to C.18: a gas mean is normal when at least 75 % of its
values are, a water mean only when all of them are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sensors.statistics.means import ROUNDING_OF_EDITION, Rounding
from twin.core.device import Edition
from twin.core.errors import BadRequestError


class Medium(StrEnum):
    """What a factor belongs to."""

    GAS = "gas"
    WATER = "water"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanProfile:
    """How an edition makes means: share of normal values that a gas mean needs, rounding."""

    gas_share: float = 0.75
    water_share: float = 1.0
    rounding: Rounding = Rounding.HALF_UP


PROFILES: Mapping[Edition, MeanProfile] = MappingProxyType(
    {edition: MeanProfile(rounding=ROUNDING_OF_EDITION[edition.value]) for edition in Edition}
)


def mean_is_normal(medium: Medium, normal: int, total: int, edition: Edition = Edition.HJ2017) -> bool:
    """Whether the mean of ``total`` values, ``normal`` of them marked N, is marked N.

    Raises BadRequestError when there is nothing to judge.

    >>> mean_is_normal(Medium.GAS, 45, 60), mean_is_normal(Medium.GAS, 44, 60)
    (True, False)
    >>> mean_is_normal(Medium.WATER, 59, 60)
    False
    """
    if total < 1 or not 0 <= normal <= total:
        raise BadRequestError(
            f"normal is {normal} of total {total}; expected 0 <= normal <= total and total at least 1",
            message_zh=f"normal 为 {normal}，total 为 {total}；应满足 0 <= normal <= total 且 total 不小于 1",
            field="total" if total < 1 else "normal",
            value=total if total < 1 else normal,
        )
    profile = PROFILES[edition]
    share = profile.water_share if medium is Medium.WATER else profile.gas_share
    return normal >= share * total


def medium_of(quantity: str) -> Medium:
    """Medium of a quantity key.

    >>> medium_of("conc:hf"), medium_of("water:f"), medium_of("wind_speed")
    (<Medium.GAS: 'gas'>, <Medium.WATER: 'water'>, <Medium.OTHER: 'other'>)
    """
    if quantity.startswith("conc:"):
        return Medium.GAS
    if quantity.startswith("water:") or quantity in (
        "ph",
        "conductivity",
        "water_level",
        "water_temperature",
    ):
        return Medium.WATER
    return Medium.OTHER
