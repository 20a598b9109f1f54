"""The air of a case: from what the file says to turbulence, profile, wind field and ambient air."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from models.air.case.load import bad_value
from models.air.case.rows_csv import numbers_of_csv
from models.air.case.schema_air import AirTable, RunTable, StationRow
from models.air.turbulence import (
    KARMAN,
    similarity_sigma_v,
    sun_elevation_deg,
    surface_layer,
    wind_profile,
)
from models.air.turbulence import mixing_height_m as similarity_lid_m
from models.air.wind import SteadyWind, field_from_samples
from models.contract import Site, SurfaceLayer, WindField
from models.term import Ambient
from twin.core.geometry import Place
from twin.core.origin import Origin
from twin.core.wind import WindSample, direction_from_uv, uv_from_direction

AVERAGING_S = 600.0  # of passive cases, and of the scatter that similarity gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Air of a case: turbulence and one mean wind (FROM ``wind_from_deg``, true north) with its height."""

    layer: SurfaceLayer
    wind_speed_m_s: float
    wind_height_m: float
    wind_from_deg: float
    notes: tuple[str, ...] = ()


def start_ms(run: RunTable) -> int:
    """Start of a case, milliseconds since 1970."""
    return round(datetime.fromisoformat(run.start).timestamp() * 1000.0)


def air_of(table: AirTable, run: RunTable, site: Site, source: str) -> Air:
    """Air of a steady case. Raises CaseError when neither speed nor friction velocity is given."""
    z, z0 = table.wind_height_m - site.displacement_m, site.roughness_m
    inverse = _inverse_l(table, site)
    if inverse is None:
        return _from_sun(table, run, site, source)
    shape = float(wind_profile(z, z0, inverse)) / KARMAN
    speed, friction = table.wind_speed_m_s, table.friction_velocity_m_s
    if speed is None and friction is None:
        raise bad_value(
            source,
            "air.wind_speed_m_s",
            None,
            "wind_speed_m_s, friction_velocity_m_s or [[station]]",
            "给出 wind_speed_m_s、friction_velocity_m_s 或 [[station]]",
        )
    notes: list[str] = []
    if speed is None and friction is not None:
        speed = friction * shape
    assert speed is not None
    made = speed / shape
    if friction is not None and abs(friction - made) > 0.05 * made:
        # Two numbers for one wind: the speed carries the gas, so the profile is hung on it.
        notes.append(
            f"friction velocity {friction:g} m/s stated, {made:.3g} m/s from speed and profile taken"
        )
    friction = made
    lid = table.mixing_height_m or similarity_lid_m(friction, inverse)
    sigma_v = _sigma_v(table, run, speed)
    layer = SurfaceLayer(
        friction_velocity_m_s=friction,
        inverse_obukhov_1_m=inverse,
        sigma_v_m_s=sigma_v or similarity_sigma_v(friction, inverse, lid) * _averaged(run, AVERAGING_S),
        mixing_height_m=lid,
    )
    return Air(
        layer=layer,
        wind_speed_m_s=speed,
        wind_height_m=table.wind_height_m,
        wind_from_deg=table.wind_from_deg % 360.0,
        notes=(*notes, *(() if sigma_v else ("sigma_v from similarity",))),
    )


def _from_sun(table: AirTable, run: RunTable, site: Site, source: str) -> Air:
    speed = table.wind_speed_m_s
    if speed is None:
        raise bad_value(
            source,
            "air.wind_speed_m_s",
            None,
            "a speed, because no stability is given",
            "未给出稳定度时需要风速",
        )
    sun = sun_elevation_deg(start_ms(run), site.longitude_deg, site.latitude_deg)
    layer = surface_layer(
        speed,
        table.wind_height_m - site.displacement_m,
        roughness_m=site.roughness_m,
        sun_deg=sun,
        air_temperature_k=table.temperature_k,
        cloud=table.cloud_fraction,
    )
    scatter = max(layer.sigma_v_m_s * _averaged(run, AVERAGING_S), _sigma_v(table, run, speed) or 0.0)
    layer = replace(layer, sigma_v_m_s=scatter)
    return Air(
        layer=layer,
        wind_speed_m_s=speed,
        wind_height_m=table.wind_height_m,
        wind_from_deg=table.wind_from_deg % 360.0,
        notes=(f"stability from the sun at {sun:.0f} degrees and cloud {table.cloud_fraction:g}",),
    )


def _inverse_l(table: AirTable, site: Site) -> float | None:
    if table.inverse_obukhov_1_m is not None:
        return table.inverse_obukhov_1_m
    if table.obukhov_length_m is not None:
        return 1.0 / table.obukhov_length_m
    if table.pasquill_class is not None:
        from models.air.dense.similarity import inverse_obukhov_of_class

        return inverse_obukhov_of_class(table.pasquill_class, site.roughness_m)
    return None


