"""Turbulence of the surface layer as a Langevin model wants it, and the clock in which it is simple.

The model is that of Thomson (1987) for Gaussian turbulence with one shear stress, closed for the surface
layer as in Flesch et al. (1995, 2004):

- ``sigma_w = b_w u*`` when stable, ``b_w u* (1 - 3 z/L)^(1/3)`` when unstable; sigma_u and sigma_v do not
  change with height, and ``cov(u, w) = -u*^2``;
- ``C0 eps = 2 (sigma_w^4 + u*^4) / (A z sigma_w) F`` with A = 0.5 and F = ``1 + 5 z/L`` when stable,
  ``(1 - 6 z/L)^(-1/4)`` when unstable.

With the clock ``d tau = C0 eps / (2 u*^2) dt`` the fluctuations (in units of u*) relax everywhere at the
same pace, ``dv = -V^-1 v d tau + sqrt(2) d xi``, and with the height ``s = int C0 eps / (2 u*^3) dz`` the
vertical motion is ``ds = v_w d tau``. Where sigma_w does not change with height nothing else depends on
s: uniform in z in time is uniform in s in tau, whatever the length of a step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.air.turbulence import KARMAN
from models.contract import SurfaceLayer
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, frozen

_A = 0.5
_STABLE_M = 4.8  # psi_m = -4.8 z/L
_TOP_M = 20_000.0
_CELLS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Turbulence:
    """Surface layer of a particle run.

    ``sigma_u_ratio``, ``sigma_v_ratio`` and ``sigma_w_ratio`` are standard deviations over u*; the last
    is ``b_w``, the value at neutral. ``mixing_height_m`` reflects (infinite: no lid).
    """

    friction_velocity_m_s: float
    inverse_obukhov_1_m: float
    roughness_m: float
    sigma_u_ratio: float = 2.5
    sigma_v_ratio: float = 2.0
    sigma_w_ratio: float = 1.25
    mixing_height_m: float = math.inf

    def __post_init__(self) -> None:
        _positive("friction_velocity_m_s", self.friction_velocity_m_s)
        _positive("roughness_m", self.roughness_m)
        for name in ("sigma_u_ratio", "sigma_v_ratio", "sigma_w_ratio"):
            _positive(name, getattr(self, name))
        if not math.isfinite(self.inverse_obukhov_1_m):
            name = "inverse_obukhov_1_m"
            raise _wrong(name, self.inverse_obukhov_1_m, "a finite number", "有限数")
        if self.sigma_u_ratio * self.sigma_w_ratio <= 1.0:
            name = "sigma_u_ratio"
            raise _wrong(
                name,
                self.sigma_u_ratio,
                f"more than {1.0 / self.sigma_w_ratio:.3g}, so that the stress can exist",
                f"大于 {1.0 / self.sigma_w_ratio:.3g}，否则切应力不可能存在",
            )
        if self.mixing_height_m <= 2.0 * self.roughness_m:
            name = "mixing_height_m"
            raise _wrong(name, self.mixing_height_m, "above twice the roughness", "大于粗糙度的两倍")

    def sigma_w_over_ustar(self, height_m: FloatArray) -> FloatArray:
        """Standard deviation of the vertical wind over u* (Flesch et al. 1995, eq. 22)."""
        zeta = np.minimum(np.asarray(height_m) * self.inverse_obukhov_1_m, 0.0)
        return np.asarray(self.sigma_w_ratio * np.cbrt(1.0 - 3.0 * zeta), dtype=np.float64)

    def wind_m_s(self, height_m: FloatArray) -> FloatArray:
        """Mean wind (Dyer 1974 with 16 and 4.8), zero at the roughness height."""
        z = np.maximum(np.asarray(height_m, dtype=np.float64), self.roughness_m)
        psi = _psi_m(z * self.inverse_obukhov_1_m) - _psi_m(
            np.asarray(self.roughness_m * self.inverse_obukhov_1_m)
        )
        return np.asarray(
            self.friction_velocity_m_s / KARMAN * (np.log(z / self.roughness_m) - psi), dtype=np.float64
        )

    def dissipation_1_m(self, height_m: FloatArray) -> FloatArray:
        """``C0 eps / (2 u*^3)`` in 1/m; C0 and eps are never needed apart."""
        z = np.asarray(height_m, dtype=np.float64)
        zeta = z * self.inverse_obukhov_1_m
        sigma = self.sigma_w_over_ustar(z)
        stable = 1.0 + 5.0 * np.maximum(zeta, 0.0)
        unstable = (1.0 - 6.0 * np.minimum(zeta, 0.0)) ** -0.25
        return np.asarray((sigma**4 + 1.0) / (_A * z * sigma) * stable * unstable, dtype=np.float64)


def turbulence_of(layer: SurfaceLayer, roughness_m: float, *, sigma_w_ratio: float = 1.25) -> Turbulence:
    """Turbulence of a particle run from what the twin knows of the surface layer.

    The lateral scatter is the layer's own (measured where it was); along the wind it is taken 1.25
    times as large (Panofsky and Dutton 1984, neutral: 2.4 and 1.9 u*).
    """
    lateral = layer.sigma_v_m_s / layer.friction_velocity_m_s
    return Turbulence(
        friction_velocity_m_s=layer.friction_velocity_m_s,
        inverse_obukhov_1_m=layer.inverse_obukhov_1_m,
        roughness_m=roughness_m,
        sigma_u_ratio=max(1.25 * lateral, 1.2 / sigma_w_ratio),
        sigma_v_ratio=lateral,
        sigma_w_ratio=sigma_w_ratio,
        mixing_height_m=layer.mixing_height_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """Everything that a step needs, (n,) at equal steps of the root of s, the middle of each cell.

    The root, because s goes with the logarithm of the height near the ground and, when stable, with the
    height itself above. ``per_root`` cells per unit of it; ``lid_s`` where particles turn back from above
    (infinite: nowhere); ``height_m``; ``seconds`` per unit of tau; ``metres`` that the mean wind goes in it;
    ``variance_w`` (of w/u*) and ``variance_slope`` (its derivative by s; all zero unless unstable).
    """

    per_root: float
    lid_s: float
    height_m: FloatArray
    seconds: FloatArray
    metres: FloatArray
    variance_w: FloatArray
    variance_slope: FloatArray

    @property
    def level(self) -> bool:
        """Whether sigma_w is the same at all heights."""
        return not bool(np.any(self.variance_slope))


def tables_of(turbulence: Turbulence) -> Tables:
    """Tables from the roughness height to 20 km, where the last cell holds on."""
    z = np.geomspace(turbulence.roughness_m, _TOP_M, 4 * _CELLS)
    slope = turbulence.dissipation_1_m(z) * z  # ds / d ln z
    s = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(np.log(z)))])
    middle = ((np.arange(_CELLS) + 0.5) * (math.sqrt(s[-1]) / _CELLS)) ** 2
    height = np.exp(np.interp(middle, s, np.log(z)))
    seconds = 1.0 / (turbulence.dissipation_1_m(height) * turbulence.friction_velocity_m_s)
    variance = turbulence.sigma_w_over_ustar(height) ** 2
    unstable = turbulence.inverse_obukhov_1_m < 0.0
    lid = turbulence.mixing_height_m
    return Tables(
        per_root=float(_CELLS / math.sqrt(s[-1])),
        lid_s=float(np.interp(math.log(lid), np.log(z), s)) if lid < _TOP_M else math.inf,
        height_m=frozen(height),
        seconds=frozen(seconds),
        metres=frozen(seconds * turbulence.wind_m_s(height)),
        variance_w=frozen(variance),
        variance_slope=frozen(np.gradient(variance, middle) if unstable else np.zeros(_CELLS)),
    )


def s_of(tables: Tables, height_m: FloatArray) -> FloatArray:
    """Height in the particles' own measure."""
    middle = ((np.arange(tables.height_m.size) + 0.5) / tables.per_root) ** 2
    return np.asarray(np.interp(np.log(height_m), np.log(tables.height_m), middle), dtype=np.float64)


def _psi_m(zeta: FloatArray) -> FloatArray:
    x = np.sqrt(np.sqrt(1.0 - 16.0 * np.minimum(zeta, 0.0)))
    unstable = (
        2.0 * np.log(0.5 * (1.0 + x)) + np.log(0.5 * (1.0 + x * x)) - 2.0 * np.arctan(x) + 0.5 * math.pi
    )
    return np.asarray(np.where(zeta < 0.0, unstable, -_STABLE_M * zeta), dtype=np.float64)


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise _wrong(name, value, "a finite number above 0", "大于 0 的有限数")


def _wrong(name: str, value: float, expected: str, expected_zh: str) -> SolverError:
    return SolverError(
        f"{name} is {value}; expected {expected}",
        message_zh=f"{name} 为 {value}；应为{expected_zh}",
        field=name,
        value=value,
    )
