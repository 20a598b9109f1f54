"""Small parks and real data for the tests of the gis room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from shapely.geometry import Polygon

from twin.core.aquifer import Borehole, Stratum
from twin.core.beam import Beam
from twin.core.geometry import Extent, FrameOrigin, Place
from twin.core.park import Area, Building, Park, ProcessUnit, Tank
from twin.core.station import Station, Tower, WeatherSet
from twin.core.text import Text

NAME = Text(zh="测试", en="test")


@pytest.fixture(scope="session")
def geo_data() -> Path:
    """Folder of the shared geodata, or skip."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "geo"
    if not folder.is_dir():
        pytest.skip(f"no shared geodata at {folder}")
    return folder


def station(platform_height_m: float = 20.0, base_m: float = 0.0) -> Station:
    """A station S1 at the origin."""
    base = Place(x_m=0.0, y_m=0.0, z_m=base_m)
    weather = WeatherSet(id="S1-W", place=Place(x_m=0.0, y_m=0.0, z_m=base_m + 10.0), height_m=10.0)
    tower = Tower(base=base, platform_height_m=platform_height_m)
    return Station(id="S1", name=NAME, area_id="A", tower=tower, weather=weather, dwell_s=10.0)


def beam(end: tuple[float, float, float], *, receiver_z_m: float = 21.0, name: str = "S1-B01") -> Beam:
    """A beam from the tower of S1, its receiver 1 m above the platform."""
    return Beam(
        id=name, station_id="S1", name=NAME, receiver=Place(x_m=0.0, y_m=0.0, z_m=receiver_z_m),
        emitter=Place(x_m=end[0], y_m=end[1], z_m=end[2]), azimuth_deg=90.0, elevation_deg=0.0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def make_park() -> Callable[..., Park]:
    """Factory of parks; everything not given is empty."""

    def make(
        *,
        beams: Sequence[Beam] = (),
        buildings: Sequence[Building] = (),
        tanks: Sequence[Tank] = (),
        units: Sequence[ProcessUnit] = (),
        areas: Sequence[Polygon] = (),
        strata: Sequence[Stratum] = (),
        boreholes: Sequence[Borehole] = (),
        platform_height_m: float = 20.0,
        vegetation_allowance_m: float = 0.0,
    ) -> Park:
        land = [Area(id=f"A{k}", name=NAME, outline=ring, stated_ha=1.0) for k, ring in enumerate(areas)]
        return Park(
            id="test", name=NAME, notice=NAME, epsg=4548,
            origin=FrameOrigin(easting_m=500_000.0, northing_m=2_899_000.0, height_m=0.0),
            extent=Extent(x_min_m=-1000.0, y_min_m=-1000.0, x_max_m=1000.0, y_max_m=1000.0),
            convergence_deg=0.0, vertical_datum="test", utc_offset_h=8.0, terrain_is_demonstration=True,
            placement_is_approximate=True, vegetation_allowance_m=vegetation_allowance_m,
            areas=tuple(land), plots=(), buildings=tuple(buildings), tanks=tuple(tanks), units=tuple(units),
            roads=(), waters=(), settlements=(), stations=(station(platform_height_m),),
            beams=tuple(beams), wells=(), strata=tuple(strata), boreholes=tuple(boreholes),
            substances=(), thresholds=(), devices=(),
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def make_beam() -> Callable[..., Beam]:
    """Factory of beams of station S1."""
    return beam