def _sigma_v(table: AirTable, run: RunTable, speed_m_s: float) -> float | None:
    """Lateral scatter over the averaging time of the case; with time to the power 0.2 (Hino 1968)."""
    sigma = table.sigma_v_m_s
    if table.sigma_theta_deg is not None:
        sigma = math.radians(table.sigma_theta_deg) * speed_m_s
    if sigma is None or table.sigma_averaging_s is None:
        return sigma
    return sigma * _averaged(run, table.sigma_averaging_s)


def _averaged(run: RunTable, of_s: float) -> float:
    """What the scatter over ``of_s`` is multiplied by for the averaging time of the case (Hino 1968)."""
    return float(((run.averaging_s or AVERAGING_S) / of_s) ** 0.2)


def steady_wind(air: Air, site: Site, origin: Origin = Origin.MODELLED) -> SteadyWind:
    """Wind field of a steady case over flat ground."""
    u, v = uv_from_direction(air.wind_speed_m_s, air.wind_from_deg, site.convergence_deg)
    return SteadyWind(
        u_m_s=u,
        v_m_s=v,
        height_m=air.wind_height_m,
        roughness_m=site.roughness_m,
        layer=air.layer,
        origin=origin,
        inputs=(f"wind {air.wind_speed_m_s:g} m/s from {air.wind_from_deg:g} deg",),
        notes=air.notes,
    )


def samples_of(
    stations: Sequence[StationRow], run: RunTable, site: Site, folder: Path, source: str
) -> tuple[WindSample, ...]:
    """Samples of all stations of a case. Raises CaseError when a CSV file cannot be used."""
    zero = start_ms(run)
    rows: list[WindSample] = []
    for row in stations:
        columns = _station_columns(row, folder, source)
        ground = float(site.ground_m(row.x_m, row.y_m))
        place = Place(x_m=row.x_m, y_m=row.y_m, z_m=ground + row.height_m)
        kelvin = columns.get("air_temperature_k")
        for k, time in enumerate(columns["time_s"]):
            rows.append(
                WindSample(
                    sensor_id=row.id,
                    place=place,
                    height_m=row.height_m,
                    time_ms=zero + round(1000.0 * time),
                    wind_speed_m_s=float(columns["wind_speed_m_s"][k]),
                    wind_from_deg=float(columns["wind_from_deg"][k]),
                    air_temperature_k=None if kelvin is None else float(kelvin[k]),
                    origin=Origin.MODELLED,
                )
            )
    return tuple(rows)


def _station_columns(row: StationRow, folder: Path, source: str) -> dict[str, Sequence[float]]:
    if row.csv is not None:
        needed = ("time_s", "wind_speed_m_s", "wind_from_deg")
        return dict(
            numbers_of_csv(folder / row.csv, needed, ("air_temperature_k",), f"station {row.id}.csv", source)
        )
    columns: dict[str, Sequence[float]] = {
        "time_s": row.time_s,
        "wind_speed_m_s": row.wind_speed_m_s,
        "wind_from_deg": row.wind_from_deg,
    }
    if row.air_temperature_k:
        columns["air_temperature_k"] = row.air_temperature_k
    return columns


def station_wind(
    stations: Sequence[StationRow], table: AirTable, run: RunTable, site: Site, folder: Path, source: str
) -> WindField:
    """Wind field from the stations of a case; cloud from ``[air]``."""
    return field_from_samples(
        samples_of(stations, run, site, folder, source), site, cloud=table.cloud_fraction
    )


def mean_air(wind: WindField, site: Site, times_ms: Sequence[int], x_m: float, y_m: float) -> Air:
    """Air at a place, 10 m high, averaged over the given times of a wind field."""
    vectors = [wind.at(np.array([x_m]), np.array([y_m]), time, np.array([10.0])) for time in times_ms]
    u, v = (float(np.mean([part[k] for part in vectors])) for k in (0, 1))
    return Air(
        layer=wind.air(times_ms[-1]),
        wind_speed_m_s=math.hypot(u, v),
        wind_height_m=10.0,
        wind_from_deg=direction_from_uv(u, v, site.convergence_deg),
        notes=wind.notes,
    )


def ambient_of(air: Air, table: AirTable, site: Site) -> Ambient:
    """Air as dense-gas models want it; directions in grid axes."""
    return Ambient(
        wind_speed_m_s=air.wind_speed_m_s,
        wind_height_m=air.wind_height_m,
        towards_deg=(air.wind_from_deg + 180.0 - site.convergence_deg) % 360.0,
        roughness_m=site.roughness_m,
        friction_velocity_m_s=air.layer.friction_velocity_m_s,
        inverse_obukhov_1_m=air.layer.inverse_obukhov_1_m,
        temperature_k=table.temperature_k,
        relative_humidity_fraction=table.relative_humidity_fraction,
        pressure_pa=table.pressure_pa,
        ground_temperature_k=table.ground_temperature_k,
        mixing_height_m=air.layer.mixing_height_m,
    )
