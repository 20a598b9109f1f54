"""A small valley with an aquifer, a river, wells and two places that may leak."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, box

from gis.terrain import Terrain
from tests.support.small_park import NAME, small_park
from twin.core.aquifer import Borehole, Stratum, Well
from twin.core.device import CrcMode, Device, Edition, Factor
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.groundwater import (
    Groundwater,
    GroundwaterMeasure,
    GroundwaterModel,
    GroundwaterSource,
    GroundwaterTarget,
    MeasureKind,
    SourceKind,
    TargetKind,
    WaterSubstance,
)
from twin.core.origin import Origin
from twin.core.park import Area, Park, Water
from twin.core.text import Text

EXTENT = Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=800.0, y_max_m=500.0)
OUTLINE = ((20.0, 20.0), (780.0, 20.0), (780.0, 480.0), (20.0, 480.0))
RIVER_Y_M = 60.0
LEVEL_M = 100.0  # of the local origin above the vertical datum
_WELLS = {
    "G1": (400.0, 420.0), "G2": (420.0, 270.0), "G3": (395.0, 190.0), "G4": (200.0, 300.0),
    "G5": (620.0, 250.0), "G6": (300.0, 150.0),
}  # fmt: skip
_HOLES = ((50.0, 50.0), (750.0, 60.0), (60.0, 450.0), (740.0, 450.0), (400.0, 250.0))
WELL_FACTORS = tuple(
    Factor(code=code, quantity=quantity, unit=unit, low=low, high=high)
    for code, quantity, unit, low, high in (
        ("w99001", "water_level", "m", 0.0, 1000.0),
        ("w01001", "ph", "pH", 0.0, 14.0),
        ("w01014", "conductivity", "uS/cm", 0.0, 1e5),
        ("w21017", "water:f", "mg/L", 0.0, 1e4),
    )
)


def ground_m(x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    """Ground of the valley: it falls to the river and with the river to the west."""
    return np.asarray(20.0 + 0.004 * x_m + 0.02 * np.abs(y_m - RIVER_Y_M))


def valley_terrain(step_m: float = 10.0) -> Terrain:
    """Terrain of the valley."""
    x = np.arange(0.0, 800.0 + step_m / 2, step_m)
    y = np.arange(0.0, 500.0 + step_m / 2, step_m)
    return Terrain(heights_m=ground_m(*np.meshgrid(x, y)), x0_m=0.0, y0_m=0.0, step_m=step_m)


def _place(x_m: float, y_m: float) -> Place:
    return Place(x_m=x_m, y_m=y_m, z_m=float(ground_m(np.array(x_m), np.array(y_m))))


def _stratum(name: str, *, aquifer: bool, conductivity_m_s: float, porosity: float) -> Stratum:
    return Stratum(
        id=name, name=Text(zh=name, en=name), colour="#888888", aquifer=aquifer,
        conductivity_m_s=conductivity_m_s, porosity=porosity,
    )  # fmt: skip


def _device(number: int, well: str) -> Device:
    return Device(
        mn=f"52000000000000000000{number:04d}", sensor_id=well, station_id="S1", st="24",
        origin=Origin.SIMULATED, edition=Edition.HJ2017, crc_mode=CrcMode.HJ212, interval_s=300.0,
        factors=WELL_FACTORS,
    )  # fmt: skip


def _source(name: str, x_m: float, y_m: float) -> GroundwaterSource:
    return GroundwaterSource(
        id=name, name=Text(zh=name, en=name), kind=SourceKind.TANK, x_m=x_m, y_m=y_m, substance_id="f",
        rate_kg_s=1.0 / 86_400.0,
    )  # fmt: skip


def valley_book(cell_m: float = 25.0) -> Groundwater:
    """Groundwater of the valley."""
    return Groundwater(
        model=GroundwaterModel(outline=OUTLINE, cell_m=cell_m, strata=("gravel", "weathered")),
        substances=(
            WaterSubstance(
                id="f", name=Text(zh="氟化物", en="Fluoride"), limit_kg_m3=1e-3, source="GB/T 14848 III",
                background_kg_m3=3e-4,
            ),
        ),
        targets=(
            GroundwaterTarget(
                id="river", name=Text(zh="河段", en="Reach"), kind=TargetKind.RIVER,
                line=((300.0, RIVER_Y_M), (400.0, RIVER_Y_M), (500.0, RIVER_Y_M)), radius_m=30.0,
            ),
        ),
        sources=(_source("S1", 400.0, 340.0), _source("S2", 640.0, 330.0)),
        measures=(
            GroundwaterMeasure(
                id="pump", name=Text(zh="抽水", en="Pump"), kind=MeasureKind.PUMP, line=((400.0, 240.0),),
                top_m=3.0, bottom_m=9.0, rate_m3_s=5e-4,
            ),
            GroundwaterMeasure(
                id="dig", name=Text(zh="清除", en="Remove"), kind=MeasureKind.SOURCE_REMOVAL,
                source_id="S1", removal_share=0.9,
            ),
        ),
        held_out=("G6",),
    )  # fmt: skip


def valley_park(*, book: Groundwater | None = None) -> Park:
    """The park; six wells in the gravel with a device each."""
    base = small_park(0)
    strata = (
        _stratum("clay", aquifer=False, conductivity_m_s=2e-7, porosity=0.4),
        _stratum("gravel", aquifer=True, conductivity_m_s=3e-4, porosity=0.25),
        _stratum("weathered", aquifer=True, conductivity_m_s=1e-5, porosity=0.12),
    )
    holes = tuple(
        Borehole(
            id=f"B{k}", collar=_place(x, y), depth_m=20.0, thickness_m=(2.0 + 0.2 * k, 6.0 - 0.3 * k, 8.0)
        )
        for k, (x, y) in enumerate(
            ((50.0, 50.0), (750.0, 60.0), (60.0, 450.0), (740.0, 450.0), (400.0, 250.0))
        )
    )
    wells = tuple(
        Well(
            id=name, name=Text(zh=name, en=name), collar=_place(x, y), depth_m=9.0, screen_top_m=3.0,
            screen_bottom_m=8.0, stratum_id="gravel",
        )
        for name, (x, y) in _WELLS.items()
    )  # fmt: skip
    line = LineString([(790.0, RIVER_Y_M), (10.0, RIVER_Y_M)])
    values = {name: getattr(base, name) for name in base.__dataclass_fields__}
    return Park(
        **values
        | {
            "id": "valley",
            "origin": FrameOrigin(easting_m=500_000.0, northing_m=2_900_000.0, height_m=LEVEL_M),
            "extent": EXTENT,
            "areas": (Area(id="A", name=NAME, outline=box(300, 100, 700, 400), stated_ha=12.0),),
            "waters": (Water(id="river", name=NAME, line=line, width_m=12.0),),
            "wells": wells,
            "strata": strata,
            "boreholes": holes,
            "devices": tuple(_device(k, name) for k, name in enumerate(_WELLS)),
            "groundwater": book or valley_book(),
        }
    )
