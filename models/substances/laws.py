"""Forms of temperature dependence, one function each, and the law that names one of them.

Coefficients come with the unit of their source; ``scale`` of a law turns the result into SI.
DIPPR forms: Perry's Chemical Engineers' Handbook, 8th edition, tables 2-8, 2-30 (Perry 105), 2-150, 2-153.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.substances.cited import Source
from twin.core.geometry import FloatArray
from twin.core.units import GAS_CONSTANT_J_MOL_K

Coefficients = tuple[float, ...]


def dippr_101(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Vapour pressure exp(A + B/T + C ln T + D T^E), Pa."""
    return np.exp(c[0] + c[1] / t_k + c[2] * np.log(t_k) + c[3] * t_k ** c[4])


def antoine_log10(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """10^(A - B / (T + C)) with T in kelvin; the unit of pressure is the source's."""
    return np.asarray(10.0 ** (c[0] - c[1] / (t_k + c[2])))


def dippr_105(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Liquid density A / B^(1 + (1 - T/C)^D), mol/m3."""
    reduced = np.clip(1.0 - t_k / c[2], 0.0, None)
    return np.asarray(c[0] / c[1] ** (1.0 + reduced ** c[3]))


def dippr_106(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Heat of vaporisation A (1 - Tr)^(B + C Tr + D Tr^2), Tr = T/Tc; Tc stands last, J/mol."""
    reduced = np.clip(t_k / c[-1], 0.0, 1.0)
    power = c[1] + c[2] * reduced + c[3] * reduced**2
    return np.asarray(c[0] * (1.0 - reduced) ** power)


def dippr_114(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Liquid heat capacity in t = 1 - T/Tc, J/(kmol K); Tc stands last.

    A^2/t + B - 2 A C t - A D t^2 - C^2 t^3/3 - C D t^4/2 - D^2 t^5/5.
    """
    a, b, cc, d, critical_k = c
    t = np.maximum(1.0 - t_k / critical_k, 1e-3)
    return np.asarray(
        a**2 / t + b - 2 * a * cc * t - a * d * t**2 - cc**2 * t**3 / 3 - cc * d * t**4 / 2 - d**2 * t**5 / 5
    )


def polynomial(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Sum of c[i] T^i."""
    return np.asarray(np.polynomial.polynomial.polyval(t_k, np.array(c)))


def gas_polynomial(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Ideal gas heat capacity R times a polynomial, J/(mol K) (Poling et al. 2001, appendix A)."""
    return GAS_CONSTANT_J_MOL_K * polynomial(t_k, c)


def fuller(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Diffusivity in air at 1 atm from diffusion volumes, m2/s (Fuller, Schettler & Giddings 1966).

    ``c`` = molar mass in g/mol, diffusion volume. Air: 28.96 g/mol, 19.7.
    """
    mass, volume = c
    cubes = (volume ** (1 / 3) + 19.7 ** (1 / 3)) ** 2
    return np.asarray(1e-7 * t_k**1.75 * np.sqrt(1.0 / mass + 1.0 / 28.96) / cubes)


def inverse_table(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Table of (T, value) pairs, the logarithm of the value linear in 1/T: for vapour pressures."""
    nodes = np.array(c).reshape(-1, 2)
    return np.asarray(np.exp(np.interp(-1.0 / np.asarray(t_k), -1.0 / nodes[:, 0], np.log(nodes[:, 1]))))


def table(t_k: FloatArray, c: Coefficients) -> FloatArray:
    """Table of (T, value) pairs, linear between, held at the ends."""
    nodes = np.array(c).reshape(-1, 2)
    return np.asarray(np.interp(t_k, nodes[:, 0], nodes[:, 1]))


FORMS: Mapping[str, Callable[[FloatArray, Coefficients], FloatArray]] = MappingProxyType(
    {
        "dippr_101": dippr_101,
        "antoine_log10": antoine_log10,
        "dippr_105": dippr_105,
        "dippr_106": dippr_106,
        "dippr_114": dippr_114,
        "polynomial": polynomial,
        "gas_polynomial": gas_polynomial,
        "fuller": fuller,
        "inverse_table": inverse_table,
        "table": table,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """Temperature dependence of a property in SI.

    ``coefficients`` of the form; ``scale_factor`` turns its result into SI; valid from ``low_k`` to
    ``high_k`` (beyond, the nearest end is used). ``checked`` names independent sources and
    ``deviation_fraction`` the largest relative difference to them over the common range, None where
    there is none to compare with.
    """

    form: str
    coefficients: Coefficients
    scale_factor: float
    low_k: float
    high_k: float
    sources: tuple[Source, ...]
    verified: bool
    deviation_fraction: float | None = None
    note: str = ""

    def at(self, t_k: npt.ArrayLike) -> FloatArray:
        """Value at temperatures in K, held at the ends of the range."""
        held = np.clip(np.asarray(t_k, dtype=np.float64), self.low_k, self.high_k)
        return FORMS[self.form](held, self.coefficients) * self.scale_factor

    def covers(self, t_k: float) -> bool:
        """Whether a temperature lies in the range of the source."""
        return self.low_k <= t_k <= self.high_k
