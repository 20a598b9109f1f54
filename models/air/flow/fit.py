"""From station winds to the weights of the library's modes, at every node in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.air.flow.field import FlowWind
from models.air.flow.inflow import REFERENCE_M
from models.air.flow.library import FlowLibrary
from models.air.flow.places import corners
from models.air.flow.posterior import Seen, share_of, solve
from models.air.flow.stratified import SLOPE_LIMIT, STABILITY_LIMIT
from models.air.turbulence import wind_profile
from models.air.wind import StationWind, field_from_samples
from models.contract import Site
from models.limits import Limit, outside
from twin.core.geometry import FloatArray
from twin.core.text import Text
from twin.core.wind import WindSample

LIMITS = (
    SLOPE_LIMIT,
    STABILITY_LIMIT,
    Limit(
        quantity="wind_speed_m_s",
        units="m/s",
        low=0.5,
        why=Text(zh="静风时风场由热力模态和先验决定", en="in a calm the thermal modes and the prior decide"),
    ),
    Limit(
        quantity="station_count",
        units="1",
        low=3.0,
        why=Text(
            zh="少于三个气象站时模态权重主要由先验决定",
            en="with fewer than three stations the prior decides some of the weights",
        ),
    ),
)
_INFLOW_M_S = 6.0
_STILL_M_S = 2.0  # the same in very stable air, which a strong wind would have stirred
_NOISE_M_S = 0.3
_STRANGE = 0.15  # part of its speed by which a mast differs from the cell of 20 m it stands in
_STRONG_1_M = 0.02  # 1/L at which thermal winds are fully expected
_NIGHT_M_S, _DAY_M_S = 0.8, -0.5


def fit_flow(
    samples: Sequence[WindSample],
    library: FlowLibrary,
    site: Site,
    *,
    node_s: float = 60.0,
    average_s: float = 300.0,
    stale_s: float = 900.0,
    cloud: float = 0.5,
    noise_m_s: float = _NOISE_M_S,
    strange: float = _STRANGE,
) -> FlowWind:
    """Wind over the terrain from the samples of weather sets.

    Time nodes, averages, silent stations and calms are those of ``models.air.wind.field_from_samples``.
    ``noise_m_s`` and ``strange`` (part of the speed) are the standard deviation of a station's mean
    against the library's cell. Raises SolverError when no sample is usable.
    """
    stations = field_from_samples(
        samples, site, node_s=node_s, average_s=average_s, stale_s=stale_s, cloud=cloud
    )
    return fit_stations(stations, library, noise_m_s=noise_m_s, strange=strange)


def fit_stations(
    stations: StationWind,
    library: FlowLibrary,
    *,
    noise_m_s: float = _NOISE_M_S,
    strange: float = _STRANGE,
) -> FlowWind:
    """The same from station winds that are already averaged."""
    seen = _seen(stations, library, noise_m_s, strange)
    inverse = np.array([row.inverse_obukhov_1_m for row in stations.layers])
    posterior = solve(seen, *_prior(inverse, seen.modes.shape[1] - library.sectors))
    weights = seen.weights(posterior.mean[:, :2], posterior.mean[:, 2:])
    miss = (seen.wind_m_s - seen.predicted(weights)) * seen.trust[:, :, None]
    return FlowWind(
        library=library,
        stations=stations,
        weights=weights,
        mean_m_s=posterior.mean,
        covariance=posterior.covariance,
        misfit_m_s=np.sqrt((miss**2).sum(axis=(1, 2)) / seen.trust.sum(axis=1)),
        spread=seen.left(weights, seen.wind_m_s),
        notes=(*stations.notes, *_outside(stations, library)),
        posterior=posterior,
    )


def _seen(stations: StationWind, library: FlowLibrary, noise_m_s: float, strange: float) -> Seen:
    places, heights = stations.places_m, stations.heights_m
    found = corners(library, places[:, 0], places[:, 1], heights)
    rows = library.ratio.reshape(-1, found.level * len(library.settings.heights_m), 2)
    modes = np.stack([found.read(row) for row in rows]).astype(np.float64)
    inverse = np.array([row.inverse_obukhov_1_m for row in stations.layers])
    wind = np.stack([stations.u_m_s, stations.v_m_s], axis=-1).transpose(1, 0, 2)
    scale = _profiles(heights - stations.displacement_m, stations.roughness_m, inverse)
    noise = np.hypot(noise_m_s, strange * np.hypot(wind[..., 0], wind[..., 1]))
    return Seen(
        wind_m_s=wind / scale[:, :, None],
        noise_m_s=noise / scale,
        trust=stations.trust.T.copy(),
        modes=modes.reshape(*library.ratio.shape[:2], places.shape[0], 2),
        share=share_of(inverse, np.array([row.inverse_obukhov_1_m for row in library.settings.stabilities])),
        sectors=library.sectors,
        places_m=places,
        ground_m=found.ground_m.astype(np.float64),
    )


def _profiles(heights_m: FloatArray, roughness_m: float, inverse_1_m: FloatArray) -> FloatArray:
    """Speed at the stations' heights over that at 10 m, (nt, ns), above level ground."""
    shape = wind_profile(np.append(heights_m, REFERENCE_M), roughness_m, inverse_1_m[:, None])
    return np.asarray(shape[:, :-1] / shape[:, -1:])


def _prior(inverse_1_m: FloatArray, others: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation (nt, 2 + others): any inflow; thermal winds down by night and up by day."""
    strength = np.clip(inverse_1_m / _STRONG_1_M, -1.0, 1.0)
    mean = np.zeros((inverse_1_m.size, 2 + others))
    deviation = np.empty_like(mean)
    calmer = np.maximum(strength, 0.0)[:, None]
    deviation[:, :2] = _INFLOW_M_S + (_STILL_M_S - _INFLOW_M_S) * calmer
    mean[:, 2:] = np.where(strength > 0.0, _NIGHT_M_S * strength, -_DAY_M_S * strength)[:, None]
    deviation[:, 2:] = (0.2 + np.abs(strength))[:, None]
    return mean, deviation


def _outside(stations: StationWind, library: FlowLibrary) -> tuple[str, ...]:
    trust = stations.trust[:, -1]
    u, v = ((part[:, -1] * trust).sum() / trust.sum() for part in (stations.u_m_s, stations.v_m_s))
    values = {
        "terrain_slope": library.steepest,
        "inverse_obukhov_1_m": stations.layers[-1].inverse_obukhov_1_m,
        "wind_speed_m_s": float(np.hypot(u, v)),
        "station_count": float((trust > 0.0).sum()),
    }
    return tuple(row.note for row in outside(LIMITS, values))
