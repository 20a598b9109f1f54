"""Askervein hill (Taylor and Teunissen 1987): terrain, and line A at 10 m as read from published figures."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

from gis.terrain import Terrain
from twin.core.geometry import FloatArray

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "air" / "askervein"
WIND_FROM_DEG = 210.0
ROUGHNESS_M = 0.03  # Taylor and Teunissen (1987)
_LINE_TOWARDS_DEG = 43.0
_REFERENCE_M = 2900.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Askervein:
    """``along_m`` (8,) from the top, downwind positive, ``ratio`` (8,) of speeds to the reference at 10 m.

    ``top_m`` and ``reference_m`` are places (x, y) in the terrain's frame.
    """

    terrain: Terrain
    along_m: FloatArray
    ratio: FloatArray
    top_m: tuple[float, float]
    reference_m: tuple[float, float]

    def line(self, along_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Places (x, y) on line A."""
        angle = math.radians(_LINE_TOWARDS_DEG)
        return self.top_m[0] + along_m * math.sin(angle), self.top_m[1] + along_m * math.cos(angle)


def load() -> Askervein:
    """Read terrain and observations. Raises FileNotFoundError when they are not there."""
    path = FOLDER / "askervein_dem.tif"
    if not path.exists():
        raise FileNotFoundError(2, "no such file", str(path))
    with rasterio.open(path) as raster:
        heights = raster.read(1)[::-1].copy()
        terrain = Terrain(heights, raster.bounds.left, raster.bounds.bottom, raster.transform.a)
    row, column = np.unravel_index(int(heights.argmax()), heights.shape)
    top = (terrain.x0_m + float(column) * terrain.step_m, terrain.y0_m + float(row) * terrain.step_m)
    upwind = math.radians(WIND_FROM_DEG)
    with (FOLDER / "MF03D_Results_ALine.csv").open() as stream:
        rows = [(float(row["X"]), float(row["Y"])) for row in csv.DictReader(stream)]
    return Askervein(
        terrain=terrain,
        along_m=1000.0 * np.array([row[0] for row in rows]),
        ratio=np.array([row[1] for row in rows]),
        top_m=top,
        reference_m=(
            top[0] + _REFERENCE_M * math.sin(upwind),
            top[1] + _REFERENCE_M * math.cos(upwind),
        ),
    )


def top_profile() -> tuple[FloatArray, FloatArray]:
    """Heights (6,) above ground at the top and the speed over that of the reference at the same."""
    with (FOLDER / "TU03B_HTField.csv").open() as stream:
        rows = [(float(r["z"]), float(r["HT_z"]) / float(r["RS_z"])) for r in csv.DictReader(stream)]
    heights, ratio = np.array(rows).T
    return heights, ratio
