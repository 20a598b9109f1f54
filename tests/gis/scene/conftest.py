"""A scene of a few files that every test may break in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString, Point, box

from gis.crs import ParkCrs
from gis.raster import write_cog
from gis.scene.write import write_csv, write_drawn, write_instruments, write_toml
from gis.terrain import Terrain
from twin.core.geometry import FrameOrigin

EAST_M, NORTH_M = 500000.0, 2898992.478
NAME = {"zh": "名", "en": "name"}


def row(id_: str, **more: object) -> dict[str, Any]:
    """Columns that every drawn feature has, and more."""
    return {"id": id_, "name_zh": f"{id_}名", "name_en": f"{id_} name", **more}


def _park() -> dict[str, Any]:
    return {
        "scene_format": 1,
        "id": "tiny",
        "vertical_datum": "test",
        "utc_offset_h": 8.0,
        "vegetation_allowance_m": 5.0,
        "terrain_is_demonstration": True,
        "placement_is_approximate": True,
        "name": NAME,
        "notice": NAME,
        "crs": {
            "epsg": 4548,
            "centre_lon_deg": 117.0,
            "centre_lat_deg": 26.2,
            "origin_height_m": 0.0,
            "drawn_easting_m": EAST_M,
            "drawn_northing_m": NORTH_M,
        },
        "extent": {"x_min_m": -500.0, "y_min_m": -400.0, "x_max_m": 500.0, "y_max_m": 400.0},
        "terrain": {"file": "terrain.tif", "step_m": 10.0},
        "bookmarks": [
            {"id": "all", "name": NAME, "target": [100.0, 0.0, 5.0], "position": [0.0, -300.0, 200.0]}
        ],
    }


def _layers() -> dict[str, list[tuple[dict[str, Any], Any]]]:
    return {
        "areas": [(row("A1", stated_ha=4.0, active=True), box(-100, -100, 100, 100))],
        "plots": [(row("P1", area_id="A1", pad_m=110.0), box(-80, -80, 80, 80))],
        "buildings": [(row("H1", height_m=9.0, kind="workshop", plot_id="P1"), box(-40, -40, -10, -20))],
        "tanks": [
            (row("T1", radius_m=4.0, height_m=8.0, substance_id="hf", plot_id="P1"), Point(30.0, 30.0))
        ],
        "units": [
            (row("U1", kind="scrubber", height_m=20.0, substance_ids="hf, nh3", plot_id="P1"), Point(0, 0))
        ],
        "roads": [(row("R1", width_m=7.0, kind="county"), LineString([(-400, -150), (400, -150)]))],
        "waters": [(row("W1", width_m=20.0), LineString([(-490, -250), (490, -250)]))],
        "settlements": [(row("S1", people=120), Point(-200.0, 200.0))],
    }


@dataclass(kw_only=True)
class SceneParts:
    """Everything of a small valid scene; a test changes parts of it before writing."""

    park: dict[str, Any] = field(default_factory=_park)
    layers: dict[str, list[tuple[dict[str, Any], Any]]] = field(default_factory=_layers)
    epsg: int = 4548
    stations: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": "ST1",
                "name": NAME,
                "area_id": "A1",
                "x_m": 60.0,
                "y_m": -60.0,
                "platform_height_m": 20.0,
                "dwell_s": 5.0,
                "parts": ["platform"],
                "weather": {"id": "ST1-MET", "height_m": 10.0},
            }
        ]
    )
    beams: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": "ST1-B01",
                "station_id": "ST1",
                "name": NAME,
                "x_m": -240.0,
                "y_m": -60.0,
                "height_m": 9.0,
            },
            {"id": "ST1-B02", "station_id": "ST1", "name": NAME, "x_m": 60.0, "y_m": 240.0, "height_m": 9.0},
        ]
    )
    wells: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": "GW1a",
                "name": NAME,
                "group_id": "GW1",
                "x_m": 10.0,
                "y_m": 90.0,
                "depth_m": 12.0,
                "screen_top_m": 5.0,
                "screen_bottom_m": 11.0,
                "stratum_id": "gravel",
            }
        ]
    )
    strata: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": name,
                "name": NAME,
                "colour": "#a0b0c0",
                "aquifer": name == "gravel",
                "conductivity_m_s": 1e-5,
                "porosity": 0.3,
            }
            for name in ("clay", "gravel")
        ]
    )
    holes: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "BH1", "x_m": 0.0, "y_m": 0.0, "depth_m": 12.0, "clay": 3.0, "gravel": 8.0},
            {"id": "BH2", "x_m": 90.0, "y_m": 50.0, "depth_m": 6.0, "clay": 2.5, "gravel": None},
        ]
    )
    chemicals: list[dict[str, Any]] = field(
        default_factory=lambda: [
            _chemical("hf", "7664-39-3", 0.020006),
            _chemical("nh3", "7664-41-7", 0.017031),
        ]
    )
    thresholds: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "substance_id": "hf",
                "level": 2,
                "name_zh": "二级",
                "name_en": "two",
                "value": 24.0,
                "unit": "ppm",
                "source": "test",
            }
        ]
    )
    factor_sets: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            "ftir": [{"code": "a21018", "quantity": "conc:hf", "unit": "mg/m3", "low": 0.0, "high": 100.0}],
            "weather": [{"code": "a01007", "quantity": "wind_speed", "unit": "m/s"}],
            "well": [{"code": "w99001", "quantity": "water_level", "unit": "m"}],
        }
    )
    devices: list[dict[str, Any]] = field(
        default_factory=lambda: [
            _device("01", "ST1-MET", "22", 5.0, "weather"),
            _device("02", "ST1-B01", "22", 10.0, "ftir"),
            _device("03", "ST1-B02", "22", 10.0, "ftir"),
            _device("04", "GW1a", "24", 300.0, "well"),
        ]
    )

    rules: dict[str, Any] = field(default_factory=dict)

    def terrain(self) -> Terrain:
        """A tilted plane, 100 m at the origin, rising 1 in 10 to the north; absolute levels."""
        extent = self.park["extent"]
        y = np.arange(extent["y_min_m"], extent["y_max_m"] + 1, 10.0)
        x = np.arange(extent["x_min_m"], extent["x_max_m"] + 1, 10.0)
        heights = np.broadcast_to((100.0 + 0.1 * y)[:, None], (y.size, x.size)).astype(np.float32)
        return Terrain(heights, extent["x_min_m"], extent["y_min_m"], 10.0)

    def write(self, folder: Path, *, terrain: bool = True) -> Path:
        """Write the files; returns the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        write_toml(folder / "park.toml", "test", self.park)
        write_drawn(folder, self.layers, epsg=self.epsg, east_m=EAST_M, north_m=NORTH_M)
        write_instruments(
            folder,
            "test",
            stations=self.stations,
            beams=self.beams,
            factor_sets=self.factor_sets,
            devices=self.devices,
        )
        write_toml(folder / "wells.toml", "test", {"wells": self.wells})
        write_toml(folder / "strata.toml", "test", {"strata": self.strata})
        write_csv(folder / "boreholes.csv", self.holes, list(self.holes[0]))
        write_csv(folder / "chemicals.csv", self.chemicals, list(self.chemicals[0]))
        write_csv(folder / "thresholds.csv", self.thresholds, list(self.thresholds[0]))
        if self.rules:
            write_toml(folder / "rules.toml", "test", self.rules)
        if terrain:
            origin = FrameOrigin(easting_m=EAST_M, northing_m=NORTH_M, height_m=0.0)
            write_cog(folder / "terrain.tif", self.terrain(), ParkCrs(4548, origin))
        return folder


def _chemical(id_: str, cas: str, mass: float) -> dict[str, Any]:
    return {
        "id": id_,
        "name_zh": id_,
        "name_en": id_,
        "formula": id_.upper(),
        "cas": cas,
        "molar_mass_kg_mol": mass,
    }


def _device(number: str, sensor: str, st: str, interval_s: float, factors: str) -> dict[str, Any]:
    return {
        "mn": number.zfill(24),
        "sensor_id": sensor,
        "station_id": "ST1",
        "st": st,
        "origin": "simulated",
        "interval_s": interval_s,
        "factors": factors,
    }


@pytest.fixture
def parts() -> SceneParts:
    """A small valid scene, not yet written."""
    return SceneParts()


@pytest.fixture
def broken(tmp_path: Path, parts: SceneParts) -> Callable[[Callable[[SceneParts], object]], list[Any]]:
    """Problems that ``check_scene`` finds after a change of the small scene."""
    from gis.scene.check import check_scene

    def check(change: Callable[[SceneParts], object]) -> list[Any]:
        change(parts)
        return check_scene(parts.write(tmp_path / "tiny", terrain=False).resolve())

    return check
