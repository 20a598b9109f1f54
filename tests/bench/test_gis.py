"""Figures of the gis room: reading, holes, mesh, sight, strata (docs/gis.md)."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.fill import fillnodata
from scipy.interpolate import RBFInterpolator

from gis.crs import ParkCrs
from gis.mesh import build_tin, quantised
from gis.raster import read_dem
from gis.scene.find import scene_folder
from gis.scene.load import load_scene
from gis.sight import sight_table
from gis.strata import build_layers, build_strata
from gis.voids import fill_holes
from tests.gis.test_strata import LAYERS, build_yardstick, rmse
from tests.gis.test_voids import hidden_blocks
from twin.core.geometry import Extent, FrameOrigin

pytestmark = pytest.mark.bench
GEO = Path(__file__).resolve().parents[3] / "shared" / "data" / "geo"
needs_geodata = pytest.mark.skipif(not GEO.is_dir(), reason=f"no shared geodata at {GEO}")


def cpu_s(work, *arguments, **options):
    started = time.process_time()
    result = work(*arguments, **options)
    return result, time.process_time() - started


def test_demonstration_park():
    scene = load_scene(scene_folder("qingliu"))
    park, terrain = scene.park, scene.terrain()
    fence = [area.outline for area in park.areas]
    tin, spent = cpu_s(build_tin, terrain, 1.0, fence, 0.5)
    wire = quantised(tin, terrain, fence)
    print(
        f"\nTIN of {terrain.nx} x {terrain.ny} nodes: {len(tin.triangles)} triangles, {spent:.1f} CPU-s; "
        f"error {tin.max_error_m:.3f} m, {tin.fence_error_m:.3f} m in the fence; "
        f"as 16-bit {wire.max_error_m:.3f} m, {wire.fence_error_m:.3f} m"
    )
    rows, spent = cpu_s(sight_table, park, terrain)
    print(f"sight: {len(rows)} beams, {sum(row.clear for row in rows)} clear, {spent:.2f} CPU-s")
    model, spent = cpu_s(build_strata, park, terrain, 20.0)
    print(f"strata at 20 m: leave-one-out {np.round(model.loo_rmse_m, 2)} m, {spent:.2f} CPU-s")
    assert wire.max_error_m <= 1.0
    assert wire.fence_error_m <= 0.5


@needs_geodata
def test_a_zipped_tile_to_12_by_12_km_at_10_m():
    lonlat = ParkCrs(32631, FrameOrigin(easting_m=0.0, northing_m=0.0, height_m=0.0)).to_local(1.55, 42.55)
    origin = FrameOrigin(easting_m=float(lonlat[0]), northing_m=float(lonlat[1]), height_m=0.0)
    extent = Extent(x_min_m=-6000.0, y_min_m=-6000.0, x_max_m=6000.0, y_max_m=6000.0)
    path = GEO / "andorra" / "N42E001.hgt.zip"
    dem, spent = cpu_s(read_dem, path, ParkCrs(32631, origin), extent, 10.0)
    print(f"\nread, fill ({dem.filled_cells} cells), reproject: {spent:.2f} CPU-s")


@needs_geodata
def test_hidden_blocks_of_andorra():
    with rasterio.open(f"/vsizip/{GEO}/andorra/N42E001.hgt.zip/N42E001.hgt") as dataset:
        heights, void = dataset.read(1).astype(np.float32), dataset.nodata
    hidden = hidden_blocks(heights != void)
    holes = hidden | (heights == void)
    blind = np.where(holes, np.nan, heights).astype(np.float32)
    plate, spent = cpu_s(fill_holes, blind, holes, float(np.cos(np.radians(42.5))))
    usual = fillnodata(np.where(holes, 0.0, heights).astype(np.float32), mask=(~holes).astype(np.uint8))
    error = [float(np.sqrt(np.mean((f[hidden] - heights[hidden]) ** 2))) for f in (plate, usual)]
    print(
        f"\n{hidden.sum()} hidden cells: {error[0]:.1f} m in {spent:.2f} CPU-s, GDAL's fill {error[1]:.1f} m"
    )


@needs_geodata
def test_yardstick_of_strata():
    found, plain = [], []
    for seed in range(1, 6):
        known = build_yardstick(GEO, seed)
        model, spent = cpu_s(build_layers, LAYERS, known.holes, known.terrain, 28.5)
        truth = np.cumsum(known.thickness, axis=0)
        found.append(rmse(model.ground_m - model.bottoms_m - truth))
        places = np.array([[row.collar.x_m, row.collar.y_m] for row in known.holes])
        grid = np.stack([a.ravel() for a in np.meshgrid(model.x_m, model.y_m)], axis=1)
        root = np.sqrt(np.array([row.thickness_m for row in known.holes]))
        layers = np.maximum(RBFInterpolator(places, root, kernel="linear")(grid).T, 0.0) ** 2
        plain.append(rmse(np.cumsum(layers.reshape(truth.shape), axis=0) - truth))
        print(
            f"\nseed {seed}: leave-one-out {np.round(model.loo_rmse_m, 2)} m, "
            f"z mean {np.round(model.loo_z_mean, 2)}, sd {np.round(model.loo_z_sd, 2)}, "
            f"least thickness {model.thickness_m.min():.3f} m, {spent:.2f} CPU-s"
        )
    to_truth, to_plain = np.mean(found, axis=0).round(2), np.mean(plain, axis=0).round(2)
    print(f"to the truth {to_truth} m; radial basis {to_plain} m")
