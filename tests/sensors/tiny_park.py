"""A small simulated park: four stations, twenty beams, three gases, twenty wells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from shapely.geometry import box

from twin.core.aquifer import Well
from twin.core.beam import Beam
from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.origin import Origin
from twin.core.park import Area, Park, ProcessUnit
from twin.core.station import Station, Tower, WeatherSet
from twin.core.substance import Substance, Threshold
from twin.core.text import Text

_GASES = (("hf", "a21018", 50.0), ("nh3", "a21001", 200.0), ("so2", "a21026", 200.0))
_WEATHER = (
    ("a01007", "wind_speed", "m/s", 0.0, 60.0),
    ("a01008", "wind_from", "deg", 0.0, 360.0),
    ("a01001", "air_temperature", "degC", -40.0, 80.0),
    ("a01002", "relative_humidity", "%", 0.0, 100.0),
    ("a01006", "air_pressure", "hPa", 300.0, 1100.0),
)
_WELL = (
    ("x01001", "water_level", "m", 0.0, 500.0),
    ("w01010", "water_temperature", "degC", -5.0, 60.0),
    ("w01001", "ph", "pH", 0.0, 14.0),
    ("w01014", "conductivity", "uS/cm", 0.0, 50_000.0),
    ("w21017", "water:f", "mg/L", 0.0, 100.0),
)


class FlatGround:
    """Terrain that rises gently to the north."""

    def height(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.asarray(20.0 + 0.02 * np.asarray(y, dtype=float) + 0.0 * np.asarray(x, dtype=float))


def make_device(mn: str, sensor: str, station: str, rows: tuple[Factor, ...], **changes: object) -> Device:
    fields: dict[str, object] = {
        "mn": mn,
        "sensor_id": sensor,
        "station_id": station,
        "st": "31",
        "origin": Origin.SIMULATED,
        "edition": Edition.HJ2017,
        "crc_mode": CrcMode.HJ212,
        "interval_s": 60.0,
        "factors": rows,
    }
    return Device(**(fields | changes))  # type: ignore[arg-type]


def factors(rows: tuple[tuple[str, str, str, float, float], ...]) -> tuple[Factor, ...]:
    return tuple(Factor(code=c, quantity=q, unit=u, low=lo, high=hi) for c, q, u, lo, hi in rows)


GAS_FACTORS = factors(tuple((code, f"conc:{gas}", "mg/m3", 0.0, high) for gas, code, high in _GASES))
WEATHER_FACTORS = factors(_WEATHER)
WELL_FACTORS = factors(_WELL)


def make_station(k: int, x: float, y: float) -> Station:
    place = Place(x_m=x, y_m=y, z_m=30.0)
    return Station(
        id=f"S{k}",
        name=Text(zh=f"站{k}", en=f"Station {k}"),
        area_id="A",
        tower=Tower(base=place, platform_height_m=15.0),
        weather=WeatherSet(id=f"S{k}-W", place=Place(x_m=x, y_m=y, z_m=50.0), height_m=10.0),
        dwell_s=10.0,
    )


def make_beam(station: Station, k: int, n: int) -> Beam:
    start = station.tower.base
    angle = 2 * np.pi * k / n
    end_x, end_y = start.x_m + 350 * np.sin(angle), start.y_m + 350 * np.cos(angle)
    return Beam(
        id=f"{station.id}-B{k + 1:02d}",
        station_id=station.id,
        name=Text(zh=f"光路{k}", en=f"Beam {k}"),
        receiver=Place(x_m=start.x_m, y_m=start.y_m, z_m=20.0 + 0.02 * start.y_m + 15.0),
        emitter=Place(x_m=float(end_x), y_m=float(end_y), z_m=20.0 + 0.02 * float(end_y) + 8.0),
        azimuth_deg=float(np.degrees(angle)),
        elevation_deg=0.0,
    )


def make_park(beams_per_station: tuple[int, ...] = (3, 6, 6, 5), wells: int = 20) -> Park:
    places = ((-800.0, -300.0), (-300.0, 200.0), (300.0, -200.0), (700.0, 300.0))
    stations = tuple(make_station(k + 1, *places[k]) for k in range(len(beams_per_station)))
    beams = tuple(
        make_beam(row, k, n) for row, n in zip(stations, beams_per_station, strict=True) for k in range(n)
    )
    holes = tuple(
        Well(
            id=f"W{k + 1:02d}",
            name=Text(zh=f"井{k}", en=f"Well {k}"),
            collar=Place(x_m=-900.0 + 90.0 * k, y_m=-500.0 + 40.0 * k, z_m=10.0 + 0.8 * k + 10.0),
            depth_m=15.0,
            screen_top_m=8.0,
            screen_bottom_m=12.0,
            stratum_id="sand",
        )
        for k in range(wells)
    )
    gas_ids = tuple(gas for gas, _, _ in _GASES)
    units = tuple(
        ProcessUnit(
            id=f"U{k}",
            name=Text(zh=f"装置{k}", en=f"Unit {k}"),
            place=Place(x_m=-700.0 + 150.0 * k, y_m=-100.0 + 60.0 * (k % 3), z_m=35.0),
            height_m=10.0,
            kind="reactor",
            substance_ids=(gas_ids[k % 3],),
            plot_id="P",
        )
        for k in range(9)
    )
    devices = [make_device(f"BEAM{b.id}", b.id, b.station_id, GAS_FACTORS) for b in beams]
    devices += [make_device(f"WX{s.id}", s.weather.id, s.id, WEATHER_FACTORS, st="22") for s in stations]
    devices += [
        make_device(f"WELL{w.id}", w.id, stations[0].id, WELL_FACTORS, st="24", interval_s=600.0)
        for w in holes
    ]
    return Park(
        id="tiny",
        name=Text(zh="小园区", en="Tiny park"),
        notice=Text(zh="测试", en="Test"),
        epsg=4548,
        origin=FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=200.0),
        extent=Extent(x_min_m=-1500.0, y_min_m=-1500.0, x_max_m=1500.0, y_max_m=1500.0),
        convergence_deg=0.0,
        vertical_datum="local",
        utc_offset_h=8.0,
        terrain_is_demonstration=True,
        placement_is_approximate=True,
        vegetation_allowance_m=5.0,
        areas=(Area(id="A", name=Text(zh="区", en="Area"), outline=box(0, 0, 1, 1), stated_ha=1.0),),
        plots=(),
        buildings=(),
        tanks=(),
        units=units,
        roads=(),
        waters=(),
        settlements=(),
        stations=stations,
        beams=beams,
        wells=holes,
        strata=(),
        boreholes=(),
        substances=tuple(
            Substance(id=g, name=Text(zh=g, en=g), formula=g.upper(), cas="-", molar_mass_kg_mol=0.02)
            for g in gas_ids
        ),
        thresholds=(
            Threshold(
                substance_id="hf",
                level=1,
                name=Text(zh="一级", en="Level 1"),
                conc_kg_m3=0.82e-6,
                source="AEGL-1",
            ),
        ),
        devices=tuple(devices),
    )
