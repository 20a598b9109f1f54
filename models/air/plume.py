"""The steady plume in closed form: the instant answer over flat ground, and the reference of the puffs.

    c(x, y, z) = Q f(x) p(z; x) / N(x) * exp(-y^2 / 2 sigma_y^2) / (sqrt(2 pi) sigma_y)

with the profile p of Huang (``models.air.shape``) and N the integral of (u - lag) p over height, so that the
flux through any plane is what is still in the air, Q f. That is the flux of the mean wind and of the gusts:
gas from below is slow, u'c' is negative, and the mean wind alone would carry 3 to 9 % more than Q
(``turbulence.streamwise_lag_m_s``). With ``gusts=False`` it is left out: the integral of u c is Q f. The mean
height grows by van Ulden's (1978) ``d mean / dx = K(q mean) / (u(q mean) q mean)``; sigma_y by Taylor's
theorem with the plume's own travel time (``models.air.growth``); f falls by deposition, wash-out and decay
(``models.air.deposition``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from models.air.deposition import NOTHING, REFERENCE_M, Removal, deposition_velocity_m_s
from models.air.growth import grow_sideways
from models.air.shape import growth_height, huang_profile, mean_over_scale, powers
from models.air.turbulence import (
    KARMAN,
    check_under_lid,
    diffusivity,
    mixing_height_m,
    sigma_w,
    similarity_sigma_v,
    streamwise_lag_m_s,
    wind_profile,
)
from models.contract import SurfaceLayer
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

_STEPS_PER_E = 10.0  # stations of the march per factor e of distance
_PANELS = np.array([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
_NODES = 16
_REACH = 6.0  # of the square root of X, on either side of the release


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeAir:
    """Air of a steady plume: the surface layer, one mean speed with its height, the roughness."""

    layer: SurfaceLayer
    wind_speed_m_s: float
    wind_height_m: float
    roughness_m: float

    def speed_m_s(self, height_m: npt.ArrayLike) -> FloatArray:
        """Mean speed at heights above ground."""
        inverse = self.layer.inverse_obukhov_1_m
        one = float(wind_profile(self.wind_height_m, self.roughness_m, inverse))
        return self.wind_speed_m_s / one * wind_profile(height_m, self.roughness_m, inverse)


def plume_air(
    *,
    wind_speed_m_s: float,
    wind_height_m: float = 10.0,
    roughness_m: float,
    inverse_obukhov_1_m: float = 0.0,
    friction_velocity_m_s: float | None = None,
    sigma_theta_deg: float | None = None,
    sigma_v_m_s: float | None = None,
    lid_m: float | None = None,
) -> PlumeAir:
    """Air from what a mast measures.

    Parameters
    ----------
    wind_speed_m_s, wind_height_m
        Mean speed and where it was measured.
    roughness_m
        z0 of the ground.
    inverse_obukhov_1_m
        1/L: negative unstable, 0 neutral, positive stable.
    friction_velocity_m_s
        Left out: from speed, roughness and 1/L with von Karman's 0.40. Give it only when it was measured as
        a flux: one that was fitted to profiles with another constant (0.35 in much of the older
        literature, Prairie Grass among it) contradicts the speed.
    sigma_theta_deg, sigma_v_m_s
        Scatter of direction or of the lateral wind over the averaging time, measured at ``wind_height_m``;
        one of them, or neither: similarity.
    lid_m
        Lid above ground, m; left out: that of similarity (none when stable).

    Raises
    ------
    BadRequestError
        A number that is not positive, or both measures of scatter.
    """
    for field, value in (("wind_speed_m_s", wind_speed_m_s), ("wind_height_m", wind_height_m)):
        _check_positive(field, value)
    _check_positive("roughness_m", roughness_m)
    if sigma_theta_deg is not None and sigma_v_m_s is not None:
        msg = "both sigma_theta_deg and sigma_v_m_s are given; expected one"
        raise BadRequestError(
            msg,
            message_zh="sigma_theta_deg 与 sigma_v_m_s 只能给出一种",
            field="sigma_v_m_s",
            value=sigma_v_m_s,
        )
    profile = float(wind_profile(wind_height_m, roughness_m, inverse_obukhov_1_m))
    friction = friction_velocity_m_s or KARMAN * wind_speed_m_s / profile
    lid = lid_m or mixing_height_m(friction, inverse_obukhov_1_m)
    if sigma_theta_deg is not None:
        sigma_v_m_s = math.radians(sigma_theta_deg) * wind_speed_m_s
    layer = SurfaceLayer(
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse_obukhov_1_m,
        sigma_v_m_s=sigma_v_m_s or similarity_sigma_v(friction, inverse_obukhov_1_m, lid),
        mixing_height_m=lid,
    )
    return PlumeAir(
        layer=layer, wind_speed_m_s=wind_speed_m_s, wind_height_m=wind_height_m, roughness_m=roughness_m
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SteadyPlume:
    """A plume along +x from a source at the origin; make it with ``steady_plume``.

    Stations ``x_m`` (n,) of the march, with X of the profile, ages, lateral spreads and airborne shares;
    ``gusty`` is the share of the gusts' lag that the gas has by then.
    """

    air: PlumeAir
    rate_kg_s: float
    height_m: float
    x_m: FloatArray
    ground_mean_m: FloatArray
    s: FloatArray
    n: FloatArray
    age_s: FloatArray
    sigma_y_m_: FloatArray
    lost: FloatArray
    gusty: FloatArray

    def sigma_y_m(self, x_m: npt.ArrayLike) -> FloatArray:
        """Lateral standard deviation, m."""
        return self._at(x_m, self.sigma_y_m_)

    def travel_s(self, x_m: npt.ArrayLike) -> FloatArray:
        """Mean time of travel, s."""
        return self._at(x_m, self.age_s)

    def carrying_speed_m_s(self, x_m: float, z_m: npt.ArrayLike) -> FloatArray:
        """Wind less the lag of the gusts: its integral times c over a plane is Q times what is airborne."""
        z = np.asarray(z_m, dtype=np.float64)
        return _carrying_m_s(self.air, z, float(self._at(x_m, self.gusty)))

    def airborne_share(self, x_m: npt.ArrayLike) -> FloatArray:
        """Share of the emission that is still in the air at a distance."""
        return np.asarray(np.exp(-self._at(x_m, self.lost)))

    def mean_height_m(self, x_m: npt.ArrayLike) -> FloatArray:
        """Mean height of the gas at distances (n,), m."""
        return np.array([self._profile(float(x)).mean_height_m for x in np.atleast_1d(x_m)])

    def cic_kg_m2(self, x_m: npt.ArrayLike, z_m: npt.ArrayLike) -> FloatArray:
        """Crosswind-integrated concentration, kg/m2; the arguments broadcast."""
        x, z = np.broadcast_arrays(np.asarray(x_m, np.float64), np.asarray(z_m, np.float64))
        out = np.zeros(x.shape)
        for one in np.unique(x[x > 0.0]):
            here = x == one
            out[here] = self._profile(float(one)).per_flux(z[here])
        return out * self.rate_kg_s * self.airborne_share(x)

    def conc_kg_m3(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, z_m: npt.ArrayLike) -> FloatArray:
        """Concentration, kg/m3, x downwind, y across, z above ground; the arguments broadcast."""
        sigma = self.sigma_y_m(x_m)
        across = np.exp(-0.5 * (np.asarray(y_m) / sigma) ** 2) / (math.sqrt(2.0 * math.pi) * sigma)
        return np.asarray(self.cic_kg_m2(x_m, z_m) * across, dtype=np.float64)

    def deposited_kg_s(self, x_m: npt.ArrayLike) -> FloatArray:
        """What has left the air between the source and a distance, kg/s; the rest is still airborne."""
        return self.rate_kg_s * -np.expm1(-self._at(x_m, self.lost))

    def _at(self, x_m: npt.ArrayLike, values: FloatArray) -> FloatArray:
        """Linear between stations in the logarithm of distance; from the source on linear in distance."""
        x = np.asarray(x_m, dtype=np.float64)
        if np.any(x > self.x_m[-1] * (1.0 + 1e-9)):
            msg = f"distance {float(np.max(x)):g} m; expected at most reach_m {self.x_m[-1]:g}"
            raise BadRequestError(msg, message_zh="距离超出 reach_m", field="x_m", value=float(np.max(x)))
        inside = np.interp(np.log(np.maximum(x, self.x_m[0])), np.log(self.x_m), values)
        return np.asarray(inside * np.minimum(np.maximum(x, 1e-9) / self.x_m[0], 1.0))

    def _profile(self, x_m: float) -> _Profile:
        log = math.log(max(x_m, self.x_m[0]))
        at = np.log(self.x_m)
        return _Profile.of(
            self.air,
            self.height_m,
            math.exp(float(np.interp(log, at, np.log(self.ground_mean_m)))),
            float(np.interp(log, at, self.s)),
            float(np.interp(log, at, self.n)),
            float(self._at(x_m, self.gusty)),
        )


def _carrying_m_s(air: PlumeAir, z_m: FloatArray, gusty: float) -> FloatArray:
    speed = air.speed_m_s(z_m)
    if gusty <= 0.0:
        return speed
    # As the speed, the lag is that at two roughness lengths below them.
    lag = streamwise_lag_m_s(np.maximum(z_m, 2.0 * air.roughness_m), air.layer)
    return np.asarray(speed - gusty * lag, dtype=np.float64)


def steady_plume(
    air: PlumeAir,
    *,
    rate_kg_s: float,
    height_m: float,
    reach_m: float = 10_000.0,
    removal: Removal = NOTHING,
    rain_mm_h: float = 0.0,
    sigma_start_m: float = 0.1,
    gusts: bool = True,
) -> SteadyPlume:
    """Plume of a steady point source over flat ground.

    Parameters
    ----------
    air
        See ``plume_air``.
    rate_kg_s, height_m
        Rate, and height of release above ground (0 or more).
    reach_m
        Distance to which the plume is followed; asking farther raises BadRequestError.
    removal, rain_mm_h
        ``models.air.deposition.removal_of("so2")``; default: nothing is removed.
    sigma_start_m
        Lateral standard deviation at the source.
    gusts
        Whether gas lags behind the mean wind as gusts make it do; without it the integral of u c is the rate.

    Raises
    ------
    BadRequestError
        A reach that is not positive.
    SolverError
        A release above the lid.
    """
    _check_positive("reach_m", reach_m)
    check_under_lid(height_m, air.layer.mixing_height_m)
    first = min(0.05, 0.01 * reach_m)
    x = np.geomspace(first, reach_m, 2 + int(_STEPS_PER_E * math.log(reach_m / first)))
    march = _March(air, height_m, removal, rain_mm_h, sigma_start_m, gusts=gusts)
    rows = np.array([march.to(float(one)) for one in x])
    return SteadyPlume(
        air=air,
        rate_kg_s=rate_kg_s,
        height_m=height_m,
        x_m=x,
        ground_mean_m=rows[:, 0],
        s=rows[:, 1],
        n=rows[:, 2],
        age_s=rows[:, 3],
        sigma_y_m_=rows[:, 4],
        lost=rows[:, 5],
        gusty=rows[:, 6],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Profile:
    """Vertical profile at one distance: nodes and weights of its integrals, and its flux at unit factor."""

    height_m: float
    spread: float
    s: float
    n: float
    lid_m: float
    flux: float
    wind: float
    total: float
    mean_height_m: float

    @staticmethod
    def of(
        air: PlumeAir, height_m: float, ground_mean_m: float, s: float, n: float, gusty: float
    ) -> _Profile:
        spread = float((ground_mean_m / mean_over_scale(s)) ** s)
        lid = air.layer.mixing_height_m
        z, weight = _nodes(height_m, spread, s, air.roughness_m, lid)
        p = _reflected(z, height_m, spread, s, n, lid) * weight
        total = float(p.sum())
        return _Profile(
            height_m=height_m,
            spread=spread,
            s=s,
            n=n,
            lid_m=lid,
            flux=float((p * _carrying_m_s(air, z, gusty)).sum()),
            wind=float((p * air.speed_m_s(z)).sum()),
            total=total,
            mean_height_m=float((p * z).sum()) / total,
        )

    @property
    def speed_m_s(self) -> float:
        """Mean speed of the gas."""
        return self.flux / self.total

    @property
    def wind_m_s(self) -> float:
        """Mean wind at the gas."""
        return self.wind / self.total

    def per_flux(self, z_m: npt.ArrayLike) -> FloatArray:
        """Crosswind integral per unit of flux, s/m2."""
        z = np.asarray(z_m, dtype=np.float64)
        return _reflected(z, self.height_m, self.spread, self.s, self.n, self.lid_m) / self.flux


class _March:
    """State of a plume while it goes downwind."""

    def __init__(
        self,
        air: PlumeAir,
        height_m: float,
        removal: Removal,
        rain_mm_h: float,
        sigma_start_m: float,
        *,
        gusts: bool,
    ) -> None:
        self._air, self._height, self._gusts = air, height_m, gusts
        self._velocity = float(deposition_velocity_m_s(removal, air.layer, air.roughness_m))
        self._loss_1_s = removal.airborne_loss_1_s(rain_mm_h)
        born = np.asarray(max(height_m, 2.0 * air.roughness_m))
        self._memory_s = float(diffusivity(born, air.layer) / sigma_w(born, air.layer) ** 2)
        self._x = self._age = self._lost = 0.0
        self._drift = 0.0  # age by the mean wind, which the angles of the plume go with
        self._sigma = sigma_start_m
        self._ground_mean = 1e-3 * air.roughness_m
        self._mean = max(height_m, air.roughness_m)
        self._speed = self._wind = float(air.speed_m_s(self._mean))
        self._contact = 0.0

    def to(self, x_m: float) -> tuple[float, ...]:
        """Go on to a distance: one row of ``SteadyPlume``.

        Mean height of a ground source, s, n, age, lateral spread, loss exponent, share of the gusts' lag.
        """
        air, step = self._air, x_m - self._x
        seconds = step / self._speed
        row = powers(self._mean, air.roughness_m, air.layer.inverse_obukhov_1_m)
        s, n = float(row.s), float(row.n)
        start = self._ground_mean
        after = start
        for _ in range(3):  # implicit in the mean of both ends
            mean = self._mean_height(0.5 * (start + after))
            z = self._height + float(growth_height(s)) * (mean - self._height)
            z = max(z, 2.0 * air.roughness_m)
            k_over_u = float(diffusivity(np.asarray(z), air.layer) / air.speed_m_s(z))
            young = -math.expm1(-(self._age + 0.5 * seconds) / self._memory_s)
            gain = s * s * float(mean_over_scale(s)) ** s * k_over_u * z ** (s - 2.0) * young
            after = (start**s + gain * step) ** (1.0 / s)
        gusty = -math.expm1(-(self._age + seconds) / self._memory_s) if self._gusts else 0.0
        profile = _Profile.of(air, self._height, after, s, n, gusty)
        seconds = 2.0 * step / (self._speed + profile.speed_m_s)
        # Sideways, young gas keeps its angle to the mean wind (sigma_theta x): the lag does not widen it.
        drift = 2.0 * step / (self._wind + profile.wind_m_s)
        level = np.asarray(0.5 * (self._mean + profile.mean_height_m))
        sigma = grow_sideways(np.asarray(self._sigma), np.asarray(self._drift), drift, level, air.layer)
        contact = float(profile.per_flux(REFERENCE_M))
        self._lost += self._velocity * _between(self._contact, contact, self._x, x_m)
        self._lost += self._loss_1_s * seconds
        self._x, self._sigma = x_m, float(sigma)
        self._age, self._drift = self._age + seconds, self._drift + drift
        self._ground_mean, self._mean, self._contact = after, profile.mean_height_m, contact
        self._speed, self._wind = profile.speed_m_s, profile.wind_m_s
        return after, s, n, self._age, self._sigma, self._lost, gusty

    def _mean_height(self, ground_mean_m: float) -> float:
        """Of the whole, between the release and the ground source: their squares add."""
        return math.hypot(self._height, ground_mean_m)


def _between(first: float, last: float, start_m: float, end_m: float) -> float:
    """Integral of a power law through both ends; a straight line where there is none."""
    if first <= 0.0 or last <= 0.0 or start_m <= 0.0:
        return 0.5 * (first + last) * (end_m - start_m)
    power = math.log(last / first) / math.log(end_m / start_m)
    if abs(power + 1.0) < 1e-6:
        return first * start_m * math.log(end_m / start_m)
    return (last * end_m - first * start_m) / (power + 1.0)


def _reflected(z: FloatArray, height_m: float, spread: float, s: float, n: float, lid_m: float) -> FloatArray:
    profile = huang_profile(z, height_m, spread, s, n)
    if not math.isfinite(lid_m):
        return profile
    for order in range(1, 4):
        away = 2.0 * order * lid_m
        profile = profile + huang_profile(away - z, height_m, spread, s, n)
        profile = profile + huang_profile(away + z, height_m, spread, s, n)
    return np.asarray(np.where(z <= lid_m, profile, 0.0))


def _nodes(
    height_m: float, spread: float, s: float, roughness_m: float, lid_m: float
) -> tuple[FloatArray, FloatArray]:
    """Nodes in height and weights: the profile is nearly a Gaussian in ``z^(s/2)``."""
    middle, width = height_m ** (0.5 * s), _REACH * math.sqrt(spread)
    top = middle + width
    if math.isfinite(lid_m):
        top = min(top, lid_m ** (0.5 * s))
    low = middle - width
    kink = min((2.0 * roughness_m) ** (0.5 * s), 0.5 * top)
    if low > kink:
        edge = low + _PANELS * (top - low)
    else:
        count = 2 + max(0, int(math.log(max(0.2 * top / kink, 1.0))))
        near = np.geomspace(kink, max(kink, 0.2 * top), count)
        edge = np.unique(np.concatenate([[0.0], near, near[-1] + _PANELS * (top - near[-1])]))
    node, weight = _rule()
    half = 0.5 * np.diff(edge)
    w = (edge[:-1, None] + half[:, None] * (1.0 + node)).ravel()
    share = (half[:, None] * weight).ravel()
    if edge[0] == 0.0:  # z is a broken power of w: smooth in the cube root of w, so is its first panel
        t = 0.5 * (1.0 + node)
        w[:_NODES] = edge[1] * t**3
        share[:_NODES] = 1.5 * weight * edge[1] * t**2
    z = w ** (2.0 / s)
    return z, share * (2.0 / s) * z / w


@cache
def _rule() -> tuple[FloatArray, FloatArray]:
    return np.polynomial.legendre.leggauss(_NODES)


def _check_positive(field: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        msg = f"{field} {value}; expected more than 0"
        raise BadRequestError(msg, message_zh=f"{field} 为 {value}；应大于 0", field=field, value=value)
