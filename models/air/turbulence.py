"""The surface layer: how hard the air mixes, from the wind of a mast and the height of the sun.

Monin-Obukhov similarity. The flux-profile functions are those of Dyer (1974, Boundary-Layer
Meteorol. 7, 363-372); the stable wind profile is that of van Ulden and Holtslag (1985, J. Climate
Appl. Meteorol. 24, 1196-1207, eq. 28), which stays sane far above L. The fluxes come from Holtslag
and van Ulden (1983, J. Climate Appl. Meteorol. 22, 517-529) by day and from the temperature scale
of van Ulden and Holtslag (1985) with the drag solution of Venkatram (1980, Boundary-Layer Meteorol.
18, 481-485) by night. Five-parameter sets see neither cloud nor radiation: the cloud cover is an
assumption of the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import SurfaceLayer
from twin.core.clock import to_datetime
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

KARMAN = 0.4
GRAVITY_M_S2 = 9.81
_RHO_CP_J_M3_K = 1.2 * 1005.0
_MIN_FRICTION_M_S = 0.05  # buildings and pipe racks stir the air even in a dead calm
_MIN_SIGMA_V_M_S = 0.3  # meander of light winds: Hanna (1990), Atmos. Environ. 24A, 1307-1318
_MAX_INVERSE_L_1_M = 0.2
_SMALL_VARIANCE = 17.0 / 9.5 * 1.5  # of u*^2: integral of the spectrum of Kaimal et al. (1972)
_SMALL_TIME = 0.6 * 17.0 / 4.0 / _SMALL_VARIANCE  # of z / sigma: ratio of the time scales, Eulerian time
_MEANDER_S = 1000.0
_LAPSE_K_M = 9.81 / 1005.0
_LEAST_M_S = 1e-6
_NEUTRAL_SIGMA_V = 1.9  # of u*
_LOWEST_LID_M = 300.0
_USUAL_LID_M = 1000.0
_CORIOLIS_1_S = 6.4e-5  # at 26 degrees north
_SIGMA_U2 = 2.39**2  # of u*^2, along the wind (Panofsky and Dutton 1984, section 7.1)
_SIGMA_W2 = 1.25**2


def wind_profile(
    height_m: npt.ArrayLike, roughness_m: float, inverse_obukhov_1_m: npt.ArrayLike
) -> FloatArray:
    """Shape of the wind profile, ``ln(z/z0) - psi(z/L) + psi(z0/L)``: times u*/0.4 it is a speed.

    Heights under two roughness lengths count as two, where the profile has lost its meaning.
    """
    z = np.maximum(np.asarray(height_m, dtype=np.float64), 2.0 * roughness_m)
    inverse = np.asarray(inverse_obukhov_1_m, dtype=np.float64)
    psi = _psi_m(z * inverse)
    psi_0 = _psi_m(roughness_m * inverse)
    return np.asarray(np.maximum(np.log(z / roughness_m) - psi + psi_0, 0.1), dtype=np.float64)


def diffusivity(height_m: FloatArray, layer: SurfaceLayer) -> FloatArray:
    """Vertical eddy diffusivity of matter, m2/s: ``0.4 u* z / phi_h(z/L)`` (Dyer 1974, eqs. 3 and 4)."""
    zeta = height_m * layer.inverse_obukhov_1_m
    phi = (1.0 + 5.0 * np.maximum(zeta, 0.0)) / np.sqrt(1.0 - 16.0 * np.minimum(zeta, 0.0))
    return np.asarray(KARMAN * layer.friction_velocity_m_s * height_m / phi, dtype=np.float64)


def shear_power(
    height_m: npt.ArrayLike, roughness_m: float, inverse_obukhov_1_m: npt.ArrayLike
) -> FloatArray:
    """Power of height as which the wind rises locally, ``d ln u / d ln z``."""
    z = np.maximum(np.asarray(height_m, dtype=np.float64), 2.0 * roughness_m)
    zeta = z * np.asarray(inverse_obukhov_1_m, dtype=np.float64)
    stable, unstable = np.maximum(zeta, 0.0), np.minimum(zeta, 0.0)
    phi = (1.0 + 17.0 * 0.29 * stable * np.exp(-0.29 * stable)) * (1.0 - 16.0 * unstable) ** -0.25
    return np.asarray(phi / wind_profile(z, roughness_m, inverse_obukhov_1_m), dtype=np.float64)


def diffusivity_power(height_m: npt.ArrayLike, inverse_obukhov_1_m: npt.ArrayLike) -> FloatArray:
    """Power of height as which the diffusivity rises locally, ``d ln K / d ln z``."""
    zeta = np.asarray(height_m, dtype=np.float64) * np.asarray(inverse_obukhov_1_m, dtype=np.float64)
    stable, unstable = np.maximum(zeta, 0.0), np.minimum(zeta, 0.0)
    return np.asarray(1.0 / (1.0 + 5.0 * stable) - 8.0 * unstable / (1.0 - 16.0 * unstable))


def aerodynamic_resistance(height_m: float, roughness_m: float, layer: SurfaceLayer) -> FloatArray:
    """Resistance of the air between a height and the surface, s/m: integral of 1 / K (Dyer 1974)."""
    z = max(height_m, 2.0 * roughness_m)
    inverse = np.asarray(layer.inverse_obukhov_1_m, dtype=np.float64)
    below = np.minimum(inverse, 0.0)
    y, y_0 = np.sqrt(1.0 - 16.0 * z * below), np.sqrt(1.0 - 16.0 * roughness_m * below)
    shape = math.log(z / roughness_m) + 5.0 * (z - roughness_m) * np.maximum(inverse, 0.0)
    shape = shape - 2.0 * np.log((1.0 + y) / (1.0 + y_0))
    return np.asarray(shape / (KARMAN * layer.friction_velocity_m_s), dtype=np.float64)


def sigma_w(height_m: FloatArray, layer: SurfaceLayer) -> FloatArray:
    """Standard deviation of the vertical wind, m/s (Panofsky et al. 1977, with 1.25 u* when stable)."""
    unstable = np.minimum(height_m * layer.inverse_obukhov_1_m, 0.0)
    return np.asarray(1.25 * layer.friction_velocity_m_s * np.cbrt(1.0 - 3.0 * unstable), dtype=np.float64)


def streamwise_lag_m_s(height_m: FloatArray, layer: SurfaceLayer) -> FloatArray:
    """How much slower than the wind gas drifts that turbulence has brought to a height, m/s.

    Gas that rises from the ground is slow and gas that comes down is fast, so that the turbulent flux along
    the wind, ``u'c' = K_uw dc/dz``, is against it (measured: Raupach and Legg 1983, J. Fluid Mech. 136,
    111-137; Wilson and Shum 1992, Agric. Forest Meteorol. 57, 281-295). Integrated over height it is that of
    a wind lower by ``d K_uw / dz``. Its diffusivity is the limit of Thomson's (1987, J. Fluid Mech. 180,
    529-556) model, in which diffusivities go as the square of the stress tensor:
    ``K_uw / K = u*^2 (sigma_u^2 + sigma_w^2) / (sigma_w^4 + u*^4)``, 2.1 when neutral.
    """
    zeta = np.minimum(height_m * np.asarray(layer.inverse_obukhov_1_m), 0.0)
    w2 = _SIGMA_W2 * np.cbrt(1.0 - 3.0 * zeta) ** 2
    ratio = (_SIGMA_U2 + w2) / (w2 * w2 + 1.0)
    rise = -2.0 * zeta / (1.0 - 3.0 * zeta) * w2  # d w2 / d ln z
    ratio_rise = rise / (w2 * w2 + 1.0) * (1.0 - 2.0 * w2 * ratio)
    per_height = diffusivity(height_m, layer) / height_m
    power = diffusivity_power(height_m, layer.inverse_obukhov_1_m)
    return np.asarray(per_height * (ratio * power + ratio_rise), dtype=np.float64)


def sun_elevation_deg(time_ms: int, longitude_deg: float, latitude_deg: float) -> float:
    """Height of the sun over the horizon, degrees, to about half a degree (Spencer 1971, Search 2, 172)."""
    when = to_datetime(time_ms)
    hour = when.hour + when.minute / 60.0 + when.second / 3600.0
    angle = 2.0 * math.pi * (when.timetuple().tm_yday - 1 + (hour - 12.0) / 24.0) / 365.0
    declination = (
        0.006918
        - 0.399912 * math.cos(angle)
        + 0.070257 * math.sin(angle)
        - 0.006758 * math.cos(2 * angle)
        + 0.000907 * math.sin(2 * angle)
    )
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * math.cos(angle)
        - 0.032077 * math.sin(angle)
        - 0.014615 * math.cos(2 * angle)
        - 0.040849 * math.sin(2 * angle)
    )
    hour_angle = math.radians(15.0 * (hour - 12.0 + equation_min / 60.0) + longitude_deg)
    latitude = math.radians(latitude_deg)
    sine = math.sin(latitude) * math.sin(declination)
    sine += math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def surface_layer(
    wind_speed_m_s: float,
    height_m: float,
    *,
    roughness_m: float,
    sun_deg: float,
    air_temperature_k: float = 288.0,
    cloud: float = 0.5,
    measured_sigma_v_m_s: float = 0.0,
) -> SurfaceLayer:
    """Turbulence from one mean wind at ``height_m`` and the elevation of the sun.

    ``cloud`` is the covered part of the sky, 0 to 1. ``measured_sigma_v_m_s`` is the scatter seen by
    the mast; the larger of it and of similarity is kept, so that the meander of light winds, which
    no stability class knows, comes from data.
    """
    speed = max(wind_speed_m_s, 0.2)
    flux = _heat_flux(sun_deg, air_temperature_k, cloud)
    if flux > 0.0:
        friction, inverse = _by_day(speed, height_m, roughness_m, flux, air_temperature_k)
    else:
        friction, inverse = _by_night(speed, height_m, roughness_m, air_temperature_k, cloud)
    friction = max(friction, _MIN_FRICTION_M_S)
    inverse = max(-_MAX_INVERSE_L_1_M, min(_MAX_INVERSE_L_1_M, inverse))
    lid = mixing_height_m(friction, inverse)
    sigma_v = max(similarity_sigma_v(friction, inverse, lid), measured_sigma_v_m_s, _MIN_SIGMA_V_M_S)
    return SurfaceLayer(
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse,
        sigma_v_m_s=sigma_v,
        mixing_height_m=lid,
    )


def layer_of_gradient(
    wind_speed_m_s: float,
    height_m: float,
    *,
    roughness_m: float,
    low_m: float,
    low_k: float,
    high_m: float,
    high_k: float,
    measured_sigma_v_m_s: float = 0.0,
) -> SurfaceLayer:
    """Turbulence from one mean wind and the air temperatures at two heights above ground.

    The bulk Richardson number of the layer between ``low_m`` and ``high_m`` fixes 1/L through the profiles of
    Dyer (1974), neither sun nor cloud being needed; the dry adiabatic lapse rate is taken off the difference.
    In air so stable that no L fits, the most stable one (1/L 0.2) holds. Raises ValueError for heights that
    do not rise or temperatures that are not positive.
    """
    if not (0.0 < low_m < high_m and min(low_k, high_k) > 0.0):
        msg = f"heights {low_m} and {high_m}, temperatures {low_k} and {high_k}; expected rising and positive"
        raise ValueError(msg)
    speed = max(wind_speed_m_s, 0.2)
    step_k = high_k - low_k + _LAPSE_K_M * (high_m - low_m)
    low, high = -_MAX_INVERSE_L_1_M, _MAX_INVERSE_L_1_M
    for _ in range(50):  # the excess of 1/L over what the profiles give rises through zero once
        inverse = 0.5 * (low + high)
        friction = KARMAN * speed / float(wind_profile(height_m, roughness_m, inverse))
        heat = KARMAN * step_k / _heat_profile(low_m, high_m, inverse)
        found = KARMAN * GRAVITY_M_S2 * heat / (0.5 * (low_k + high_k) * friction**2)
        low, high = (inverse, high) if found > inverse else (low, inverse)
    friction = max(KARMAN * speed / float(wind_profile(height_m, roughness_m, inverse)), _MIN_FRICTION_M_S)
    lid = mixing_height_m(friction, inverse)
    sigma_v = max(similarity_sigma_v(friction, inverse, lid), measured_sigma_v_m_s, _MIN_SIGMA_V_M_S)
    return SurfaceLayer(
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse,
        sigma_v_m_s=sigma_v,
        mixing_height_m=lid,
    )


def _heat_profile(low_m: float, high_m: float, inverse_obukhov_1_m: float) -> float:
    """Difference of temperature over theta* / 0.4 between two heights (Dyer 1974)."""
    if inverse_obukhov_1_m >= 0.0:
        return math.log(high_m / low_m) + 5.0 * (high_m - low_m) * inverse_obukhov_1_m
    y, y_0 = (math.sqrt(1.0 - 16.0 * z * inverse_obukhov_1_m) for z in (high_m, low_m))
    return math.log(high_m / low_m) - 2.0 * math.log((1.0 + y) / (1.0 + y_0))


def similarity_sigma_v(friction_m_s: float, inverse_obukhov_1_m: float, lid_m: float) -> float:
    """Lateral scatter: u*(12 - 0.5 zi/L)^(1/3) unstable (Panofsky et al. 1977, eq. 5), else 1.9 u*.

    That formula was fitted to convective air and gives 2.3 u* at neutral; what is measured there is 1.9 u*
    (Panofsky and Dutton 1984, table 7.1), which is also the careful side. So its 12 comes in with convection.
    """
    neutral = _NEUTRAL_SIGMA_V**3
    if inverse_obukhov_1_m >= 0.0 or not math.isfinite(lid_m):
        return _NEUTRAL_SIGMA_V * friction_m_s
    still = neutral + (12.0 - neutral) * float(convective_share(inverse_obukhov_1_m, lid_m))
    return float(friction_m_s * (still - 0.5 * lid_m * inverse_obukhov_1_m) ** (1.0 / 3.0))


def mixing_height_m(friction_m_s: float, inverse_obukhov_1_m: float) -> float:
    """Lid above ground, from the stable to the convective side without a step.

    Neutral 0.3 u*/f (f of 26 deg N); stable ``h = 0.3 u*/f / (1 + 1.9 h/L)`` (Nieuwstadt 1981, Boundary-Layer
    Meteorol. 20, 3-17); convection brings it to a usual 1000 m, the inversion of a day. It is not less than
    300 m: the top of shallow stable air is no wall that would hold a plume together.
    """
    neutral = 0.3 * friction_m_s / _CORIOLIS_1_S
    stretch = 1.9 * max(inverse_obukhov_1_m, 0.0)
    # The positive root of stretch h^2 + h - neutral, written so that it stays exact where stretch is 0.
    top = 2.0 * neutral / (1.0 + math.sqrt(1.0 + 4.0 * stretch * neutral))
    top = max(top, _LOWEST_LID_M)
    return top + (_USUAL_LID_M - top) * float(convective_share(inverse_obukhov_1_m, top))


def check_under_lid(height_m: float, lid_m: float) -> None:
    """Raise SolverError for a release above the lid, which reflects from below only."""
    if height_m <= lid_m:
        return
    raise SolverError(
        f"release at {height_m:g} m lies above the lid, mixing_height_m {lid_m:g}; "
        "expected a lower release or a higher mixing_height_m",
        message_zh=f"释放高度 {height_m:g} m 高于混合层顶 mixing_height_m {lid_m:g} m；"
        "应降低释放高度或提高 mixing_height_m",
        field="mixing_height_m",
        value=lid_m,
    )


def convective_share(inverse_obukhov_1_m: npt.ArrayLike, lid_m: npt.ArrayLike) -> FloatArray:
    """How far convection rules the boundary layer: 0 when neutral or stable, 1 from -lid/L of about 5 on."""
    depths = np.asarray(lid_m, dtype=np.float64) * np.minimum(inverse_obukhov_1_m, 0.0)
    return np.asarray(-np.expm1(depths), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateralScales:
    """Two parts of the lateral wind: eddies of the plume's size, and what is larger (convection, meander).

    Standard deviations in m/s, Lagrangian integral times in s.
    """

    small_m_s: FloatArray
    small_s: FloatArray
    large_m_s: FloatArray
    large_s: FloatArray


def lateral_scales(height_m: FloatArray, layer: SurfaceLayer) -> LateralScales:
    """How the measured lateral scatter divides, at the height at which a plume feels the turbulence.

    The small part has the spectrum of neutral surface layers, ``n S / u*^2 = 17 f / (1 + 9.5 f)^(5/3)``,
    f = n z / u (Kaimal et al. 1972, Q. J. R. Meteorol. Soc. 98, 563-589): its variance is 2.68 u*^2 and its
    Eulerian integral time 17 / 4 / 2.68 z / u = 1.58 z / u. In the Lagrangian frame that is longer by
    ``0.6 u / sigma`` (Hanna 1981, J. Appl. Meteorol. 20, 242-249; others 0.44 to 0.6). In stable air z gives
    way to z / (1 + 5 z/L) (Olesen et al. 1984, Boundary-Layer Meteorol. 29, 285-312); where convection stirs,
    the small part grows as the vertical variance does (Panofsky et al. 1977), because eddies of the
    size of their height are nearly isotropic.

    What the mast sees beyond that belongs to eddies of the whole boundary layer, with 0.15 times lid
    over sigma (Hanna 1982), or, where there is no lid, to the meander of stable air, which lasts longer
    than a plume needs to leave a park (Anfossi et al. 2005, Boundary-Layer Meteorol. 114, 179-203).
    """
    # The layer's fields may be arrays, one value for every node (``models.contract.SurfaceLayer``).
    zeta = height_m * np.asarray(layer.inverse_obukhov_1_m)
    stirred = np.cbrt(1.0 - 3.0 * np.minimum(zeta, 0.0)) ** 2
    sigma2 = np.asarray(layer.sigma_v_m_s, dtype=np.float64) ** 2
    neutral2 = _SMALL_VARIANCE * np.asarray(layer.friction_velocity_m_s) ** 2
    small2 = np.minimum(sigma2, neutral2 * stirred)
    large = np.sqrt(np.maximum(sigma2 - small2, 0.0))
    small = np.sqrt(small2)
    length = height_m / (1.0 + 5.0 * np.maximum(zeta, 0.0))
    lid = np.asarray(layer.mixing_height_m, dtype=np.float64)
    convective = (np.asarray(layer.inverse_obukhov_1_m) < 0.0) & np.isfinite(lid) & (large > 0.0)
    depth = np.where(convective, lid, 0.0)
    share = convective_share(layer.inverse_obukhov_1_m, depth)
    # Rates of forgetting add, so that the time goes over into that of meander where convection dies.
    forgetting = share * large / np.where(convective, 0.15 * depth, 1.0) + (1.0 - share) / _MEANDER_S
    return LateralScales(
        small_m_s=small,
        small_s=np.asarray(_SMALL_TIME * length / np.maximum(small, _LEAST_M_S), dtype=np.float64),
        large_m_s=large,
        large_s=np.asarray(1.0 / forgetting, dtype=np.float64),
    )


def stability_name(layer: SurfaceLayer) -> str:
    """``stable``, ``neutral`` or ``unstable`` (|L| over 200 m is neutral)."""
    if layer.inverse_obukhov_1_m > 1.0 / 200.0:
        return "stable"
    return "unstable" if layer.inverse_obukhov_1_m < -1.0 / 200.0 else "neutral"


def _psi_m(zeta: FloatArray) -> FloatArray:
    psi = np.zeros(np.shape(zeta))
    if np.any(zeta < 0.0):
        x = np.sqrt(np.sqrt(1.0 - 16.0 * np.minimum(zeta, 0.0)))
        psi += 2.0 * np.log((1.0 + x) / 2.0) + np.log((1.0 + x * x) / 2.0) - 2.0 * np.arctan(x) + np.pi / 2.0
    if np.any(zeta > 0.0):
        psi -= 17.0 * (1.0 - np.exp(-0.29 * np.maximum(zeta, 0.0)))
    return np.asarray(psi, dtype=np.float64)


def _heat_flux(sun_deg: float, temperature_k: float, cloud: float) -> float:
    """Sensible heat flux by day, W/m2; not positive at night (Holtslag and van Ulden 1983, eqs. 2-16)."""
    sine = math.sin(math.radians(sun_deg))
    shortwave = max(0.0, 990.0 * sine - 30.0) * (1.0 - 0.75 * cloud**3.4)
    if shortwave <= 0.0:
        return 0.0
    albedo, bowen = 0.2, 1.0
    net = (1.0 - albedo) * shortwave + 5.31e-13 * temperature_k**6 - 5.67e-8 * temperature_k**4 + 60.0 * cloud
    return float(0.9 * (net / 1.12) / (1.0 + 1.0 / bowen))


def _by_day(
    speed: float, height_m: float, z0: float, flux: float, temperature_k: float
) -> tuple[float, float]:
    inverse, friction = 0.0, 0.0
    for _ in range(8):  # the fixed point contracts fast; eight rounds leave less than a per cent
        friction = KARMAN * speed / float(wind_profile(height_m, z0, inverse))
        inverse = -KARMAN * GRAVITY_M_S2 * flux / (_RHO_CP_J_M3_K * temperature_k * friction**3)
        inverse = max(inverse, -_MAX_INVERSE_L_1_M)
    return friction, inverse


def _by_night(
    speed: float, height_m: float, z0: float, temperature_k: float, cloud: float
) -> tuple[float, float]:
    theta = 0.09 * (1.0 - 0.5 * cloud**2)
    drag = KARMAN / float(wind_profile(height_m, z0, 0.0))
    buoyant = math.sqrt(5.0 * height_m * GRAVITY_M_S2 * theta / temperature_k)
    critical = 2.0 * buoyant / math.sqrt(drag)
    shrink = min(1.0, speed / critical)  # below the critical wind, u* and theta* fall with the wind
    wind = max(speed, critical)
    root = math.sqrt(max(0.0, 1.0 - (critical / wind) ** 2))
    friction = 0.5 * drag * wind * (1.0 + root) * shrink
    theta *= shrink
    return friction, KARMAN * GRAVITY_M_S2 * theta / (temperature_k * friction**2)
