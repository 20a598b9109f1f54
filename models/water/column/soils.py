"""How soils hold and let through water, and the published means of twelve textures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from models.water.refusal import refused
from twin.core.geometry import FloatArray

_DAY_S = 86_400.0
# Suction of the least capillary height (Vogel, van Genuchten and Cislerova, 2001, Adv. Water Resour. 24,
# 133-144): in clays Mualem's conductivity falls without bound at the edge of saturation, and nothing is
# measured there.
_EDGE_M = 0.02
_DRIEST_M = -1e7  # head of water contents at or below the residual one


def _positive(**values: float) -> None:
    for field, value in values.items():
        if not (np.isfinite(value) and value > 0.0):
            raise refused(value, field, "more than zero", "大于零")


class Soil(Protocol):
    """Curves of a soil; heads in metres of water, negative where unsaturated."""

    @property
    def saturated_fraction(self) -> float:
        """Water content at saturation."""

    def water_content(self, head_m: FloatArray) -> FloatArray:
        """Volume of water per volume of soil."""

    def capacity_1_m(self, head_m: FloatArray) -> FloatArray:
        """Derivative of the water content by the head."""

    def conductivity_m_s(self, head_m: FloatArray) -> FloatArray:
        """Hydraulic conductivity."""

    def head_m(self, water_content: FloatArray) -> FloatArray:
        """The head at which the soil holds this much water; 0 where it is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VanGenuchten:
    """van Genuchten (1980, Soil Sci. Soc. Am. J. 44, 892-898, eqs 3, 8 and 21) after Mualem (1976).

    ``shape_factor`` is n > 1, ``pore_factor`` Mualem's exponent of the effective saturation.
    """

    residual_fraction: float
    saturated_fraction: float
    alpha_1_m: float
    shape_factor: float
    k_m_s: float
    pore_factor: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.residual_fraction < self.saturated_fraction < 1.0:
            value = (self.residual_fraction, self.saturated_fraction)
            raise refused(value, "residual and saturated fraction", "0 <= residual < saturated < 1")
        if not self.shape_factor > 1.0:
            raise refused(self.shape_factor, "shape_factor", "more than 1", "大于 1")
        _positive(alpha_1_m=self.alpha_1_m, k_m_s=self.k_m_s)

    def _effective(self, head_m: FloatArray) -> FloatArray:
        m = 1.0 - 1.0 / self.shape_factor
        return np.asarray((1.0 + (self.alpha_1_m * np.maximum(-head_m, 0.0)) ** self.shape_factor) ** -m)

    def water_content(self, head_m: FloatArray) -> FloatArray:
        """Volume of water per volume of soil."""
        span = self.saturated_fraction - self.residual_fraction
        return self.residual_fraction + span * self._effective(head_m)

    def capacity_1_m(self, head_m: FloatArray) -> FloatArray:
        """Derivative of the water content by the head."""
        n = self.shape_factor
        m = 1.0 - 1.0 / n
        x = self.alpha_1_m * np.maximum(-head_m, 0.0)
        span = self.saturated_fraction - self.residual_fraction
        return np.asarray(span * m * n * self.alpha_1_m * x ** (n - 1.0) * (1.0 + x**n) ** (-m - 1.0))

    def conductivity_m_s(self, head_m: FloatArray) -> FloatArray:
        """Hydraulic conductivity; straight over the last 2 cm of suction, where Mualem's has no slope."""
        suction = np.maximum(-np.asarray(head_m, dtype=np.float64), 0.0)
        edge = self._mualem(np.maximum(suction, _EDGE_M))
        return np.where(suction < _EDGE_M, self.k_m_s + (edge - self.k_m_s) * suction / _EDGE_M, edge)

    def _mualem(self, suction_m: FloatArray) -> FloatArray:
        m = 1.0 - 1.0 / self.shape_factor
        x = self.alpha_1_m * suction_m
        effective = (1.0 + x**self.shape_factor) ** -m
        # 1 - (1 - Se^(1/m))^m with Se^(1/m) = 1 / (1 + x^n): written so that dry soils keep their digits.
        inner = -np.expm1(-m * np.log1p(x**-self.shape_factor))
        return np.asarray(self.k_m_s * effective**self.pore_factor * inner**2)

    def head_m(self, water_content: FloatArray) -> FloatArray:
        """The head at which the soil holds this much water; 0 where it is full."""
        n = self.shape_factor
        m = 1.0 - 1.0 / n
        span = self.saturated_fraction - self.residual_fraction
        effective = np.clip((np.asarray(water_content) - self.residual_fraction) / span, 0.0, 1.0)
        wet = np.maximum(effective, 1e-300)
        head = -((wet ** (-1.0 / m) - 1.0) ** (1.0 / n)) / self.alpha_1_m
        return np.asarray(np.maximum(np.where(effective > 0.0, head, _DRIEST_M), _DRIEST_M))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gardner:
    """Exponential curves (Gardner, 1958, Soil Science 85, 228-232), for which closed forms exist.

    K = k exp(alpha h); the water content follows the same exponential between residual and saturated.
    """

    residual_fraction: float
    saturated_fraction: float
    alpha_1_m: float
    k_m_s: float

    def __post_init__(self) -> None:
        _positive(alpha_1_m=self.alpha_1_m, k_m_s=self.k_m_s)

    def _effective(self, head_m: FloatArray) -> FloatArray:
        return np.exp(self.alpha_1_m * np.minimum(head_m, 0.0))

    def water_content(self, head_m: FloatArray) -> FloatArray:
        """Volume of water per volume of soil."""
        span = self.saturated_fraction - self.residual_fraction
        return self.residual_fraction + span * self._effective(head_m)

    def capacity_1_m(self, head_m: FloatArray) -> FloatArray:
        """Derivative of the water content by the head."""
        span = self.saturated_fraction - self.residual_fraction
        return np.where(head_m < 0.0, span * self.alpha_1_m * self._effective(head_m), 0.0)

    def conductivity_m_s(self, head_m: FloatArray) -> FloatArray:
        """Hydraulic conductivity."""
        return np.asarray(self.k_m_s * self._effective(head_m))

    def head_m(self, water_content: FloatArray) -> FloatArray:
        """The head at which the soil holds this much water; 0 where it is full."""
        span = self.saturated_fraction - self.residual_fraction
        effective = np.clip((np.asarray(water_content) - self.residual_fraction) / span, 1e-300, 1.0)
        return np.asarray(np.maximum(np.log(effective) / self.alpha_1_m, _DRIEST_M))


