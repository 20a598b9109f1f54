"""The wind of a plume case: one wind, stations, or either bent by the terrain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.air.case.ground import Ground
from models.air.case.load import LoadedCase
from models.air.case.met import Air, air_of, mean_air, samples_of, start_ms, station_wind, steady_wind
from models.air.case.missing import entry
from models.air.case.schema import PlumeCase
from models.contract import SurfaceLayer, WindField
from twin.core.geometry import FloatArray, Place
from twin.core.origin import Origin
from twin.core.wind import WindSample

_AVERAGING_S = 600.0
_SOLO = "stated wind"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAir:
    """A wind field whose turbulence is that of the case file, not one derived from the wind."""

    field: Any
    layer: SurfaceLayer
    notes: tuple[str, ...]

    @property
    def origin(self) -> Origin:
        """Origin of the observations behind the field."""
        return Origin(self.field.origin)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is behind the field."""
        return tuple(self.field.inputs)

    def at(
        self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Grid vector; see ``models.contract.WindField``."""
        u, v = self.field.at(x_m, y_m, time_ms, height_m)
        return u, v

    def air(self, time_ms: int) -> SurfaceLayer:
        """The stated turbulence, at any time."""
        return self.layer


def plume_wind(
    case: PlumeCase, ground: Ground, loaded: LoadedCase, centre: tuple[float, float]
) -> tuple[WindField, Air]:
    """Wind field of a case and the mean air at ``centre`` (the first release)."""
    site = ground.site
    bent = case.run.terrain_wind and not ground.flat
    if not case.station:
        # What a short release meets is one gust of many: how long its course is averaged changes no spread.
        short = any(row.end_s is not None or row.mass_kg is not None for row in case.release)
        run = case.run.model_copy(update={"averaging_s": None}) if short else case.run
        air = air_of(case.air, run, site, loaded.source)
        if not bent:
            return steady_wind(air, site), air
        field = _library_wind((_solo(case, ground, air, centre),), ground, case)
        notes = (*air.notes, "stated wind taken as that at the first release", *field.notes)
        return StatedAir(field=field, layer=air.layer, notes=notes), air
    wind: WindField
    if bent:
        rows = samples_of(case.station, case.run, site, loaded.folder, loaded.source)
        wind = _library_wind(rows, ground, case)
    else:
        wind = station_wind(case.station, case.air, case.run, site, loaded.folder, loaded.source)
    zero = start_ms(case.run)
    length = case.run.duration_s or case.run.averaging_s or _AVERAGING_S
    times = [zero + round(1000.0 * part * length) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return wind, mean_air(wind, site, times, *centre)


def _solo(case: PlumeCase, ground: Ground, air: Air, centre: tuple[float, float]) -> WindSample:
    x, y = centre
    return WindSample(
        sensor_id=_SOLO,
        place=Place(x_m=x, y_m=y, z_m=float(ground.site.ground_m(x, y)) + air.wind_height_m),
        height_m=air.wind_height_m,
        time_ms=start_ms(case.run),
        wind_speed_m_s=air.wind_speed_m_s,
        wind_from_deg=air.wind_from_deg,
        air_temperature_k=case.air.temperature_k,
        origin=Origin.MODELLED,
    )


def _library_wind(samples: tuple[WindSample, ...], ground: Ground, case: PlumeCase) -> Any:
    library = entry("models.air.flow.library", "build_library", "the wind library")(ground.site)
    fit = entry("models.air.flow.fit", "fit_flow", "the wind library")
    return fit(samples, library, ground.site, cloud=case.air.cloud_fraction)
