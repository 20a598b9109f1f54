"""A park of two stations, four beams, three units and four wells on a plain, and a ledger in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from models.contract import Site
from twin.core.aquifer import Well
from twin.core.beam import Beam
from twin.core.errors import NotFoundError
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.observation import Check, Mark, Quality
from twin.core.origin import Origin
from twin.core.park import Park, ProcessUnit
from twin.core.station import Station, Tower, WeatherSet
from twin.core.text import Text
from twin.store.rows import RollupRow, Step, StoredValue

NAME = Text(zh="试验园区", en="Trial park")
GROUND_M, DATUM_M = 20.0, 100.0
UNITS = {"U1": (-300.0, 0.0), "U2": (0.0, 400.0), "U3": (700.0, -500.0)}
STATIONS = {"S1": (0.0, -200.0), "S2": (400.0, 200.0)}
EXTENT = Extent(x_min_m=-2000.0, y_min_m=-2000.0, x_max_m=2000.0, y_max_m=2000.0)


def _place(x: float, y: float, above_m: float = 0.0) -> Place:
    return Place(x_m=x, y_m=y, z_m=GROUND_M + above_m)


def _station(name: str) -> Station:
    x, y = STATIONS[name]
    return Station(
        id=name,
        name=NAME,
        area_id="A",
        tower=Tower(base=_place(x, y), platform_height_m=20.0),
        weather=WeatherSet(id=f"{name}-MET", place=_place(x, y, 10.0), height_m=10.0),
        dwell_s=10.0,
    )


def _beam(name: str, station: str, x: float, y: float) -> Beam:
    return Beam(
        id=name,
        station_id=station,
        name=NAME,
        receiver=_place(*STATIONS[station], 20.0),
        emitter=_place(x, y, 8.0),
        azimuth_deg=0.0,
        elevation_deg=0.0,
    )


def air_park(convergence_deg: float = 0.0) -> Park:
    """The park; heights of wells are stated above a datum 100 m below the local zero."""
    return Park(
        id="trial",
        name=NAME,
        notice=NAME,
        epsg=4548,
        origin=FrameOrigin(easting_m=500_000.0, northing_m=2_898_992.0, height_m=DATUM_M),
        extent=EXTENT,
        convergence_deg=convergence_deg,
        vertical_datum="none",
        utc_offset_h=8.0,
        terrain_is_demonstration=True,
        placement_is_approximate=True,
        vegetation_allowance_m=0.0,
        areas=(),
        plots=(),
        buildings=(),
        tanks=(),
        units=tuple(
            ProcessUnit(
                id=name,
                name=NAME,
                place=_place(x, y, 8.0),
                height_m=8.0,
                kind="p",
                substance_ids=("hf",),
                plot_id="",
            )
            for name, (x, y) in UNITS.items()
        ),
        roads=(),
        waters=(),
        settlements=(),
        stations=tuple(_station(name) for name in STATIONS),
        beams=(
            _beam("B1", "S1", 50.0, 250.0),
            _beam("B2", "S1", -250.0, -350.0),
            _beam("B3", "S2", 420.0, -200.0),
            _beam("B4", "S2", 300.0, 500.0),
        ),
        wells=tuple(
            Well(
                id=f"W{k}",
                name=NAME,
                collar=_place(x, y),
                depth_m=12.0,
                screen_top_m=5.0,
                screen_bottom_m=10.0,
                stratum_id="s",
            )
            for k, (x, y) in enumerate([(-900.0, -900.0), (900.0, -900.0), (-900.0, 900.0), (900.0, 900.0)])
        ),
        strata=(),
        boreholes=(),
        substances=(),
        thresholds=(),
        devices=(),
    )


def air_site(convergence_deg: float = 0.0) -> Site:
    """The plain of the park."""
    return Site(
        extent=EXTENT,
        ground_heights_m=np.full((41, 41), GROUND_M, dtype=np.float32),
        x0_m=-2000.0,
        y0_m=-2000.0,
        step_m=100.0,
        convergence_deg=convergence_deg,
    )


class MemoryRows:
    """Rows of a ledger, in memory; answers what ``twin.live.state.Rows`` asks."""

    def __init__(self) -> None:
        self.values: dict[str, list[StoredValue]] = defaultdict(list)

    def add(
        self,
        key: str,
        time_ms: int,
        value: float | None,
        *,
        quality: Quality = Quality.GOOD,
        origin: Origin = Origin.SIMULATED,
        interval_ms: int = 0,
    ) -> None:
        """Store one value; times of a series must rise."""
        row = StoredValue(
            series_key=key,
            time_ms=time_ms,
            value=value,
            quality=quality,
            mark=Mark.NORMAL,
            checks=Check.NONE,
            origin=origin,
            received_ms=time_ms,
            interval_ms=interval_ms,
        )
        self.values[key].append(row)

    def newest(self, at_ms: int | None = None) -> tuple[StoredValue, ...]:
        past = (
            [row for row in rows if at_ms is None or row.time_ms <= at_ms] for rows in self.values.values()
        )
        return tuple(rows[-1] for rows in past if rows)

    def series(self, key: str, from_ms: int, to_ms: int) -> tuple[StoredValue, ...]:
        if key not in self.values:
            raise NotFoundError(key)
        return tuple(row for row in self.values[key] if from_ms <= row.time_ms < to_ms)

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        minutes: dict[int, list[float]] = defaultdict(list)
        for row in self.values[key]:
            start = row.time_ms // step.length_ms * step.length_ms
            if from_ms <= start < to_ms and row.quality is Quality.GOOD and row.value is not None:
                minutes[start].append(row.value)
        return tuple(
            RollupRow(
                series_key=key,
                step=step,
                start_ms=start,
                count=len(found),
                mean=sum(found) / len(found),
                low=min(found),
                high=max(found),
            )
            for start, found in sorted(minutes.items())
        )

    def blow(
        self,
        times_ms: range,
        *,
        speed_m_s: float = 3.0,
        from_deg: float = 270.0,
        origin: Origin = Origin.SIMULATED,
    ) -> None:
        """The same wind at both stations."""
        for name in STATIONS:
            for t in times_ms:
                self.add(f"{name}-MET/wind_speed", t, speed_m_s, origin=origin)
                self.add(f"{name}-MET/wind_from", t, from_deg, origin=origin)
                self.add(f"{name}-MET/air_temperature", t, 288.0, origin=origin)

    def read(
        self,
        times_ms: range,
        conc_kg_m3: Callable[[str, int], float],
        *,
        substance: str = "hf",
        origin: Origin = Origin.SIMULATED,
    ) -> None:
        """Readings of all beams by a function of beam and time."""
        for beam in air_park().beams:
            for t in times_ms:
                self.add(f"{beam.id}/conc:{substance}", t, conc_kg_m3(beam.id, t), origin=origin)