@dataclass(frozen=True, slots=True, kw_only=True)
class Haverkamp:
    """Curves of Haverkamp et al. (1977, Soil Sci. Soc. Am. J. 41, 285-294), |h| in ``head_unit_m`` units.

    theta = residual + a span / (a + |h|^b), K = k c / (c + |h|^d); their constants are of centimetres.
    """

    residual_fraction: float
    saturated_fraction: float
    a_factor: float
    b_factor: float
    k_m_s: float
    c_factor: float
    d_factor: float
    head_unit_m: float = 0.01

    def _suction(self, head_m: FloatArray) -> FloatArray:
        return np.maximum(-np.asarray(head_m), 0.0) / self.head_unit_m

    def water_content(self, head_m: FloatArray) -> FloatArray:
        """Volume of water per volume of soil."""
        span = self.saturated_fraction - self.residual_fraction
        return np.asarray(
            self.residual_fraction
            + span * self.a_factor / (self.a_factor + self._suction(head_m) ** self.b_factor)
        )

    def capacity_1_m(self, head_m: FloatArray) -> FloatArray:
        """Derivative of the water content by the head."""
        s, b = self._suction(head_m), self.b_factor
        span = self.saturated_fraction - self.residual_fraction
        slope = span * self.a_factor * b * s ** (b - 1.0) / (self.a_factor + s**b) ** 2
        return np.asarray(slope / self.head_unit_m)

    def conductivity_m_s(self, head_m: FloatArray) -> FloatArray:
        """Hydraulic conductivity."""
        return np.asarray(
            self.k_m_s * self.c_factor / (self.c_factor + self._suction(head_m) ** self.d_factor)
        )

    def head_m(self, water_content: FloatArray) -> FloatArray:
        """The head at which the soil holds this much water; 0 where it is full."""
        span = self.saturated_fraction - self.residual_fraction
        part = np.clip((np.asarray(water_content) - self.residual_fraction) / span, 1e-30, 1.0)
        suction = (self.a_factor * (1.0 / part - 1.0)) ** (1.0 / self.b_factor)
        return np.asarray(np.maximum(-suction * self.head_unit_m, _DRIEST_M))


def _texture(residual: float, saturated: float, alpha_1_cm: float, n: float, k_cm_d: float) -> VanGenuchten:
    return VanGenuchten(
        residual_fraction=residual, saturated_fraction=saturated, alpha_1_m=100.0 * alpha_1_cm,
        shape_factor=n, k_m_s=k_cm_d / 100.0 / _DAY_S,
    )  # fmt: skip


# Carsel and Parrish (1988, Water Resources Research 24(5), 755-769, tables 3 and 4): means of the classes.
TEXTURES: Mapping[str, VanGenuchten] = MappingProxyType(
    {
        "sand": _texture(0.045, 0.43, 0.145, 2.68, 712.8),
        "loamy_sand": _texture(0.057, 0.41, 0.124, 2.28, 350.2),
        "sandy_loam": _texture(0.065, 0.41, 0.075, 1.89, 106.1),
        "loam": _texture(0.078, 0.43, 0.036, 1.56, 24.96),
        "silt": _texture(0.034, 0.46, 0.016, 1.37, 6.0),
        "silt_loam": _texture(0.067, 0.45, 0.020, 1.41, 10.8),
        "sandy_clay_loam": _texture(0.100, 0.39, 0.059, 1.48, 31.44),
        "clay_loam": _texture(0.095, 0.41, 0.019, 1.31, 6.24),
        "silty_clay_loam": _texture(0.089, 0.43, 0.010, 1.23, 1.68),
        "sandy_clay": _texture(0.100, 0.38, 0.027, 1.23, 2.88),
        "silty_clay": _texture(0.070, 0.36, 0.005, 1.09, 0.48),
        "clay": _texture(0.068, 0.38, 0.008, 1.09, 4.8),
    }
)


def texture(name: str) -> VanGenuchten:
    """A texture of the table by name. Raises BadRequestError for an unknown one."""
    if name not in TEXTURES:
        known = ", ".join(TEXTURES)
        raise refused(name, "texture", f"one of {known}", f" {known} 之一")
    return TEXTURES[name]
